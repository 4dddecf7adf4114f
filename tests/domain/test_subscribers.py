"""Who gets which event, once, and what follows an attempt."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from karla.domain.shipments.records import OrderFile
from karla.domain.subscribers import commands, rules
from karla.domain.subscribers.queries import JournalFilter
from karla.domain.subscribers.records import (
    AttemptResult,
    DeliveryStatus,
    RetryPolicy,
    WebhookMembers,
    WebhookStatus,
)
from karla.infra.access import NOWHERE
from karla.infra.settings import Settings
from karla.infra.work import Work
from karla.vocabulary.events import Direction
from tests.support.benches import Bench, bench_of
from tests.support.clocks import NOON
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla

LEASE = timedelta(seconds=30)
ANYWHERE = "http://127.0.0.1:9/hooks"


@pytest_asyncio.fixture
async def bench(karla: Karla, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    client = await karla.shop()
    async with bench_of(client.shop, settings, database_url) as made:
        yield made


class TestRetries:
    def test_schedule(self) -> None:
        waits = [rules.retry_delay(attempt, 30, 0.5) for attempt in range(1, 16)]
        minutes = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 840, 840, 840, 840]
        assert waits == [timedelta(minutes=minute) for minute in minutes]
        assert timedelta(hours=72) < sum(waits, timedelta()) < timedelta(hours=74)

    @pytest.mark.parametrize(("chance", "seconds"), [(0.0, 27), (0.25, 28.5), (0.5, 30), (0.75, 31.5)])
    def test_jitter(self, chance: float, seconds: float) -> None:
        assert rules.retry_delay(1, 30, chance) == timedelta(seconds=seconds)

    def test_no_wait_is_longer_than_the_cap_and_its_jitter(self) -> None:
        assert rules.retry_delay(10_000, 30, 0.999) < timedelta(hours=15.4)

    @pytest.mark.parametrize(
        ("status_code", "header", "expected"),
        [
            (429, "120", timedelta(minutes=2)),
            (503, "5", timedelta(seconds=5)),
            (429, "999999999", timedelta(hours=14)),
            (500, "120", timedelta()),
            (429, None, timedelta()),
            (429, "Wed, 21 Oct 2026 07:28:00 GMT", timedelta()),
            (429, "-5", timedelta()),
            (429, "٣", timedelta()),
        ],
    )
    def test_what_a_busy_receiver_asks_for(self, status_code: int, header: str | None, expected: timedelta) -> None:
        assert rules.asked_delay(status_code, header) == expected

    @pytest.mark.parametrize(
        ("attempt", "status_code", "expected"),
        [
            (1, 200, DeliveryStatus.DELIVERED),
            (1, 204, DeliveryStatus.DELIVERED),
            (16, 299, DeliveryStatus.DELIVERED),
            (1, 302, DeliveryStatus.PENDING),
            (1, 199, DeliveryStatus.PENDING),
            (1, 410, DeliveryStatus.FAILED),
            (1, 404, DeliveryStatus.PENDING),
            (15, 500, DeliveryStatus.PENDING),
            (15, None, DeliveryStatus.PENDING),
            (16, 500, DeliveryStatus.FAILED),
            (16, None, DeliveryStatus.FAILED),
        ],
    )
    def test_what_follows(self, attempt: int, status_code: int | None, expected: DeliveryStatus) -> None:
        wait = timedelta(minutes=1)
        status, due_at = rules.follow_up(attempt, status_code, RetryPolicy(15, 30), wait, NOON)
        assert status is expected
        assert due_at == (NOON + wait if status is DeliveryStatus.PENDING else NOON)


class TestFilters:
    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            (None, ("*",)),
            ((), ("*",)),
            (("claims", "claims", "*"), ("claims", "*")),
            (("shipment_delivered_to_parcelshop",), ("shipment_delivered_to_parcel_shop",)),
        ],
    )
    def test_as_stored(self, written: tuple[str, ...] | None, stored: tuple[str, ...]) -> None:
        assert rules.canonical_filters(written) == stored

    @pytest.mark.parametrize(
        ("filters", "wanted"),
        [
            (("*",), {"SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY", "DEPARTURE_FROM_TRANSPORT_HUB"}),
            (("shipments",), {"SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY", "DEPARTURE_FROM_TRANSPORT_HUB"}),
            (("claims",), set()),
            (("shipments/delivered",), {"SUCCESSFULLY_DELIVERED"}),
            (("shipments/in_delivery/OUT_FOR_DELIVERY",), {"OUT_FOR_DELIVERY"}),
            (("shipments/in_delivery/OUT_FOR_DELIVERY_TOO",), set()),
            (("shipment_out_for_delivery", "shipments/in_delivery"), {"OUT_FOR_DELIVERY"}),
            (("return_shipment_delivered",), set()),
            (
                ("shipments/in_transit", "shipment_delivered"),
                {"DEPARTURE_FROM_TRANSPORT_HUB", "SUCCESSFULLY_DELIVERED"},
            ),
        ],
    )
    async def test_matching(self, bench: Bench, filters: tuple[str, ...], wanted: set[str]) -> None:
        webhook = await bench.webhook(ANYWHERE, *filters)
        await bench.happen("SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY", "DEPARTURE_FROM_TRANSPORT_HUB")
        await fan_out(bench)
        found = [delivery.ref.rpartition("/")[2] for delivery in await bench.deliveries(webhook)]
        assert sorted(found) == sorted(wanted)

    async def test_one_filter_for_every_handover(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE, "shipment_delivered_all_events", "shipment_delivered")
        told = await bench.happen("SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "PICKED_UP_BY_CUSTOMER")
        await bench.happen("OUT_FOR_DELIVERY")
        await bench.happen("SUCCESSFULLY_DELIVERED", direction=Direction.CUSTOMER_MERCHANT)
        await fan_out(bench)
        assert Counter(str(delivery.event_id) for delivery in await bench.deliveries(webhook)) == Counter(told)
        groups = [json.loads(entry.payload)["event_group"] for entry in await bench.journal()]
        assert "shipment_delivered_to_neighbour" in groups
        assert "shipment_delivered_all_events" not in groups

    async def test_a_return_on_the_parcel_that_went_out_is_told(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE, "return_shipment_in_transit")
        told = await bench.happen("RETURN_IN_TRANSIT")
        await fan_out(bench)
        assert [str(delivery.event_id) for delivery in await bench.deliveries(webhook)] == told

    async def test_the_way_back_has_groups_of_its_own(self, bench: Bench) -> None:
        forward = await bench.webhook(ANYWHERE, "shipment_delivered")
        back = await bench.webhook(ANYWHERE, "return_shipment_delivered")
        await bench.happen("SUCCESSFULLY_DELIVERED", direction=Direction.CUSTOMER_MERCHANT)
        await fan_out(bench)
        assert len(await bench.deliveries(back)) == 1
        assert not await bench.deliveries(forward)


class TestJournal:
    async def test_the_payload_is_the_reference(self, bench: Bench) -> None:
        file = order_file(bench.shop.id, parcels=2)
        event = shipment_event(file, "DEPARTURE_FROM_TRANSPORT_HUB")
        await happen(bench.db, event)
        (entry,) = await bench.journal()
        payload = json.loads(entry.payload)
        assert ",".join(payload) == ("source,ref,version,triggered_at,event_group,event_data,context,shop_slug,shop_id")
        first, second = file.shipments
        assert payload["ref"] == "shipments/in_transit/DEPARTURE_FROM_TRANSPORT_HUB"
        assert payload["version"] == 1
        assert payload["triggered_at"] == "2026-03-16T12:00:00+00:00"
        assert (payload["shop_slug"], payload["shop_id"]) == (bench.shop.slug, str(bench.shop.id))
        assert payload["event_data"] == {
            "shipment_id": str(first.id),
            "event_id": str(event.event_id),
            "event_name": "DEPARTURE_FROM_TRANSPORT_HUB",
            "event_group": "shipment_in_transit",
            "phase": "in_transit",
            "direction": "merchant_customer",
            "carrier_reference": "dhl",
            "tracking_number": "00340434161094000001",
            "tracking_url": "https://tracking.example.com/1",
            "external_shipment_id": None,
            "event_time": "2026-03-16T12:00:00+00:00",
            "updated_at": "2026-03-16T12:00:00+00:00",
        }
        context = payload["context"]
        assert context["customer"] == {
            "external_id": "ext-customer-789",
            "email": "jane@example.com",
            "first_name": "Jane",
            "last_name": "Doe",
        }
        assert [(one["id"], one["phase"]) for one in context["shipments"]] == [
            (str(first.id), "in_transit"),
            (str(second.id), "order_created"),
        ]
        assert context["order"]["products"][0]["sku"] == "MUG-1"
        assert context["shipments"][1]["products"] == []
        assert (
            context["shipments"][1].items()
            >= {
                "order_id": str(file.order.id),
                "order_number": "10001",
                "external_shipment_id": None,
                "estimated_arrival": None,
                "pickup": None,
                "updated_at": "2026-03-16T12:00:00+00:00",
            }.items()
        )
        assert context["claims"] == []
        order = context["order"]
        assert order["external_id"] == "ext-order-456"
        assert order["order_placed_at"] == "2026-03-14T12:00:00+00:00"
        assert order["address"]["city"] == "Köln"
        assert order["address"]["address_line_2"] is None
        assert b'"total_order_price":59.90,' in entry.payload
        assert order["discount_price"] == 0
        assert order["weight"] == 0

    async def test_what_is_known_of_a_parcel_is_told(self, bench: Bench) -> None:
        event = shipment_event(order_file(bench.shop.id))
        order = msgspec.structs.replace(event.file.order, weight=Decimal(750))
        parcel = msgspec.structs.replace(
            event.shipment,
            external_shipment_id="ful-1",
            expected_from=NOON,
            expected_to=NOON + timedelta(days=1),
            pickup={"name": "Kiosk"},
            products=[{"sku": "MUG-1", "title": "Mug", "quantity": 2, "price": 27.5}],
        )
        await happen(bench.db, msgspec.structs.replace(event, file=OrderFile(order, (parcel,)), shipment=parcel))
        (entry,) = await bench.journal()
        context = json.loads(entry.payload)["context"]
        assert context["order"]["weight"] == 750
        (told,) = context["shipments"]
        assert told["external_shipment_id"] == "ful-1"
        assert told["pickup"] == {"name": "Kiosk"}
        assert told["products"] == [{"sku": "MUG-1", "title": "Mug", "quantity": 2}]
        assert told["estimated_arrival"] == {"time_prediction": "2026-03-16 – 2026-03-17", "language": "en"}

    async def test_one_transaction_keeps_its_order(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        ids = await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 20)
        entries = await bench.journal()
        assert [str(entry.id) for entry in reversed(entries)] == ids
        moments = [NOON + timedelta(microseconds=place) for place in range(20)]
        assert [entry.triggered_at for entry in reversed(entries)] == moments
        assert [json.loads(entry.payload)["triggered_at"] for entry in reversed(entries)] == [
            moment.isoformat() for moment in moments
        ]
        await fan_out(bench)
        told = {str(delivery.event_id): delivery.triggered_at for delivery in await bench.deliveries(webhook)}
        assert told == dict(zip(ids, moments, strict=True))

    async def test_an_event_without_group_is_kept_and_told_to_nobody(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen("ORDER_CONFIRMED")
        await fan_out(bench)
        (entry,) = await bench.journal()
        payload = json.loads(entry.payload)
        assert payload["event_group"] is None
        assert payload["event_data"]["event_group"] is None
        assert not await bench.deliveries(webhook)

    async def test_what_is_rolled_back_never_happened(self, bench: Bench) -> None:
        async def command(work: Work) -> None:
            work.emit(shipment_event(order_file(bench.shop.id)))
            raise LookupError

        with pytest.raises(LookupError):
            await bench.db.write(bench.scope, command)
        assert not await bench.journal()

    async def test_ref_filters_match_whole_segments(self, bench: Bench) -> None:
        await bench.happen("SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY")
        assert len(await bench.journal(JournalFilter(ref="shipments"))) == 2
        assert len(await bench.journal(JournalFilter(ref="shipments/in_delivery"))) == 1
        assert not await bench.journal(JournalFilter(ref="shipments/in_deliver"))
        assert not await bench.journal(JournalFilter(ref="shipments/in_deliver_"))


class TestFanOut:
    async def test_exactly_one_delivery_whoever_relays(self, bench: Bench) -> None:
        webhooks = [await bench.webhook(f"{ANYWHERE}/{number}") for number in range(3)]
        ids = await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 40)

        async def relay() -> int:
            taken = 0
            while done := await fan_out(bench, limit=3):
                taken += done
            return taken

        taken = await asyncio.gather(*(relay() for _ in range(5)))
        assert sum(taken) == 40
        for webhook in webhooks:
            got = Counter(str(delivery.event_id) for delivery in await bench.deliveries(webhook))
            assert got == Counter(ids)

    async def test_events_from_before_a_webhook_are_not_its_own(self, bench: Bench) -> None:
        await bench.happen()
        bench.clock.advance(timedelta(milliseconds=1))
        webhook = await bench.webhook(ANYWHERE)
        after = await bench.happen()
        await fan_out(bench)
        assert [str(delivery.event_id) for delivery in await bench.deliveries(webhook)] == after

    async def test_what_happened_while_it_was_inactive_is_gone(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.set_status(webhook, WebhookStatus.INACTIVE)
        bench.clock.advance(timedelta(minutes=1))
        await bench.happen()
        bench.clock.advance(timedelta(minutes=1))
        await bench.set_status(webhook, WebhookStatus.ACTIVE)
        after = await bench.happen()
        await fan_out(bench)
        assert [str(delivery.event_id) for delivery in await bench.deliveries(webhook)] == after

    @pytest.mark.parametrize("change", ["inactive", "deleted"])
    async def test_a_webhook_that_is_being_switched_off_gets_nothing(self, bench: Bench, change: str) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        changed, go_on = asyncio.Event(), asyncio.Event()

        async def switch_off(work: Work) -> None:
            if change == "deleted":
                await commands.delete_webhook(work, webhook.id)
            else:
                members = WebhookMembers(status=WebhookStatus.INACTIVE)
                await commands.update_webhook(work, webhook.id, members, allow_private=True)
            changed.set()
            await go_on.wait()

        switching = asyncio.create_task(bench.db.write(bench.scope, switch_off))
        await changed.wait()
        relaying = asyncio.create_task(fan_out(bench))
        await until_blocked(bench)
        go_on.set()
        await switching
        assert await relaying == 1
        assert not await bench.deliveries(webhook)


class TestFinish:
    async def test_a_cancelled_delivery_stays_cancelled_with_its_attempt_logged(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await fan_out(bench)
        (due,) = await bench.db.write(NOWHERE, lambda work: commands.claim_deliveries(work, 10, LEASE))
        await bench.set_status(webhook, WebhookStatus.INACTIVE)
        await bench.db.write(bench.scope, lambda work: commands.finish(work, [result_of(due.id, bench)]))
        (delivery,) = await bench.deliveries(webhook)
        assert delivery.status is DeliveryStatus.CANCELLED
        assert [attempt.status_code for attempt in delivery.attempts] == [200]

    async def test_two_workers_that_tried_the_same_are_both_logged(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await fan_out(bench)
        (due,) = await bench.db.write(NOWHERE, lambda work: commands.claim_deliveries(work, 10, LEASE))
        late = result_of(due.id, bench, status=DeliveryStatus.PENDING, status_code=500)
        await bench.db.write(bench.scope, lambda work: commands.finish(work, [result_of(due.id, bench)]))
        await bench.db.write(bench.scope, lambda work: commands.finish(work, [late]))
        (delivery,) = await bench.deliveries(webhook)
        assert delivery.status is DeliveryStatus.DELIVERED
        assert [(attempt.number, attempt.status_code) for attempt in delivery.attempts] == [(1, 200), (2, 500)]

    async def test_a_deleted_webhook_is_passed_over(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await fan_out(bench)
        (due,) = await bench.db.write(NOWHERE, lambda work: commands.claim_deliveries(work, 10, LEASE))
        await bench.delete(webhook)
        await bench.db.write(bench.scope, lambda work: commands.finish(work, [result_of(due.id, bench)]))
        assert not await bench.deliveries(webhook)


class TestClaims:
    async def test_a_row_has_one_holder_until_its_lease_ends(self, bench: Bench) -> None:
        await bench.webhook(ANYWHERE)
        await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 20)
        await fan_out(bench)

        async def claim() -> list[str]:
            rows = await bench.db.write(NOWHERE, lambda work: commands.claim_deliveries(work, 8, LEASE))
            return [str(row.id) for row in rows]

        first = await asyncio.gather(*(claim() for _ in range(4)))
        assert sum(len(rows) for rows in first) == 20
        assert len({row for rows in first for row in rows}) == 20
        assert await claim() == []
        bench.clock.advance(LEASE)
        assert len(await claim()) == 8

    async def test_webhooks_can_be_passed_over(self, bench: Bench) -> None:
        crowded = await bench.webhook(f"{ANYWHERE}/1")
        other = await bench.webhook(f"{ANYWHERE}/2")
        await bench.happen()
        await fan_out(bench)
        rows = await bench.db.write(NOWHERE, lambda work: commands.claim_deliveries(work, 8, LEASE, [crowded.id]))
        assert [row.webhook_id for row in rows] == [other.id]


class TestWebhooks:
    async def test_the_same_at_the_same_time_is_one(self, bench: Bench) -> None:
        made = await asyncio.gather(*(bench.webhook(ANYWHERE, "claims", "shipments") for _ in range(8)))
        assert len({webhook.id for webhook in made}) == 1
        again = await bench.webhook(ANYWHERE, "shipments", "claims")
        assert again.id == made[0].id
        other = await bench.webhook(ANYWHERE, "shipments")
        assert other.id != made[0].id

    @pytest.mark.parametrize(
        ("filters", "kept"),
        [
            (("claims",), set()),
            (("*",), {"SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "OUT_FOR_DELIVERY"}),
            (("shipments/delivered",), {"SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR"}),
            (("shipment_out_for_delivery", "claims"), {"OUT_FOR_DELIVERY"}),
            (("shipment_delivered_all_events",), {"SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR"}),
            (("shipments/in_delivery/OUT_FOR_DELIVERY_TOO",), set()),
        ],
    )
    async def test_other_events_drop_what_is_due_and_no_longer_asked_for(
        self, bench: Bench, filters: tuple[str, ...], kept: set[str]
    ) -> None:
        webhook = await bench.webhook(ANYWHERE)
        untouched = await bench.webhook(f"{ANYWHERE}/other")
        await bench.happen("SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "OUT_FOR_DELIVERY")
        await fan_out(bench)
        await change(bench, webhook.id, WebhookMembers(enabled_events=filters))
        for delivery in await bench.deliveries(webhook):
            expected = DeliveryStatus.PENDING if delivery.ref.split("/")[2] in kept else DeliveryStatus.CANCELLED
            assert delivery.status is expected, delivery.ref
            assert (delivery.finished_at is None) == (expected is DeliveryStatus.PENDING)
        assert {one.status for one in await bench.deliveries(untouched)} == {DeliveryStatus.PENDING}

    async def test_the_direction_counts_when_events_change(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        (there,) = await bench.happen("SUCCESSFULLY_DELIVERED")
        (back,) = await bench.happen("SUCCESSFULLY_DELIVERED", direction=Direction.CUSTOMER_MERCHANT)
        await fan_out(bench)
        await change(bench, webhook.id, WebhookMembers(enabled_events=["shipment_delivered_all_events"]))
        statuses = {str(delivery.event_id): delivery.status for delivery in await bench.deliveries(webhook)}
        assert statuses == {there: DeliveryStatus.PENDING, back: DeliveryStatus.CANCELLED}

    async def test_what_was_delivered_stays_so_when_events_change(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await fan_out(bench)
        (due,) = await bench.db.write(NOWHERE, lambda work: commands.claim_deliveries(work, 10, LEASE))
        await bench.db.write(bench.scope, lambda work: commands.finish(work, [result_of(due.id, bench)]))
        await change(bench, webhook.id, WebhookMembers(enabled_events=["claims"]))
        assert [one.status for one in await bench.deliveries(webhook)] == [DeliveryStatus.DELIVERED]

    async def test_one_that_moves_takes_along_what_is_due(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await fan_out(bench)
        await change(bench, webhook.id, WebhookMembers(url=f"{ANYWHERE}/new"))
        (due,) = await bench.db.write(NOWHERE, lambda work: commands.claim_deliveries(work, 10, LEASE))
        assert due.url == f"{ANYWHERE}/new"


async def change(bench: Bench, webhook_id: UUID, members: WebhookMembers) -> None:
    await bench.db.write(
        bench.scope, lambda work: commands.update_webhook(work, webhook_id, members, allow_private=True)
    )


async def fan_out(bench: Bench, limit: int = 500) -> int:
    return (await bench.db.write(NOWHERE, lambda work: commands.fan_out(work, limit))).events


async def until_blocked(bench: Bench) -> None:
    """Until a statement waits for the lock of another transaction."""
    async with asyncio.timeout(10), bench.db.read(NOWHERE) as connection:
        while not await connection.fetchval(
            "select exists (select 1 from pg_stat_activity"
            " where wait_event_type = 'Lock' and datname = current_database())"
        ):
            pass


def result_of(
    delivery_id: UUID,
    bench: Bench,
    status: DeliveryStatus = DeliveryStatus.DELIVERED,
    status_code: int = 200,
) -> AttemptResult:
    return AttemptResult(
        shop_id=bench.shop.id,
        delivery_id=delivery_id,
        started_at=NOON,
        duration_ms=5,
        status_code=status_code,
        error=None,
        response_excerpt="",
        status=status,
        due_at=NOON,
    )
