"""The upsert of orders: what it leaves behind, alone and among others."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from karla.domain.orders.records import ReferenceKind
from karla.domain.shipments.commands.upsert import upsert_orders
from karla.domain.shipments.records import OrderCommand, OrderFile, Tracking
from karla.entrypoints.api.gathering import Commands
from karla.infra.batching import Coalescer
from karla.infra.errors import Conflict, NotFound
from karla.infra.json_text import JsonText
from tests.support.clocks import NOON
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, file_of, order_rooms

DHL = "00340434161094042557"
DHL_2 = "00340434161094042564"
UPS = "1Z999AA10123456784"
BERLIN = {"city": "Berlin", "country_code": "DE", "zip_code": "10119"}
NUMBER, EXTERNAL, NAME, UUID_ = (
    ReferenceKind.ORDER_NUMBER,
    ReferenceKind.EXTERNAL_ID,
    ReferenceKind.ORDER_NAME,
    ReferenceKind.UUID,
)


@pytest_asyncio.fixture
async def rooms(karla: Karla, database_url: str) -> AsyncIterator[OrderRooms]:
    client = await karla.shop()
    async with order_rooms(client.shop.id, database_url) as made:
        yield made


def everything(**changed: Any) -> dict[str, Any]:
    members: dict[str, Any] = {
        "external_id": "erp-1",
        "order_name": "NL1",
        "order_placed_at": NOON - timedelta(days=2, microseconds=7),
        "total_order_price": Decimal("54.80"),
        "shipping_price": Decimal("4.9"),
        "sub_total_price": Decimal("49.9"),
        "discount_price": Decimal("0.0"),
        "currency": "EUR",
        "payment_status": "paid",
        "email_id": "mara.lindqvist@mail.example",
        "external_customer_id": "c-1",
        "user_agent": "Mozilla/5.0",
        "weight": Decimal("360.5"),
        "expected_number_of_shipments": 2,
        "segments": ["Shopware.tag.VIP", "ü\u2028"],
        "address": {**BERLIN, "name": "Mara Lindqvist"},
        "products": [{"sku": "TEE", "price": 24.95, "quantity": 2, "tax_lines": [{"rate": 0.19, "price": 1e-7}]}],
        "discounts": [{"code": "SPRING10", "amount": -6.94}, {"code": "", "amount": "10.0"}],
    }
    return members | changed


def saved(file: OrderFile, names: Iterable[str]) -> dict[str, Any]:
    found = {name: getattr(file.order, name) for name in names}
    return {name: value.value if isinstance(value, JsonText) else value for name, value in found.items()}


async def test_the_same_body_twice_changes_nothing_and_tells_nothing(rooms: OrderRooms) -> None:
    tracking = Tracking(
        tracking_number=DHL,
        tracking_placed_at=NOON,
        external_shipment_id="d-1",
        products=[{"sku": "TEE", "price": 24.95, "quantity": 1}],
    )
    command = msgspec.structs.replace(
        rooms.command("1", tracking, **everything()), order_analytics={"source": "karla", "deep": [1, {"a": None}]}
    )
    first = await rooms.one(command)
    assert sorted(rooms.take_facts()) == ["ORDER_CREATED", "SHIPPING_LABEL_CREATED"]
    events = await rooms.count("events")
    rooms.clock.advance(timedelta(hours=1))
    for again in (command, rooms.command("1", **everything()), rooms.command("1", DHL), rooms.by(NUMBER, "1", DHL)):
        assert await rooms.one(again) == first
    assert rooms.take_facts() == []
    assert (await rooms.count("events"), await rooms.count("orders")) == (events, 1)


async def test_what_is_stored_is_what_was_said(rooms: OrderRooms) -> None:
    file = await rooms.one(rooms.command("1", **everything()))
    assert saved(file, everything()) == everything()
    assert (file.order.created_at, file.order.updated_at) == (NOON, NOON)


async def test_what_is_not_said_stays_and_a_list_replaces_the_whole(rooms: OrderRooms) -> None:
    await rooms.one(rooms.command("1", **everything()))
    rooms.clock.advance(timedelta(hours=1))
    changed: dict[str, Any] = {"segments": ["new"], "products": [{"sku": "MUG"}], "discounts": [], "email_id": "b@c.de"}
    file = await rooms.one(rooms.command("1", **changed))
    assert saved(file, everything()) == everything() | changed
    assert (file.order.created_at, file.order.updated_at) == (NOON, NOON + timedelta(hours=1))
    assert rooms.take_facts() == ["ORDER_CREATED"] * 2


async def test_an_order_that_says_little_gets_what_is_usual(rooms: OrderRooms) -> None:
    order = (await rooms.one(rooms.command("1"))).order
    assert (order.order_placed_at, order.currency, order.expected_number_of_shipments) == (NOON, "EUR", 1)
    assert (order.address, order.products.value, order.discounts.value, order.segments) == ({}, [], [], [])
    assert (order.total_order_price, order.external_id, order.order_analytics) == (None, None, {})


async def test_analytics_are_added_to_what_is_known(rooms: OrderRooms) -> None:
    command = rooms.command("1", email_id="a@b.de")
    first = msgspec.structs.replace(command, order_analytics={"source": "karla", "campaign": "spring"})
    await rooms.one(first)
    assert (await rooms.one(command)).order.order_analytics == {"source": "karla", "campaign": "spring"}
    plugin = msgspec.structs.replace(rooms.by(NUMBER, "1"), order_analytics={"affiliate_code": "k"})
    added = {"source": "karla", "campaign": "spring", "affiliate_code": "k"}
    assert (await rooms.one(plugin)).order.order_analytics == added
    assert (await rooms.one(plugin)).order.order_analytics == added
    corrected = msgspec.structs.replace(rooms.by(NUMBER, "1"), order_analytics={"source": "ad", "campaign": None})
    assert (await rooms.one(corrected)).order.order_analytics == {**added, "source": "ad"}


# --- by which name


@pytest.mark.parametrize("kind", [EXTERNAL, NAME, NUMBER])
async def test_a_name_that_an_order_is_asked_for_by_becomes_its_own(rooms: OrderRooms, kind: ReferenceKind) -> None:
    made = await rooms.one(rooms.by(kind, "X-1", order_number="1" if kind is not NUMBER else "X-1"))
    assert getattr(made.order, kind.value) == "X-1"
    assert (await rooms.one(rooms.by(kind, "X-1", DHL))).order.id == made.order.id
    assert (await rooms.one(rooms.by(UUID_, str(made.order.id).upper(), DHL_2))).order.id == made.order.id
    assert await rooms.count("orders") == 1


@pytest.mark.parametrize("kind", list(ReferenceKind))
async def test_an_unknown_order_is_not_found(rooms: OrderRooms, kind: ReferenceKind) -> None:
    for value in ("nothing", str(uuid4()), "0195889b6a3d73f1b9a0f6d0c7e21c55", "ü" * 255):
        with pytest.raises(NotFound, match="does not exist") as refused:
            await rooms.one(rooms.by(kind, value, DHL))
        assert refused.value.key == "order_not_found"
    assert (await rooms.count("orders"), await rooms.count("shipments")) == (0, 0)


async def test_nobody_else_gives_an_order_its_uuid(rooms: OrderRooms) -> None:
    with pytest.raises(NotFound):
        await rooms.one(rooms.by(UUID_, str(uuid4()), order_number="1"))
    made = await rooms.one(rooms.command("1"))
    for other_form in (made.order.id.hex, f"{{{made.order.id}}}", f"urn:uuid:{made.order.id}"):
        with pytest.raises(NotFound):
            await rooms.one(rooms.by(UUID_, other_form, DHL))


async def test_an_order_gets_another_number(rooms: OrderRooms) -> None:
    made = await rooms.one(rooms.by(EXTERNAL, "e", order_number="draft-1"))
    file = await rooms.one(rooms.by(EXTERNAL, "e", order_number="1001"))
    assert (file.order.id, file.order.order_number) == (made.order.id, "1001")
    assert (await rooms.one(rooms.by(NUMBER, "old", order_number="1001"))).order.id == made.order.id
    assert (await rooms.one(rooms.by(NUMBER, "1001", order_number="1002"))).order.order_number == "1002"
    with pytest.raises(NotFound):
        await rooms.one(rooms.by(NUMBER, "1001"))
    assert await rooms.count("orders") == 1


async def test_an_order_is_known_by_its_number_until_it_gets_an_external_id(rooms: OrderRooms) -> None:
    made = await rooms.one(rooms.command("1"))
    assert (await rooms.one(rooms.by(EXTERNAL, "e", order_number="1", external_id="e"))).order.id == made.order.id
    assert (await rooms.one(rooms.by(EXTERNAL, "e", DHL))).order.id == made.order.id


async def test_names_of_two_orders_in_one_call_are_a_conflict(rooms: OrderRooms) -> None:
    one = await rooms.one(rooms.command("1", external_id="e1"))
    two = await rooms.one(rooms.command("2", external_id="e2"))
    for command in (
        rooms.command("1", external_id="e2"),
        rooms.by(EXTERNAL, "e1", order_number="2"),
        rooms.by(NUMBER, "1", order_number="2"),
        rooms.by(UUID_, str(one.order.id), order_number="2"),
        rooms.by(NUMBER, "3", order_number="1", external_id="e2"),
    ):
        with pytest.raises(Conflict) as refused:
            await rooms.one(command)
        assert refused.value.key == "order_exists"
    assert [await rooms.stored(file.order.id) for file in (one, two)] == [one, two]


async def test_a_name_of_several_orders_needs_a_surer_one_beside_it(rooms: OrderRooms) -> None:
    one = await rooms.one(rooms.command("1", order_name="Twin"))
    await rooms.one(rooms.command("2", order_name="Twin"))
    with pytest.raises(Conflict) as refused:
        await rooms.one(rooms.by(NAME, "Twin", DHL))
    assert refused.value.key == "order_ambiguous"
    assert (await rooms.one(rooms.by(NAME, "Twin", DHL, order_number="1"))).order.id == one.order.id


async def test_placing_an_order_that_is_known_is_a_conflict(rooms: OrderRooms) -> None:
    place = partial(msgspec.structs.replace, create_only=True)
    made = await rooms.one(place(rooms.command("1", external_id="e")))
    for command in (rooms.command("1"), rooms.command("2", external_id="e"), rooms.command("1", external_id="f")):
        with pytest.raises(Conflict) as refused:
            await rooms.one(place(command))
        assert refused.value.key == "order_exists"
    assert await rooms.stored(made.order.id) == made


async def test_orders_of_other_shops_are_not_seen(rooms: OrderRooms, karla: Karla, database_url: str) -> None:
    await rooms.one(rooms.command("1", external_id="e"))
    async with order_rooms((await karla.shop()).shop.id, database_url) as others:
        with pytest.raises(NotFound):
            await others.one(others.by(NUMBER, "1", DHL))
        other = await others.one(others.command("1", DHL, external_id="e"))
    assert other.order.shop_id != rooms.shop_id
    assert await rooms.count("shipments") == 1


# --- carriers


async def test_a_carrier_is_read_from_number_link_or_company(rooms: OrderRooms) -> None:
    clues = (
        Tracking(tracking_number=UPS),
        Tracking(tracking_number="77", tracking_url="https://www.gls-pakete.de/sendungsverfolgung?trackingNumber=77"),
        Tracking(tracking_number="78", tracking_company="DPD Deutschland"),
        Tracking(tracking_number="79"),
    )
    file = await rooms.one(rooms.command("1", *clues, address=BERLIN))
    assert [shipment.carrier_reference for shipment in file.shipments] == ["ups", "gls", "dpd", None]
    links = [shipment.tracking_url or "" for shipment in file.shipments]
    assert UPS in links[0]
    assert links[1] == clues[1].tracking_url
    assert links[3] == ""


# --- several at once


async def test_a_bad_one_leaves_its_neighbours_whole(rooms: OrderRooms) -> None:
    outcomes = await rooms.upsert(
        rooms.command("1", DHL, **everything()),
        rooms.by(NUMBER, "unknown", DHL),
        msgspec.structs.replace(rooms.command("1"), create_only=True),
        rooms.command("3", UPS),
    )
    assert [type(outcome) for outcome in outcomes] == [OrderFile, NotFound, Conflict, OrderFile]
    assert (await rooms.count("orders"), await rooms.count("shipments")) == (2, 3)


async def test_what_concerns_one_order_is_done_one_after_another(rooms: OrderRooms) -> None:
    outcomes = await rooms.upsert(
        rooms.command("1", email_id="first@x.de", external_id="e", address=BERLIN, expected_number_of_shipments=2),
        rooms.by(EXTERNAL, "e", DHL, order_number="1", address={**BERLIN, "city": "Bonn"}),
        rooms.command("2"),
        rooms.by(NUMBER, "1", UPS),
        rooms.command("1", email_id="last@x.de", address=BERLIN),
    )
    first, second, other, third, last = map(file_of, outcomes)
    assert {file.order.id for file in (first, second, third, last)} == {first.order.id}
    assert other.order.id != first.order.id
    assert [len([s for s in file.shipments if not s.draft]) for file in (first, second, third, last)] == [0, 1, 2, 2]
    assert (first.order.email_id, third.order.email_id, last.order.email_id) == (
        "first@x.de",
        "first@x.de",
        "last@x.de",
    )
    names = rooms.take_facts()
    assert (names.count("ORDER_ADDRESS_UPDATED"), names.count("SHIPPING_LABEL_CREATED")) == (4, 2)


async def test_one_that_waits_is_waited_for_in_turn(rooms: OrderRooms) -> None:
    """The third knows the order only by the number that the second gives it."""
    made, renumbered, fulfilled = await rooms.upsert(
        rooms.by(EXTERNAL, "e", order_number="draft"),
        rooms.by(EXTERNAL, "e", order_number="1001"),
        rooms.by(NUMBER, "1001", DHL),
    )
    assert {file_of(outcome).order.id for outcome in (made, renumbered, fulfilled)} == {file_of(made).order.id}
    assert [shipment.tracking_number for shipment in file_of(fulfilled).shipments] == [DHL]


async def test_one_may_name_an_order_by_what_the_one_before_it_gave(rooms: OrderRooms) -> None:
    outcomes = await rooms.upsert(rooms.command("1", order_name="#1"), rooms.by(NAME, "#1", DHL))
    assert [len(file_of(outcome).shipments) for outcome in outcomes] == [1, 1]
    assert file_of(outcomes[1]).shipments[0].tracking_number == DHL


async def test_the_second_placement_of_a_batch_is_refused(rooms: OrderRooms) -> None:
    placement = msgspec.structs.replace(rooms.command("1"), create_only=True)
    first, second = await rooms.upsert(placement, placement)
    assert isinstance(first, OrderFile)
    assert isinstance(second, Conflict)


async def test_many_orders_in_one_batch(rooms: OrderRooms) -> None:
    commands = [rooms.command(str(n), f"NUMBER{n}", external_id=f"e{n}") for n in range(500)]
    outcomes = await rooms.upsert(*commands, *commands)
    assert [file_of(outcome).order.order_number for outcome in outcomes] == [str(n) for n in range(500)] * 2
    assert [await rooms.count(table) for table in ("orders", "shipments", "events")] == [500, 500, 500]


async def test_identical_upserts_in_transactions_of_their_own_make_one_order(rooms: OrderRooms) -> None:
    command = rooms.command("1", DHL, **everything())
    outcomes = await asyncio.gather(*(rooms.one(command) for _ in range(30)))
    assert len({file.order.id for file in outcomes}) == 1
    assert [await rooms.count(table) for table in ("orders", "shipments", "events")] == [1, 2, 2]


async def test_identical_upserts_that_share_transactions_make_one_order(rooms: OrderRooms) -> None:
    command = rooms.command("1", DHL, **everything())
    together: Coalescer[OrderCommand, OrderFile] = Coalescer(Commands(rooms.db, upsert_orders).together, max_batch=4)
    outcomes = await asyncio.gather(*(together.submit(command) for _ in range(30)))
    assert len({file.order.id for file in outcomes}) == 1
    assert [await rooms.count(table) for table in ("orders", "shipments", "events")] == [1, 2, 2]


async def test_different_parcels_at_once_all_arrive(rooms: OrderRooms) -> None:
    order_id = (await rooms.one(rooms.command("1", expected_number_of_shipments=5))).order.id
    together: Coalescer[OrderCommand, OrderFile] = Coalescer(Commands(rooms.db, upsert_orders).together, max_batch=4)
    commands = [rooms.by(NUMBER, "1", f"NUMBER{n}") for n in range(20)]
    alone = [Commands(rooms.db, upsert_orders).together([command]) for command in commands[10:]]
    await asyncio.gather(*(together.submit(command) for command in commands[:10]), *alone)
    stored = await rooms.stored(order_id)
    assert {shipment.tracking_number for shipment in stored.shipments} == {f"NUMBER{n}" for n in range(20)}
    assert sorted(shipment.position for shipment in stored.shipments) == list(range(20))


async def test_batches_that_make_the_same_orders_in_other_orders_do_not_hang(rooms: OrderRooms) -> None:
    forth = [rooms.command(str(n), external_id=f"e{100 - n}") for n in range(60)]
    done = await asyncio.gather(
        *(Commands(rooms.db, upsert_orders).together(forth if n % 2 else forth[::-1]) for n in range(6))
    )
    assert all(isinstance(outcome, OrderFile) for outcomes in done for outcome in outcomes)
    assert await rooms.count("orders") == 60
