"""A shop with rows in every tenant table."""

from typing import Any
from uuid import UUID, uuid4

import msgspec

from karla.infra.access import scope_of
from karla.infra.work import Work
from karla.vocabulary.scope import Scope
from tests.support.connections import connect_dhl
from tests.support.images import PNG
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import receiving
from tests.support.samples import sample


class Filled(msgspec.Struct, frozen=True):
    """The shop, and the names of what it has."""

    client: ShopClient
    order: dict[str, Any]
    webhook: dict[str, Any]
    delivery_id: UUID
    variant: dict[str, Any]

    @property
    def shop_id(self) -> UUID:
        return self.client.shop.id

    @property
    def scope(self) -> Scope:
        return scope_of([self.shop_id])

    @property
    def order_id(self) -> UUID:
        return UUID(self.order["uuid"])

    @property
    def shipment(self) -> dict[str, Any]:
        parcel: dict[str, Any] = self.order["trackings"][0]
        return parcel

    @property
    def event_id(self) -> UUID:
        return UUID(self.shipment["events"][0]["event_id"])

    @property
    def webhook_id(self) -> UUID:
        return UUID(self.webhook["uuid"])


async def fill(karla: Karla) -> Filled:
    """The second order is made last, so that the belt hasn't emptied the outbox yet."""
    client = await karla.shop()
    products = sample("products_bulk.request")
    async with receiving() as receiver:
        webhook = (await client.post("/webhooks", {"url": receiver.url})).json()
        order = (await client.put("/orders", sample("order_upsert.request.headless"))).json()
        await karla.drain()
        delivery_id = UUID(str(receiver.journal[0].delivery_id))
    another = sample("order_upsert.request.headless")
    another["id"] = "another"
    another["order"] |= {"order_number": "another", "external_id": "another"}
    for answer in (
        await client.post("/settings", {"carriers": {"shipment_updates": True}, "triggers": {"klaviyo": True}}),
        await client.post("/products", products),
        await client.call("POST", "/images/logo", files={"image": ("logo.png", PNG, "image/png")}),
        await client.put("/orders", another),
    ):
        assert answer.is_success, answer.text
    await connect_dhl(karla, client)
    filled = Filled(client, order, webhook, delivery_id, products[0])
    await karla.services.db.write(filled.scope, lambda work: _told_and_replayed(work, filled))
    return filled


async def _told_and_replayed(work: Work, filled: Filled) -> None:
    await work.connection.execute(
        """
        insert into sightings (shop_id, received_at, id, shipment_id, origin, raw)
        values ($1, $2, $3, $4, 'carrier', 'arrived')
        """,
        filled.shop_id,
        work.now,
        uuid4(),
        UUID(filled.shipment["id"]),
    )
    await _followed(work, filled)
    await _learnt(work, filled)
    await _looked_at(work, filled)
    await work.connection.execute(
        """
        insert into replays (shop_id, id, webhook_id, criteria, deliveries, created_at)
        values ($1, $2, $3, '{"status": "failed"}', 0, $4)
        """,
        filled.shop_id,
        uuid4(),
        filled.webhook_id,
        work.now,
    )


async def _followed(work: Work, filled: Filled) -> None:
    shipment_id = UUID(filled.shipment["id"])
    for statement, values in (
        (
            "insert into test_clocks (shop_id, set_at, showed_at, factor) values ($1, $2, $2, 60)",
            (filled.shop_id, work.now),
        ),
        (
            """
            insert into carrier_hours (shop_id, provider, carrier, hour, told, asked_at, told_at, call_buckets)
            values ($1, 'dhl', 'dhl', date_trunc('hour', $2::timestamptz, 'UTC'), 1, $2, $2, '{1}')
            """,
            (filled.shop_id, work.now),
        ),
        (
            "insert into trackers (shop_id, provider, due_at, day) values ($1, 'dhl', 'infinity', $2)",
            (filled.shop_id, work.now.date()),
        ),
        (
            """
            insert into followed_parcels (shop_id, shipment_id, provider, carrier, tracking_number, due_at, urgency,
                                          changed_at)
            select shop_id, id, 'dhl', carrier_reference, tracking_number, $3, 2, $3
            from shipments where shop_id = $1 and id = $2
            """,
            (filled.shop_id, shipment_id, work.now),
        ),
        (
            """
            insert into provider_answers (shop_id, received_at, id, shipment_id, provider, content_type, body, carrier,
                                          tracking_number)
            values ($1, $2, $3, $4, 'dhl', 'application/json', '{}', 'dhl', '1')
            """,
            (filled.shop_id, work.now, uuid4(), shipment_id),
        ),
    ):
        await work.connection.execute(statement, *values)


async def _learnt(work: Work, filled: Filled) -> None:
    """What parcels have taught of carriers and lanes."""
    for statement, values in (
        (
            """
            insert into carrier_lessons (shop_id, company, form, carrier_reference, learnt_at)
            values ($1, 'nord', 'KX98', 'dhl', $2)
            """,
            (filled.shop_id, work.now),
        ),
        (
            """
            insert into transit_samples (shop_id, shipment_id, origin, destination, carrier, service, weekday, days,
                                         steps, delivered_at)
            values ($1, $2, 'DE', 'DE', 'dhl', '', 1, 2, 2, $3)
            """,
            (filled.shop_id, UUID(filled.shipment["id"]), work.now),
        ),
        (
            """
            insert into shop_transit_times (shop_id, origin, destination, carrier, service, weekday, days, samples)
            values ($1, 'DE', 'DE', 'dhl', '', 0, '{2}', '{1}')
            """,
            (filled.shop_id,),
        ),
    ):
        await work.connection.execute(statement, *values)


async def _looked_at(work: Work, filled: Filled) -> None:
    """What belongs to the shoppers' pages. The order's token has the order's own id."""
    for statement, values in (
        (
            "insert into order_tokens (shop_id, id, order_id, key_name, created_at) values ($1, $2, $2, 'filled', $3)",
            (filled.shop_id, filled.order_id, work.now),
        ),
        (
            "insert into lookup_failures (shop_id, bucket, level, updated_at) values ($1, 'filled', 1, $2)",
            (filled.shop_id, work.now),
        ),
        (
            "insert into page_domains (shop_id, domain) values ($1, $2)",
            (filled.shop_id, f"track.{filled.client.slug}.example"),
        ),
        (
            "insert into page_visits (shop_id, at, id, kind, page) values ($1, $2, $3, 'opened', 'track')",
            (filled.shop_id, work.now, uuid4()),
        ),
        (
            """
            insert into page_openings (shop_id, order_id, first_opened_at, last_opened_at, openings, engaged)
            values ($1, $2, $3, $3, 1, false)
            """,
            (filled.shop_id, filled.order_id, work.now),
        ),
    ):
        await work.connection.execute(statement, *values)
