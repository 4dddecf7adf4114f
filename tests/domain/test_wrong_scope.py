"""Every query under the wrong scope sees nothing: by its own condition, and by row-level security where that fails."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

import karla.domain
from karla.domain.branding.queries import claimed_hosts, page_domain, settings_of
from karla.domain.branding.records import ShopSettings
from karla.domain.catalog import queries as catalog
from karla.domain.catalog.records import VariantFilter
from karla.domain.connections import queries as connections
from karla.domain.connections.rules import SEALED_FOR
from karla.domain.insights.queries import page_use
from karla.domain.orders.queries import orders_by_references
from karla.domain.orders.records import Reference, ReferenceKind
from karla.domain.shipments.queries import search
from karla.domain.shipments.queries.changes import changed_orders, order_file
from karla.domain.shipments.queries.files import files_of
from karla.domain.shipments.queries.habits import habits_of
from karla.domain.shipments.queries.observed import shipments_of, telling_events
from karla.domain.shipments.records import Observation
from karla.domain.shoppers import queries as shoppers
from karla.domain.shoppers.records import Knock
from karla.domain.shoppers.rules import tokens
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.domain.subscribers.queries import deliveries, journal, replays, webhooks
from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.journal import ANY_TIME
from karla.domain.tracking.queries import answers, clocks, health, parcels, pushes, transits
from karla.domain.tracking.records import Journey, Turn
from karla.infra.access import EVERYWHERE, NOWHERE
from karla.infra.errors import NotFound
from karla.infra.paging import Paged
from karla.infra.sealing import Seals
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope
from tests.support.clocks import NOON
from tests.support.filled import Filled, fill
from tests.support.karla import Karla

Query = Callable[[Scope, Connection, Filled], Awaitable[object]]

KEYS = ShopperKeys.of(["a secret of thirty-two characters"])


async def parcels_of(scope: Scope, connection: Connection, filled: Filled) -> object:
    """The orders themselves are given to `files_of`; what it reads are their parcels."""
    references = [Reference(ReferenceKind.UUID, filled.order["uuid"])]
    orders = await orders_by_references(scope, connection, references)
    return [file.shipments for file in await files_of(scope, connection, orders) if file.shipments]


async def whole_timeline(scope: Scope, connection: Connection, filled: Filled) -> object:
    """What a correction asks for."""
    correction = Observation(
        shop_id=filled.scope.shop,
        shipment_id=UUID(filled.shipment["id"]),
        origin="carrier",
        external_id="another",
        event_name="ARRIVAL_AT_DELIVERY_DEPOT",
        event_time=NOON,
        correction=True,
    )
    return await telling_events(scope, connection, [correction], [])


def knock(filled: Filled) -> Knock:
    """With the text of the shop's token."""
    written = tokens.FORM.written(KEYS.tokens, KEYS.tokens.newest, filled.shop_id, filled.order_id.bytes)
    return Knock(token=written, address="")


def turn_of(filled: Filled) -> Turn:
    """The turn of the shop's account."""
    return Turn(shop_id=filled.shop_id, provider="dhl", day=NOON.date(), calls=0, adopted_until=None, leased_until=NOON)


async def histories_like(scope: Scope, connection: Connection, filled: Filled) -> object:
    """A list has an answer for each journey, also where nothing is known."""
    journey = Journey(
        shop_id=filled.shop_id, origin="DE", destination="DE", carrier="dhl", service="", handed_on=NOON.date()
    )
    (known,) = await transits.histories_of(scope, connection, [journey])
    return known


async def pages_used(scope: Scope, connection: Connection, filled: Filled) -> object:
    """The use of a shop that has none is told too, as noughts."""
    used = await page_use(scope, connection, NOON, NOON + timedelta(days=600))
    return used.pages or [day for day in used.days if day.orders_placed]


async def found_by_any_reference(scope: Scope, connection: Connection, text: str) -> object:
    """A list has an answer for each text, also where nothing is found."""
    (found,) = await search.orders_by_any_reference(scope, connection, [text])
    if isinstance(found, Exception):
        raise found
    return found


