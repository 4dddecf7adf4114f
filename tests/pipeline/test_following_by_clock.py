"""The sandbox's parcels live by the test clock of their shop: a week passes in a moment, in order, as by a carrier."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest_asyncio

from karla.domain.connections.commands import connect, disconnect
from karla.domain.connections.records import Wish
from karla.domain.connections.rules import SEALED_FOR
from karla.domain.shipments.records import OrderFile, Shipment, TimelineEvent, Tracking
from karla.domain.tracking.commands.clocks import advance, freeze, release_clock, speed
from karla.infra.http import Egress
from karla.infra.sealing import Seals
from karla.pipeline.following import Following
from karla.pipeline.shop_time import providers_by_test_clock
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms

SEALS = Seals(["a secret of thirty-two characters"], SEALED_FOR)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Shop:
    """A shop with a test clock, and what follows its parcels."""

    def __init__(self, rooms: OrderRooms, following: Following) -> None:
        self.rooms = rooms
        self.following = following
        self._shop, self._providers = rooms.scope.shop, providers_by_test_clock()

    async def set(self, change: Callable[..., Awaitable[object]], value: object) -> None:
        """The clock, and nothing else."""
        await self.rooms.db.write(self.rooms.scope, lambda work: change(work, self._shop, value, self._providers))

    async def freeze(self, at: datetime) -> None:
        await self.set(freeze, at)
        await self.following.drain()

    async def advance(self, **by: float) -> None:
        await self.set(advance, timedelta(**by))
        await self.following.drain()

    async def speed(self, factor: float) -> None:
        await self.set(speed, factor)
        await self.following.drain()

    async def release(self) -> None:
        await self.rooms.db.write(self.rooms.scope, lambda work: release_clock(work, self._shop, self._providers))
        await self.following.drain()

    async def really_later(self, **span: float) -> None:
        self.rooms.clock.advance(timedelta(**span))
        await self.following.drain()

    async def parcel(
        self, number: str, order: str = "1", placed_at: datetime | None = MONDAY, carrier: str = "sandbox"
    ) -> Shipment:
        address = {"country_code": "DE", "zip_code": "10115"}
        told = Tracking(tracking_number=number, carrier_reference=carrier, tracking_placed_at=placed_at)
        file = await self.rooms.one(self.rooms.command(order, told, address=address))
        await self.really_later(seconds=10)  # an account looks for new parcels so often
        return file.shipments[0]

    async def file(self, shipment: Shipment) -> OrderFile:
        return await self.rooms.stored(shipment.order_id)

    async def names(self, shipment: Shipment) -> list[str]:
        return [event.event_name for event in await self.scans(shipment)]

    async def scans(self, shipment: Shipment) -> list[TimelineEvent]:
        """What the sandbox told, its promises aside."""
        told = (await self.file(shipment)).timeline
        return [one for one in told if one.origin == "sandbox" and one.event_name != "ESTIMATED_DELIVERY_UPDATED"]


@pytest_asyncio.fixture
async def shop(karla: Karla, database_url: str) -> AsyncIterator[Shop]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as rooms, Egress(allow_private=True) as egress:
        wish = Wish(kind="carriers", slug="sandbox", name="Sandbox", credentials={}, settings={}, hints={})
        await rooms.db.write(rooms.scope, lambda work: connect(work, SEALS, wish))
        following = Following(rooms.db, egress, rooms.clock, SEALS)
        yield Shop(rooms, following)
        await rooms.db.write(rooms.scope, lambda work: disconnect(work, "carriers", "sandbox"))
        await following.drain()


async def test_a_story_is_told_as_far_as_the_clock_has_come(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-A.3H.P.1D.O.2H.D")
    assert await shop.names(parcel) == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
    await shop.advance(hours=3)
    assert (await shop.names(parcel))[-1] == "PICKED_UP_BY_CARRIER"
    await shop.advance(days=1)
    assert (await shop.names(parcel))[-1] == "OUT_FOR_DELIVERY"
    await shop.advance(hours=2)
    assert (await shop.names(parcel))[-1] == "SUCCESSFULLY_DELIVERED"
    assert (await shop.file(parcel)).shipments[0].phase == "delivered"
    assert (await shop.scans(parcel))[-1].event_time == MONDAY + timedelta(days=1, hours=5)


async def test_a_week_passes_in_one_step_and_its_events_come_in_order(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-PARCELSHOP-1")
    shop.rooms.take_facts()
    await shop.advance(days=7)
    told = [name for name in shop.rooms.take_facts() if name != "ESTIMATED_DELIVERY_UPDATED"]
    assert told == (await shop.names(parcel))[1:]
    assert all(one.event_time <= other.event_time for one, other in pairwise(await shop.scans(parcel)))
    assert (await shop.file(parcel)).shipments[0].phase == "delivered"


async def test_a_clock_that_stands_tells_nothing_however_long_one_waits(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-A.3H.P.1D.O.2H.D")
    await shop.really_later(days=3)
    assert await shop.names(parcel) == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]


async def test_a_fast_clock_lets_a_day_pass_in_seconds(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-A.3H.P.1D.O.2H.D")
    await shop.speed(3600)
    for _ in range(40):
        await shop.really_later(seconds=1)
    assert (await shop.names(parcel))[-1] == "SUCCESSFULLY_DELIVERED"


async def test_a_story_without_a_beginning_begins_when_the_tracking_came_by_the_clock(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-A.T.O.D", placed_at=None)
    assert await shop.names(parcel) == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
    await shop.advance(hours=3)
    assert (await shop.names(parcel))[-1] == "SUCCESSFULLY_DELIVERED"


async def test_silence_is_told_by_the_clock_too(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-STUCK")
    await shop.advance(days=2)
    before = [event.event_name for event in (await shop.file(parcel)).timeline]
    assert "NO_SCAN_FOR_EXTENDED_PERIOD" not in before
    await shop.advance(days=6)
    silent = [
        event for event in (await shop.file(parcel)).timeline if event.event_name == "NO_SCAN_FOR_EXTENDED_PERIOD"
    ]
    assert [event.event_time for event in silent] == [MONDAY + timedelta(days=8)]


async def test_without_the_clock_the_real_time_rules_again(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    begun = shop.rooms.clock.now() - timedelta(minutes=1)
    parcel = await shop.parcel("SBX-A.3H.P.1D.O.2H.D", placed_at=begun)
    assert await shop.names(parcel) == []
    await shop.release()
    assert await shop.names(parcel) == ["SHIPMENT_DATA_RECEIVED_BY_CARRIER"]
    await shop.really_later(hours=12)
    assert (await shop.names(parcel))[-1] == "PICKED_UP_BY_CARRIER"


async def test_a_parcel_of_any_carrier_is_the_sandboxs_by_its_number(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("sbx-DELIVERED-77", carrier="gls")
    await shop.advance(days=3)
    file = await shop.file(parcel)
    assert (file.shipments[0].carrier_reference, file.shipments[0].phase) == ("gls", "delivered")


async def test_a_clock_that_is_moved_while_a_turn_is_under_way_is_noticed(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcels = [await shop.parcel(f"SBX-DELIVERED-{number}", order=f"order {number}") for number in range(5)]
    stop = asyncio.Event()
    running = asyncio.create_task(shop.following.run(stop))
    for _ in range(30):
        await shop.set(advance, timedelta(hours=2))
        shop.following.hurry()

    async with asyncio.timeout(20):
        for parcel in parcels:
            while (await shop.file(parcel)).shipments[0].phase != "delivered":
                pass
    stop.set()
    shop.following.wake()
    await running


async def test_a_worker_hears_of_a_silence_that_the_clock_jumped_over(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-STUCK")
    await shop.advance(days=2)
    stop = asyncio.Event()
    running = asyncio.create_task(shop.following.run(stop))
    await shop.set(advance, timedelta(days=10))
    shop.following.hurry()
    async with asyncio.timeout(20):
        while "NO_SCAN_FOR_EXTENDED_PERIOD" not in [one.event_name for one in (await shop.file(parcel)).timeline]:
            pass
    stop.set()
    shop.following.wake()
    await running


async def test_a_step_over_the_whole_story_tells_of_no_silence(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-DELIVERED")
    await shop.advance(days=10)
    assert "NO_SCAN_FOR_EXTENDED_PERIOD" not in [one.event_name for one in (await shop.file(parcel)).timeline]


async def test_where_a_parcel_lies_may_be_told_after_its_delivery(shop: Shop) -> None:
    await shop.freeze(MONDAY)
    parcel = await shop.parcel("SBX-A.O.DS.2H.DV-1")
    await shop.advance(hours=2)
    (*_, delivered) = await shop.scans(parcel)
    assert delivered.event_name == "DELIVERED_TO_SAFE_PLACE"
    assert "left_at" not in (delivered.additional_info or {})
    await shop.advance(days=2)
    known = {event.id: event for event in await shop.scans(parcel)}[delivered.id]
    places = ("Im Fahrradschuppen", "Hinter dem Gartentor", "Auf der Terrasse")
    assert (known.additional_info or {})["left_at"] in places
    assert (await shop.names(parcel)).count("DELIVERED_TO_SAFE_PLACE") == 1
