"""What is seen of parcels: once each, in whatever order it comes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from karla.domain.orders.records import Reference, ReferenceKind
from karla.domain.shipments.commands.changes import cancel_order, update_shipment
from karla.domain.shipments.commands.upsert import upsert_orders
from karla.domain.shipments.records import Observation, Observed, OrderFile, Shipment, Tracking
from karla.infra.access import scope_of
from karla.infra.errors import Conflict, Invalid, KarlaError, NotFound
from karla.infra.work import Work
from karla.vocabulary.events import Direction
from tests.support.clocks import NOON
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms

STORY = ("ACCEPTED_BY_CARRIER", "OUT_FOR_DELIVERY", "DELIVERY_ATTEMPTED", "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")


@pytest_asyncio.fixture
async def rooms(karla: Karla, database_url: str) -> AsyncIterator[OrderRooms]:
    client = await karla.shop()
    async with order_rooms(client.shop.id, database_url) as made:
        yield made


async def parcel(rooms: OrderRooms, number: str = "1", *, drafts: int = 0) -> Shipment:
    """A fulfilled parcel of a new order; what led to it is forgotten."""
    file = await rooms.one(rooms.command(number, f"NUMBER{number}", expected_number_of_shipments=1 + drafts))
    rooms.take_facts()
    return file.shipments[0]


def seen(outcome: Observed | KarlaError) -> Observed:
    if isinstance(outcome, KarlaError):
        raise outcome
    return outcome


def hours(count: float) -> datetime:
    return NOON + timedelta(hours=count)


def standing(shipment: Shipment) -> tuple[str, str, str, str | None, datetime | None]:
    return shipment.phase, shipment.state, shipment.flag, shipment.event_name, shipment.event_time


async def stored(rooms: OrderRooms, shipment: Shipment) -> Shipment:
    file = await rooms.stored(shipment.order_id)
    return next(other for other in file.shipments if other.id == shipment.id)


async def test_an_observation_moves_the_parcel_and_is_told(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    rooms.clock.advance(timedelta(hours=1))
    place = {"city": "Berlin", "country_code": "DE"}
    scan = rooms.seen(shipment.id, "OUT_FOR_DELIVERY", location=place, timezone="Europe/Berlin")
    (outcome,) = await rooms.observe(scan)
    file = await rooms.stored(shipment.order_id)
    assert seen(outcome).shipment == file.shipments[0]
    assert standing(file.shipments[0]) == ("in_delivery", "transit", "normal", "OUT_FOR_DELIVERY", NOON)
    assert file.shipments[0].updated_at == hours(1)
    event = file.events_of(shipment.id)[-1]
    assert (event.location, event.timezone, event.created_at) == (place, "Europe/Berlin", hours(1))
    assert seen(outcome).event == event
    assert rooms.take_facts() == ["OUT_FOR_DELIVERY"]


async def test_the_same_observation_again_changes_and_tells_nothing(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    scan = rooms.seen(shipment.id, "OUT_FOR_DELIVERY")
    first, in_the_same_batch = map(seen, await rooms.observe(scan, scan))
    assert (first.known, in_the_same_batch.known) == (False, True)
    rooms.clock.advance(timedelta(hours=1))
    before = await rooms.stored(shipment.order_id)
    other_time = rooms.seen(shipment.id, "OUT_FOR_DELIVERY", hours(3), external_id=scan.external_id)
    for again in (scan, other_time):
        (outcome,) = map(seen, await rooms.observe(again))
        assert (outcome.known, outcome.event, outcome.shipment) == (True, first.event, before.shipments[0])
    assert await rooms.stored(shipment.order_id) == before
    assert rooms.take_facts() == ["OUT_FOR_DELIVERY"]


async def test_another_event_under_a_used_id_is_a_conflict(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    await rooms.observe(rooms.seen(shipment.id, "OUT_FOR_DELIVERY", external_id="1"))
    (outcome,) = await rooms.observe(rooms.seen(shipment.id, "SUCCESSFULLY_DELIVERED", external_id="1"))
    assert isinstance(outcome, Conflict)
    assert outcome.key == "shipment_event_exists"
    assert (await stored(rooms, shipment)).phase == "in_delivery"


async def test_the_same_id_from_another_origin_or_parcel_is_another_observation(rooms: OrderRooms) -> None:
    one, two = await parcel(rooms), await parcel(rooms, "2")
    await rooms.observe(rooms.seen(one.id, "OUT_FOR_DELIVERY", external_id="order_created"))
    outcomes = await rooms.observe(
        rooms.seen(two.id, "OUT_FOR_DELIVERY", external_id="order_created"),
        rooms.seen(two.id, "OUT_FOR_DELIVERY", external_id="tracking:NUMBER2"),
    )
    assert [seen(outcome).known for outcome in outcomes] == [False, False]


async def test_a_late_scan_is_kept_and_told_but_moves_nothing_back(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    await rooms.observe(rooms.seen(shipment.id, "SUCCESSFULLY_DELIVERED", hours(5)))
    await rooms.observe(rooms.seen(shipment.id, "SORTED_AT_TRANSPORT_HUB", hours(2)))
    await rooms.observe(rooms.seen(shipment.id, "DEPARTURE_FROM_TRANSPORT_HUB", hours(9)))
    after = await rooms.stored(shipment.order_id)
    assert standing(after.shipments[0])[:4] == ("delivered", "delivered", "normal", "SUCCESSFULLY_DELIVERED")
    assert [event.event_name for event in after.events_of(shipment.id)] == [
        "SHIPPING_LABEL_CREATED",
        "SORTED_AT_TRANSPORT_HUB",
        "SUCCESSFULLY_DELIVERED",
        "DEPARTURE_FROM_TRANSPORT_HUB",
    ]
    assert len(rooms.take_facts()) == 3


async def test_a_correction_takes_back_what_was_reported_until_then(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    await rooms.observe(rooms.seen(shipment.id, "SUCCESSFULLY_DELIVERED", hours(5)))
    await rooms.observe(rooms.seen(shipment.id, "ARRIVAL_AT_DELIVERY_DEPOT", hours(6), correction=True))
    assert (await stored(rooms, shipment)).phase == "in_transit"
    await rooms.observe(rooms.seen(shipment.id, "SUCCESSFULLY_DELIVERED", hours(8)))
    assert (await stored(rooms, shipment)).phase == "delivered"
    assert len((await rooms.stored(shipment.order_id)).events_of(shipment.id)) == 4


async def test_every_order_of_the_same_scans_ends_the_same(rooms: OrderRooms) -> None:
    """Each order of arrival on a parcel of its own: one by one, and in one batch."""
    orders = list(permutations(enumerate(STORY)))
    file = await rooms.one(
        rooms.command("1", *(f"NUMBER{n}" for n in range(len(orders))), expected_number_of_shipments=0)
    )
    for turn in range(len(STORY)):
        await rooms.observe(
            *(
                rooms.seen(shipment.id, order[turn][1], hours(order[turn][0]))
                for shipment, order in zip(file.shipments, orders, strict=True)
            )
        )
    after = await rooms.stored(file.order.id)
    assert {standing(shipment) for shipment in after.shipments} == {
        ("delivered", "delivered", "normal", "SUCCESSFULLY_DELIVERED", hours(4))
    }
    timelines = {tuple(event.event_name for event in after.events_of(s.id)) for s in after.shipments}
    assert timelines == {("SHIPPING_LABEL_CREATED", *STORY)}


async def test_scans_of_one_moment_end_the_same_in_any_order(rooms: OrderRooms) -> None:
    names = ("OUT_FOR_DELIVERY", "DELIVERY_ATTEMPTED", "ARRIVAL_AT_DELIVERY_DEPOT", "DRIVER_NEARBY")
    orders = list(permutations(names))
    file = await rooms.one(
        rooms.command("1", *(f"NUMBER{n}" for n in range(len(orders))), expected_number_of_shipments=0)
    )
    scans = [rooms.seen(s.id, name) for s, order in zip(file.shipments, orders, strict=True) for name in order]
    await rooms.observe(*scans)
    after = await rooms.stored(file.order.id)
    assert len({standing(shipment) for shipment in after.shipments}) == 1
    timelines = {tuple(event.event_name for event in after.events_of(s.id)) for s in after.shipments}
    assert len(timelines) == 1
    assert timelines.pop()[-1] == after.shipments[0].event_name


async def test_with_corrections_and_forecasts_every_order_of_the_same_scans_ends_the_same(rooms: OrderRooms) -> None:
    """What was learnt before a scan came is not read whole for it; yet all of it counts."""
    told: list[tuple[str, dict[str, Any]]] = [
        ("ACCEPTED_BY_CARRIER", forecast(24)),
        ("SUCCESSFULLY_DELIVERED", {}),
        ("ARRIVAL_AT_DELIVERY_DEPOT", {"correction": True}),
        ("OUT_FOR_DELIVERY", forecast(30)),
        ("READY_FOR_COLLECTION_AT_PARCEL_SHOP", {"additional_info": {"pickup_point": "Kiosk"}}),
    ]
    orders = list(permutations(enumerate(told)))
    numbers = [f"NUMBER{n}" for n in range(2 * len(orders))]
    file = await rooms.one(rooms.command("1", *numbers, expected_number_of_shipments=0))
    one_by_one, at_once = file.shipments[: len(orders)], file.shipments[len(orders) :]

    def scan(shipment: Shipment, order: Any, turn: int) -> Observation:
        hour, (name, said) = order[turn]
        return rooms.seen(shipment.id, name, hours(hour), **said)

    for turn in range(len(told)):
        await rooms.observe(*(scan(s, order, turn) for s, order in zip(one_by_one, orders, strict=True)))
    await rooms.observe(
        *(scan(s, order, turn) for s, order in zip(at_once, orders, strict=True) for turn in range(len(told)))
    )
    after = await rooms.stored(file.order.id)
    assert {standing(shipment) for shipment in after.shipments} == {
        ("collect", "collect", "normal", "READY_FOR_COLLECTION_AT_PARCEL_SHOP", hours(4))
    }
    assert {(s.expected_from, s.expected_to) for s in after.shipments} == {(hours(30), hours(32))}
    assert {(s.pickup or {}).get("name") for s in after.shipments} == {"Kiosk"}


def forecast(hour: float) -> dict[str, Any]:
    window = {"from": hours(hour).isoformat(), "to": hours(hour + 2).isoformat()}
    return {"additional_info": {"expected_delivery": window}}


async def test_a_draft_takes_no_word_of_a_carrier_s(rooms: OrderRooms) -> None:
    await parcel(rooms, drafts=1)
    draft = (await rooms.one(rooms.command("1"))).shipments[1]
    refused, told = await rooms.observe(
        rooms.seen(draft.id, "OUT_FOR_DELIVERY"), rooms.seen(draft.id, "ORDER_IN_PROCESSING")
    )
    assert isinstance(refused, Invalid)
    assert (refused.key, refused.faults[0].loc) == ("shipment_is_draft", ("body", "event_name"))
    assert seen(told).shipment.event_name == "ORDER_IN_PROCESSING"
    assert (await stored(rooms, draft)).phase == "order_created"


async def test_bad_observations_fail_alone(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    unknown, nowhere, good = await rooms.observe(
        rooms.seen(shipment.id, "SUCCESFULLY_DELIVERED"),
        rooms.seen(uuid4(), "OUT_FOR_DELIVERY"),
        rooms.seen(shipment.id, "OUT_FOR_DELIVERY"),
    )
    assert isinstance(unknown, Invalid)
    assert unknown.key == "event_name_invalid"
    assert unknown.faults[0].msg.endswith("did you mean SUCCESSFULLY_DELIVERED?")
    assert isinstance(nowhere, NotFound)
    assert nowhere.key == "shipment_not_found"
    assert not seen(good).known
    assert rooms.take_facts() == ["OUT_FOR_DELIVERY"]


async def test_a_parcel_of_another_shop_is_not_there(rooms: OrderRooms, karla: Karla, database_url: str) -> None:
    shipment = await parcel(rooms)
    async with order_rooms((await karla.shop()).shop.id, database_url) as others:
        (outcome,) = await others.observe(others.seen(shipment.id, "OUT_FOR_DELIVERY"))
        (by_its_shop,) = await others.observe(rooms.seen(shipment.id, "OUT_FOR_DELIVERY"))
    assert isinstance(outcome, NotFound)
    assert isinstance(by_its_shop, NotFound)
    assert (await stored(rooms, shipment)).phase == "order_processed"


async def test_two_parcels_of_an_order_in_one_batch(rooms: OrderRooms) -> None:
    file = await rooms.one(rooms.command("1", "A", "B"))
    scans = [rooms.seen(s.id, name) for s in file.shipments for name in ("ACCEPTED_BY_CARRIER", "OUT_FOR_DELIVERY")]
    outcomes = [seen(outcome) for outcome in await rooms.observe(*scans)]
    after = await rooms.stored(file.order.id)
    assert (outcomes[1].shipment, outcomes[3].shipment) == after.shipments
    assert [s.phase for s in after.shipments] == ["in_delivery", "in_delivery"]
    assert rooms.facts[-1].consignment.shipments == after.shipments


async def test_the_same_observation_at_once_is_told_once(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    scan = rooms.seen(shipment.id, "OUT_FOR_DELIVERY")
    outcomes = await asyncio.gather(*(rooms.observe(scan) for _ in range(12)))
    assert sorted(seen(outcome).known for (outcome,) in outcomes) == [False] + [True] * 11
    assert rooms.take_facts() == ["OUT_FOR_DELIVERY"]


async def test_what_changed_while_it_waited_for_the_order_is_told_with_it(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    waiting = "select exists (select from pg_locks where not granted)"

    async def change(work: Work) -> asyncio.Task[list[Observed | KarlaError]]:
        """The whole order is another one, and has a parcel more, before the scan gets its turn."""
        await work.connection.execute(
            "update orders set email_id = 'new@mail.example', products = '[{\"sku\": \"MUG\"}]' where id = $1",
            shipment.order_id,
        )
        await upsert_orders(work, [rooms.command("1", "SECOND")])
        scan = asyncio.create_task(rooms.observe(rooms.seen(shipment.id, "OUT_FOR_DELIVERY")))
        async with asyncio.timeout(10):
            while not await work.connection.fetchval(waiting):
                pass
        return scan

    await (await rooms.db.write(rooms.scope, change))
    told = rooms.facts[-1]
    assert (told.kind.name, told.consignment.order.email_id) == ("OUT_FOR_DELIVERY", "new@mail.example")
    assert told.consignment.order.products.value == [{"sku": "MUG"}]
    assert [one.tracking_number for one in told.consignment.shipments] == ["NUMBER1", "SECOND"]


async def test_on_its_way_back_the_same_event_belongs_to_another_group(rooms: OrderRooms) -> None:
    back = Tracking(tracking_number="BACK", direction=Direction.CUSTOMER_MERCHANT)
    file = await rooms.one(rooms.command("1", back, expected_number_of_shipments=0))
    await rooms.observe(rooms.seen(file.shipments[0].id, "OUT_FOR_DELIVERY"))
    assert rooms.facts[-1].group == "return_shipment_out_for_delivery"


# --- changes to one parcel, and the end of an order


def number(text: str) -> Reference:
    return Reference(ReferenceKind.ORDER_NUMBER, text)


async def update(rooms: OrderRooms, shipment_id: UUID, **said: Any) -> tuple[OrderFile, Shipment]:
    members: dict[str, Any] = {"tracking_url": None, "products": None} | said
    return await rooms.db.write(rooms.scope, lambda work: update_shipment(work, number("1"), shipment_id, **members))


async def test_a_parcel_s_link_and_contents_change_quietly(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    rooms.clock.advance(timedelta(hours=1))
    file, after = await update(rooms, shipment.id, tracking_url="https://x.example/1", products=[{"sku": "TEE"}])
    assert file == await rooms.stored(shipment.order_id)
    assert (after.tracking_url, after.products, after.updated_at) == ("https://x.example/1", [{"sku": "TEE"}], hours(1))
    rooms.clock.advance(timedelta(hours=1))
    assert await update(rooms, shipment.id) == (file, after)
    assert await update(rooms, shipment.id, products=[{"sku": "TEE"}]) == (file, after)
    assert (await update(rooms, shipment.id, products=[]))[1].products == []
    assert rooms.take_facts() == []


async def cancel(rooms: OrderRooms) -> OrderFile:
    return await rooms.db.write(rooms.scope, lambda work: cancel_order(work, number("1")))


async def test_cancelling_twice_is_as_once(rooms: OrderRooms) -> None:
    await parcel(rooms, drafts=1)
    file = await cancel(rooms)
    assert file == await rooms.stored(file.order.id)
    assert file.order.cancelled_at == NOON
    rooms.clock.advance(timedelta(hours=1))
    assert await cancel(rooms) == file
    assert rooms.take_facts() == ["ORDER_CANCELLED"] * 2
    assert await rooms.one(rooms.command("1", "NUMBER1")) == file


async def test_what_was_told_is_kept_in_the_words_it_was_told_in(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    told = rooms.seen(shipment.id, "OUT_FOR_DELIVERY", raw=b'{"status": "On the van \xc3\xbc"}')
    (first,), (again,) = await rooms.observe(told), await rooms.observe(told)
    assert seen(again).known
    await rooms.observe(rooms.seen(shipment.id, "SUCCESSFULLY_DELIVERED", hours(1)))
    async with rooms.db.read(scope_of([rooms.shop_id])) as connection:
        kept = await connection.fetch("select id, origin, raw from sightings where shipment_id = $1", shipment.id)
    assert [tuple(row) for row in kept] == [(seen(first).event.id, "carrier", told.raw)]