PAGE = {"limit": 10, "offset": 0}
LATER = datetime(2200, 1, 1, tzinfo=UTC)
SEALS = Seals(["of this test, which looks at rows alone"], SEALED_FOR)
QUERIES: dict[str, Query] = {
    "branding.queries.claimed_hosts": lambda s, c, f: claimed_hosts(s, c),
    "branding.queries.page_domain": lambda s, c, f: page_domain(s, c),
    "branding.queries.settings_of": lambda s, c, f: settings_of(s, c),
    "catalog.queries.listed_variants": lambda s, c, f: catalog.listed_variants(
        s, c, [(f.variant["product_id"], f.variant["variant_id"])]
    ),
    "catalog.queries.variant": lambda s, c, f: catalog.variant(s, c, f.variant["product_id"], f.variant["variant_id"]),
    "catalog.queries.variants": lambda s, c, f: catalog.variants(s, c, VariantFilter(), Paged()),
    "catalog.queries.variants_of": lambda s, c, f: catalog.variants_of(s, c, f.variant["product_id"]),
    "connections.queries.account_of": lambda s, c, f: connections.account_of(s, c, SEALS, "carriers", "dhl"),
    "connections.queries.connections": lambda s, c, f: connections.connections(s, c, None, Paged()),
    "connections.queries.demand_connection": lambda s, c, f: connections.demand_connection(s, c, "carriers", "dhl"),
    "insights.queries.page_use": pages_used,
    "orders.queries.orders_by_references": lambda s, c, f: orders_by_references(
        s, c, [Reference(ReferenceKind.UUID, f.order["uuid"])]
    ),
    "shipments.queries.changes.changed_orders": lambda s, c, f: changed_orders(
        s, c, {(f.shop_id, UUID(f.order["uuid"])): None}
    ),
    "shipments.queries.changes.order_file": lambda s, c, f: order_file(s, c, UUID(f.order["uuid"])),
    "shipments.queries.observed.shipments_of": lambda s, c, f: shipments_of(
        s, c, [(f.scope.shop, UUID(f.order["uuid"]))]
    ),
    "shipments.queries.files.files_of": parcels_of,
    "shipments.queries.observed.telling_events": whole_timeline,
    "shipments.queries.habits.habits_of": lambda s, c, f: habits_of(s, c, [f.shop_id]),
    "shipments.queries.search.orders_by_any_reference": lambda s, c, f: found_by_any_reference(s, c, f.order["uuid"]),
    "shipments.queries.search.order_ids_by_reference": lambda s, c, f: search.order_ids_by_reference(
        s, c, f.order["uuid"]
    ),
    "shipments.queries.search.search_orders": lambda s, c, f: search.search_orders(s, c, search.OrderFilter(), Paged()),
    "shipments.queries.search.search_shipments": lambda s, c, f: search.search_shipments(
        s, c, search.ShipmentFilter(), Paged()
    ),
    "shipments.queries.search.demand_shipment": lambda s, c, f: search.demand_shipment(s, c, f.shipment["id"]),
    "shipments.queries.search.shipment_by_any_reference": lambda s, c, f: search.shipment_by_any_reference(
        s, c, f.shipment["id"]
    ),
    "shipments.queries.search.shipment_ids_by_reference": lambda s, c, f: search.shipment_ids_by_reference(
        s, c, f.shipment["id"]
    ),
    "shoppers.queries.candidates": lambda s, c, f: shoppers.candidates(s, c, [f.order["order_number"]]),
    "shoppers.queries.failures_in": lambda s, c, f: shoppers.failures_in(s, c, [b"filled"]),
    "shoppers.queries.holder_by": lambda s, c, f: shoppers.holder_by(s, c, KEYS, knock(f), NOON),
    "shoppers.queries.holder_of": lambda s, c, f: shoppers.holder_of(s, c, f.order_id, NOON),
    "shoppers.queries.names_of": lambda s, c, f: shoppers.names_of(s, c, f.order_id),
    "shoppers.queries.token_of_order": lambda s, c, f: shoppers.token_of_order(s, c, f.order_id, ["filled"], NOON),
    "subscribers.queries.deliveries.deliveries": lambda s, c, f: deliveries.deliveries(
        s, c, deliveries.DeliveryFilter(webhook_id=f.webhook_id), **PAGE
    ),
    "subscribers.queries.deliveries.demand_delivery": lambda s, c, f: deliveries.demand_delivery(
        s, c, f.webhook_id, f.delivery_id
    ),
    "subscribers.queries.deliveries.delivered_events": lambda s, c, f: deliveries.delivered_events(
        s, c, f.webhook_id, list(DeliveryStatus)
    ),
    "subscribers.queries.journal.announced_events": lambda s, c, f: journal.announced_events(s, c, ANY_TIME),
    "subscribers.queries.journal.journal": lambda s, c, f: journal.journal(
        s, c, journal.JournalFilter(), limit=10, max_bytes=10**6
    ),
    "subscribers.queries.journal.journal_entry": lambda s, c, f: journal.journal_entry(s, c, f.event_id),
    "subscribers.queries.journal.journal_ids": lambda s, c, f: journal.journal_ids(s, c, journal.JournalFilter()),
    "subscribers.queries.replays.replays": lambda s, c, f: replays.replays(s, c, f.webhook_id, **PAGE),
    "subscribers.queries.webhooks.demand_webhook": lambda s, c, f: webhooks.demand_webhook(s, c, f.webhook_id),
    "subscribers.queries.webhooks.webhook_like": lambda s, c, f: webhooks.webhook_like(
        s, c, f.webhook["url"], f.webhook["enabled_events"]
    ),
    "subscribers.queries.webhooks.webhooks": lambda s, c, f: webhooks.webhooks(s, c, webhooks.WebhookFilter(), **PAGE),
    "tracking.queries.clocks.clock_of": lambda s, c, f: clocks.clock_of(s, c, f.shop_id),
    "tracking.queries.clocks.clocks_of": lambda s, c, f: clocks.clocks_of(s, c, [f.shop_id]),
    "tracking.queries.parcels.due_parcels": lambda s, c, f: parcels.due_parcels(s, c, turn_of(f), LATER, 10),
    "tracking.queries.parcels.next_due": lambda s, c, f: parcels.next_due(s, c, turn_of(f)),
    "tracking.queries.health.health_of": lambda s, c, f: health.health_of(s, c, f.shop_id, NOON, LATER),
    "tracking.queries.pushes.followed_under": lambda s, c, f: pushes.followed_under(
        s, c, "dhl", [f.shipment["tracking_number"]]
    ),
    "tracking.queries.answers.last_answers": lambda s, c, f: answers.last_answers(
        s, c, [(f.shop_id, UUID(f.shipment["id"]))]
    ),
    "tracking.queries.transits.histories_of": histories_like,
    "tracking.queries.answers.unread": lambda s, c, f: answers.unread(s, c, 10),
}

