"""A merchant says that another carrier has a parcel: its tracking starts anew, and the shop's next ones are known."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from karla.domain.orders.records import Reference, ReferenceKind
from karla.domain.shipments.commands.changes import update_shipment
from karla.domain.shipments.records import OrderFile, Shipment, Tracking
from karla.domain.shipments.rules.lessons import Make, make_of
from karla.infra.errors import Invalid
from tests.support.clocks import NOON
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms

NUMBER = "KX12345678"  # no known carrier's form


@pytest_asyncio.fixture
async def rooms(karla: Karla, database_url: str) -> AsyncIterator[OrderRooms]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as made:
        yield made


def hours(count: float) -> datetime:
    return NOON + timedelta(hours=count)


async def entrust(rooms: OrderRooms, shipment_id: UUID, reference: str, **said: Any) -> tuple[OrderFile, Shipment]:
    members: dict[str, Any] = {"tracking_url": None, "products": None, "carrier_reference": reference} | said
    order = Reference(ReferenceKind.ORDER_NUMBER, "1")
    return await rooms.db.write(rooms.scope, lambda work: update_shipment(work, order, shipment_id, **members))


async def parcel(rooms: OrderRooms, **members: Any) -> Shipment:
    """Of order 1, at DHL unless something else is said."""
    told = {"tracking_number": NUMBER, "carrier_reference": "dhl"} | members
    file = await rooms.one(rooms.command("1", Tracking(**told)))
    rooms.take_facts()
    return file.shipments[0]


async def test_what_the_wrong_carrier_told_counts_no_more(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    forecast = {"expected_delivery": {"from": hours(20).isoformat(), "to": hours(22).isoformat()}}
    await rooms.observe(rooms.seen(shipment.id, "OUT_FOR_DELIVERY", hours(1), additional_info=forecast))
    await rooms.observe(rooms.seen(shipment.id, "SUCCESSFULLY_DELIVERED", hours(3)))
    rooms.take_facts()
    rooms.clock.advance(timedelta(hours=5))
    file, after = await entrust(rooms, shipment.id, "gls")
    assert file == await rooms.stored(shipment.order_id)
    assert (after.carrier_reference, after.phase, after.event_name) == (
        "gls",
        "order_processed",
        "SHIPPING_LABEL_CREATED",
    )
    assert (after.expected_from, after.expected_to, after.updated_at) == (None, None, hours(5))
    assert [(event.event_name, event.withdrawn_at is not None) for event in file.events_of(shipment.id)] == [
        ("SHIPPING_LABEL_CREATED", False),
        ("OUT_FOR_DELIVERY", True),
        ("SUCCESSFULLY_DELIVERED", True),
        ("CARRIER_CHANGED", False),
    ]
    assert rooms.facts[-1].group == "shipment_carrier_changed"
    assert rooms.take_facts() == ["CARRIER_CHANGED"]


async def test_what_the_right_carrier_tells_counts_also_of_times_before(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    wrong = rooms.seen(shipment.id, "SUCCESSFULLY_DELIVERED", hours(3))
    await rooms.observe(wrong)
    rooms.clock.advance(timedelta(hours=5))
    await entrust(rooms, shipment.id, "gls")
    await rooms.observe(rooms.seen(shipment.id, "OUT_FOR_DELIVERY", hours(2), external_id="gls-1"))
    after = (await rooms.stored(shipment.order_id)).shipments[0]
    assert (after.phase, after.event_time) == ("in_delivery", hours(2))


async def test_a_withdrawn_scan_that_is_told_again_counts_again(rooms: OrderRooms) -> None:
    """The correction was wrong, and is taken back: the first carrier tells the same scans once more."""
    shipment = await parcel(rooms)
    scan = rooms.seen(shipment.id, "SUCCESSFULLY_DELIVERED", hours(3))
    await rooms.observe(scan)
    await entrust(rooms, shipment.id, "gls")
    await entrust(rooms, shipment.id, "dhl")
    assert (await rooms.stored(shipment.order_id)).shipments[0].phase == "order_processed"
    rooms.take_facts()
    rooms.clock.advance(timedelta(hours=1))
    (again,) = await rooms.observe(scan)
    file = await rooms.stored(shipment.order_id)
    assert not isinstance(again, Exception)
    assert (again.known, again.shipment) == (True, file.shipments[0])
    assert file.shipments[0].phase == "delivered"
    assert [e.event_name for e in file.timeline if e.withdrawn_at] == []
    assert rooms.take_facts() == ["SUCCESSFULLY_DELIVERED"]
    await rooms.observe(scan)
    assert rooms.take_facts() == []


async def test_what_the_shop_itself_said_stays(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    own = rooms.seen(shipment.id, "ACCEPTED_BY_CARRIER", hours(1))
    await rooms.observe(type(own)(**{name: getattr(own, name) for name in own.__struct_fields__} | {"origin": "api"}))
    _, after = await entrust(rooms, shipment.id, "gls")
    assert after.event_name == "ACCEPTED_BY_CARRIER"


async def test_the_same_correction_again_is_silent(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    file, _ = await entrust(rooms, shipment.id, "gls")
    rooms.take_facts()
    rooms.clock.advance(timedelta(hours=1))
    assert (await entrust(rooms, shipment.id, "gls"))[0] == file
    assert rooms.take_facts() == []


async def test_a_carrier_that_was_not_known_is_no_change_of_carriers(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms, carrier_reference=None)
    assert shipment.carrier_reference is None
    _, after = await entrust(rooms, shipment.id, "gls")
    assert after.carrier_reference == "gls"
    assert NUMBER in str(after.tracking_url)
    assert rooms.take_facts() == []


async def test_the_link_follows_unless_one_is_said(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    assert "dhl" in str(shipment.tracking_url)
    _, after = await entrust(rooms, shipment.id, "gls")
    assert "gls" in str(after.tracking_url)
    _, after = await entrust(rooms, shipment.id, "ups", tracking_url="https://x.example/1")
    assert after.tracking_url == "https://x.example/1"


async def test_an_upsert_that_names_another_carrier_changes_it_as_well(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    await rooms.observe(rooms.seen(shipment.id, "OUT_FOR_DELIVERY", hours(1)))
    rooms.take_facts()
    file = await rooms.one(rooms.command("1", Tracking(tracking_number=NUMBER, carrier_reference="gls")))
    assert (file.shipments[0].carrier_reference, file.shipments[0].phase) == ("gls", "order_processed")
    assert rooms.take_facts() == ["CARRIER_CHANGED"]


async def test_a_draft_has_no_carrier(rooms: OrderRooms) -> None:
    file = await rooms.one(rooms.command("1"))
    with pytest.raises(Invalid) as refused:
        await entrust(rooms, file.shipments[0].id, "gls")
    assert (refused.value.key, refused.value.faults[0].loc) == ("shipment_is_draft", ("body", "carrier_reference"))


async def test_parcels_of_the_same_make_are_known_from_then_on(
    rooms: OrderRooms, karla: Karla, database_url: str
) -> None:
    shipment = await parcel(rooms, carrier_reference=None, tracking_company="Paket Nord")
    await entrust(rooms, shipment.id, "gls")

    async def carrier(of: OrderRooms, number: str, company: str | None = "PAKET-NORD") -> str | None:
        file = await of.one(of.command(f"order {number}", Tracking(tracking_number=number, tracking_company=company)))
        return file.shipments[0].carrier_reference

    assert await carrier(rooms, "KX87654321") == "gls"
    assert await carrier(rooms, "KX8765432") is None, "another form"
    assert await carrier(rooms, "KX11111111", None) is None, "another word for the carrier"
    assert await carrier(rooms, "1Z5R89390357567127") == "ups"
    async with order_rooms((await karla.shop()).shop.id, database_url) as others:
        assert await carrier(others, "KX87654321") is None, "another shop"


async def test_a_carriers_own_page_goes_before_what_was_taught(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms, carrier_reference=None)
    await entrust(rooms, shipment.id, "gls")
    page = "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode=KX87654321"
    file = await rooms.one(rooms.command("2", Tracking(tracking_number="KX87654321", tracking_url=page)))
    assert file.shipments[0].carrier_reference == "dhl"


def test_the_make_of_a_parcel_is_its_carriers_name_and_the_form_of_its_number() -> None:
    assert make_of("  Paket-Nord ", "kx 123 456") == Make("paket nord", "KX96")
    assert make_of(None, "JJD000390007882823454") == Make("", "JJD918")
    assert make_of("", "ABCDEF12-9") == Make("", "ABCDA292-191")
    assert make_of(None, None) == Make("", "")


async def test_a_shop_that_repeats_the_wrong_carrier_undoes_no_correction(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    _, corrected = await entrust(rooms, shipment.id, "gls")
    rooms.take_facts()
    rooms.clock.advance(timedelta(hours=1))
    again = Tracking(tracking_number=NUMBER, carrier_reference="dhl")
    file = await rooms.one(rooms.command("1", again))
    assert (file.shipments[0], rooms.take_facts()) == (corrected, [])
    other = Tracking(tracking_number=NUMBER, carrier_reference="ups")
    file = await rooms.one(rooms.command("1", other))
    assert (file.shipments[0].carrier_reference, rooms.take_facts()) == ("ups", ["CARRIER_CHANGED"])


async def test_the_change_says_from_which_carrier_to_which(rooms: OrderRooms) -> None:
    shipment = await parcel(rooms)
    file, _ = await entrust(rooms, shipment.id, "gls")
    assert file.timeline[-1].additional_info == {
        "carrier_reference": "gls",
        "carrier_reference_before": "dhl",
        "corrected": True,
    }