ABOVE_SHOPS = "reads organisations, shops, members and keys, which are asked before a shop is known"
OTHER_QUERIES = {
    "audit.queries.organisation_entries": "the trail of an organisation, within the reach of a key",
    "audit.queries.shop_entries": "the trail is the organisation's: it outlives the shop",
    "branding.queries.image_named": "an image's public name is all that anyone needs to see it",
    "branding.queries.slug_of_host": "which shop a host shows is for everybody who knows the host",
    "subscribers.queries.deliveries.backlog": "counts over all shops: see the test of its own",
    "tracking.queries.answers.shops_with_unread": "looks for work in every shop, and refuses any other scope",
    "tracking.queries.transits.late_parcels": "looks for work in every shop, and refuses any other scope",
    "tracking.queries.parcels.silent_parcels": "looks for work in every shop, and refuses any other scope",
    "tenants.queries.every_shop": ABOVE_SHOPS,
    "tenants.queries.get_key": ABOVE_SHOPS,
    "tenants.queries.get_shop": ABOVE_SHOPS,
    "tenants.queries.organisation_id": ABOVE_SHOPS,
    "tenants.queries.principal_by_key": ABOVE_SHOPS,
    "tenants.queries.search_keys": ABOVE_SHOPS,
    "tenants.queries.search_members": ABOVE_SHOPS,
    "tenants.queries.search_shops": ABOVE_SHOPS,
    "tenants.queries.shop_ref": ABOVE_SHOPS,
    "tenants.queries.shops_by_slug": ABOVE_SHOPS,
    "tenants.queries.whole_organisation": ABOVE_SHOPS,
}


def public_queries() -> set[str]:
    """Every function of the rooms' queries whose first parameter is a Scope."""
    found = set()
    for module in pkgutil.walk_packages(karla.domain.__path__, "karla.domain."):
        if "queries" not in module.name.split("."):
            continue
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.iscoroutinefunction):
            first = next(iter(inspect.signature(function).parameters.values()), None)
            own = function.__module__ == module.name and not name.startswith("_")
            if own and first is not None and first.annotation is Scope:
                found.add(f"{module.name.removeprefix('karla.domain.')}.{name}")
    return found


def test_no_query_is_forgotten() -> None:
    assert public_queries() == QUERIES.keys() | OTHER_QUERIES.keys(), "Give a new query its entry here."
    assert not QUERIES.keys() & OTHER_QUERIES.keys()


@pytest_asyncio.fixture(scope="module")
async def ours(karla: Karla) -> Filled:
    return await fill(karla)


@pytest_asyncio.fixture(scope="module")
async def theirs(karla: Karla) -> UUID:
    return (await karla.shop()).shop.id


async def seen(query: Query, told: Scope, karla: Karla, filled: Filled, *, session: Scope) -> Any:
    """What the query, told of one scope, sees in a session of another; None if that is nothing."""
    async with karla.services.db.read(session) as connection:
        try:
            found = await query(told, connection, filled)
        except NotFound:
            return None
    found = getattr(found, "entries", found)
    return None if found == ShopSettings() else found or None


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_sees_its_own_shop_alone(name: str, karla: Karla, ours: Filled, theirs: UUID) -> None:
    query, other = QUERIES[name], Scope(frozenset([theirs]))
    assert await seen(query, ours.scope, karla, ours, session=ours.scope) is not None
    assert await seen(query, other, karla, ours, session=other) is None
    # Its own condition names our shop, so that only the second lock is in the way.
    assert await seen(query, ours.scope, karla, ours, session=other) is None
    assert await seen(query, ours.scope, karla, ours, session=NOWHERE) is None
    # And its own condition is enough where the second lock is open.
    assert await seen(query, other, karla, ours, session=EVERYWHERE) is None


async def test_the_backlog_is_counted_over_all_shops_by_the_belt_alone(
    karla: Karla, ours: Filled, theirs: UUID
) -> None:
    counts = {}
    for session in (EVERYWHERE, NOWHERE, Scope(frozenset([theirs]))):
        async with karla.services.db.read(session) as connection:
            counts[session] = (await deliveries.backlog(session, connection, NOON)).outbox
    assert [count > 0 for count in counts.values()] == [True, False, False]
