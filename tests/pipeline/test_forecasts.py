"""When a parcel is expected: as its carrier promises, else as others like it took; and what is told when it is late."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from karla.domain.shipments.records import Shipment, TimelineEvent, Tracking
from karla.domain.tracking.commands.answers import read_again
from karla.domain.tracking.commands.transits import KEPT, count_transits
from karla.infra.access import EVERYWHERE
from karla.infra.work import Work
from karla.integrations.carriers.contract import Parcel, Reading, Scan
from karla.pipeline.lateness import Lateness
from karla.pipeline.normaliser import Normaliser
from karla.vocabulary.events import Direction
from tests.support.clocks import NOON
from tests.support.karla import Karla
from tests.support.order_rooms import OrderRooms, order_rooms

A_DAY = timedelta(days=1)
# NOON is on a Monday, and the days of Berlin begin an hour before those of UTC.
TUESDAY = datetime.fromisoformat("2026-03-16T23:00:00+00:00")
TRANSIT, OUT, DELIVERED = "ARRIVAL_AT_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED"
UPDATED, DELAYED = "ESTIMATED_DELIVERY_UPDATED", "DELAYED_BY_CARRIER"


def read(slug: str, body: bytes, parcel: Parcel) -> Reading:
    """The mapping of a stand-in, whose answers are readings already."""
    del slug, parcel
    return msgspec.json.decode(body, type=Reading)


def scan(name: str, at: datetime, country: str = "DE") -> Scan:
    return Scan(external_id=f"{name}@{at}", event_name=name, event_time=at, location={"country": country})


class Carrier:
    """A shop whose carrier's answers are given by hand, and what reads them."""

    def __init__(self, rooms: OrderRooms) -> None:
        self.rooms = rooms
        self.normaliser = Normaliser(rooms.db, read)
        self.lateness = Lateness(rooms.db, rooms.clock, read)

    async def parcel(self, order: str = "1", country: str = "DE", **members: Any) -> Shipment:
        """One that is followed."""
        told = Tracking(tracking_number=f"number of {order}", carrier_reference="dhl", **members)
        file = await self.rooms.one(self.rooms.command(order, told, address={"country_code": country}))
        shipment = next(one for one in file.shipments if not one.draft)
        await self._execute(
            """
            insert into followed_parcels (shop_id, shipment_id, provider, carrier, tracking_number, due_at, urgency,
                                          changed_at)
            values ($1, $2, 'dhl', 'dhl', $3, $4, 2, $4)
            """,
            shipment.shop_id,
            shipment.id,
            shipment.tracking_number,
            self.rooms.clock.now(),
        )
        return shipment

    async def tells(self, shipment: Shipment, *scans: Scan, **members: Any) -> None:
        """Have the carrier's answer read; `promise` is a window."""
        window, provider = members.pop("promise", (None, None)), members.pop("provider", "dhl")
        reading = Reading(scans=scans, expected_from=window[0], expected_to=window[1], **members)
        await self._execute(
            """
            insert into provider_answers (shop_id, received_at, id, shipment_id, provider, content_type, body, carrier,
                                          tracking_number)
            values ($1, $2, $3, $4, $5, 'application/json', $6, 'dhl', $7)
            """,
            shipment.shop_id,
            self.rooms.clock.now(),
            uuid4(),
            shipment.id,
            provider,
            msgspec.json.encode(reading),
            shipment.tracking_number,
        )
        await self.normaliser.turn()

    async def arrived(self, count: int, country: str, days: int = 3, provider: str = "dhl") -> None:
        """So many parcels that were handed in two Mondays ago, and took so long."""
        began = NOON - 14 * A_DAY
        for number in range(count):
            shipment = await self.parcel(f"{country} {number}", country)
            scans = scan(TRANSIT, began, country), scan(DELIVERED, began + days * A_DAY, country)
            await self.tells(shipment, *scans, provider=provider)
        await self.count()

    async def count(self) -> None:
        """As the scheduler has it done."""
        while await self.rooms.db.write(EVERYWHERE, count_transits):
            pass

    async def events(self, shipment: Shipment, *names: str) -> list[TimelineEvent]:
        """What is on the timeline under these names."""
        file = await self.rooms.stored(shipment.order_id)
        return [event for event in file.events_of(shipment.id) if event.event_name in names]

    async def now(self, shipment: Shipment) -> Shipment:
        file = await self.rooms.stored(shipment.order_id)
        return next(one for one in file.shipments if one.id == shipment.id)

    async def basis(self, shipment: Shipment) -> str:
        """What the last forecast is by."""
        told = (await self.events(shipment, UPDATED, DELAYED))[-1].additional_info
        assert told is not None
        return str(told["expected_delivery"]["basis"])

    async def later(self, **span: float) -> None:
        """So much later; those that are late by then are told of."""
        self.rooms.clock.advance(timedelta(**span))
        await self.lateness.turn()

    async def go(self) -> None:
        """Be deleted, with all that is the shop's."""
        for table in ("transit_samples", "shop_transit_times", "test_clocks"):
            await self._execute(f"delete from {table} where shop_id = $1", self.rooms.shop_id)  # noqa: S608

    async def live_by_a_test_clock(self, showing: datetime) -> None:
        """The parcels are the sandbox's now, and the shop's clock stands."""
        await self._execute(
            "update followed_parcels set provider = 'sandbox' where shop_id = $1",
            self.rooms.shop_id,
        )
        await self._execute(
            "insert into test_clocks (shop_id, set_at, showed_at, factor) values ($1, $2, $3, 0)",
            self.rooms.shop_id,
            self.rooms.clock.now(),
            showing,
        )

    async def end(self) -> None:
        """Leave no parcels that others would find to be late."""
        await self._execute("delete from followed_parcels where shop_id = $1", self.rooms.shop_id)

    async def _execute(self, statement: str, *values: object) -> None:
        async def command(work: Work) -> None:
            await work.connection.execute(statement, *values)

        await self.rooms.db.write(self.rooms.scope, command)


@pytest_asyncio.fixture
async def dhl(karla: Karla, database_url: str) -> AsyncIterator[Carrier]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as rooms:
        carrier = Carrier(rooms)
        yield carrier
        await carrier.end()


@pytest_asyncio.fixture
async def shops(karla: Karla, database_url: str) -> AsyncIterator[list[Carrier]]:
    """Four, that know nothing of each other."""
    async with AsyncExitStack() as stack:
        carriers = [
            Carrier(await stack.enter_async_context(order_rooms((await karla.shop()).shop.id, database_url)))
            for _ in range(4)
        ]
        yield carriers
        for carrier in carriers:
            await carrier.end()


async def test_a_parcel_that_nobody_promises_has_a_window_by_what_is_usual(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON))
    parcel = await dhl.now(shipment)
    assert (parcel.expected_from, parcel.expected_to) == (TUESDAY, TUESDAY + 4 * A_DAY)
    assert parcel.expected_confidence == pytest.approx(0.62, abs=0.02)
    (told,) = await dhl.events(shipment, UPDATED)
    assert (told.origin, told.additional_info) == (
        "karla",
        {
            "expected_delivery": {
                "from": "2026-03-16T23:00:00+00:00",
                "to": "2026-03-20T23:00:00+00:00",
                "confidence": parcel.expected_confidence,
                "basis": "a usual time for parcels within a country",
            }
        },
    )
    assert (parcel.phase, parcel.event_name) == ("in_transit", TRANSIT)


async def test_it_is_told_again_only_when_it_has_moved_by_a_day(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON))
    for hours in (8, 20, 26):
        dhl.rooms.clock.advance(timedelta(hours=hours))
        await dhl.tells(shipment, scan(TRANSIT, NOON), scan("ARRIVAL_AT_DELIVERY_DEPOT", dhl.rooms.clock.now()))
    told = await dhl.events(shipment, UPDATED)
    assert len({str(event.additional_info) for event in told}) == len(told)
    assert 1 < len(told) < 4, "two days on, and not arrived: the end moves, but not with each scan"


async def test_out_for_delivery_is_expected_the_same_day(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON - 2 * A_DAY), scan(OUT, NOON))
    parcel = await dhl.now(shipment)
    assert (parcel.expected_from, parcel.expected_to) == (TUESDAY - A_DAY, TUESDAY)
    assert await dhl.basis(shipment) == "a usual time for parcels that are out for delivery"


async def test_what_is_announced_or_goes_back_or_nobody_knows_where_to_is_not_forecast(dhl: Carrier) -> None:
    announced, back = await dhl.parcel("1"), await dhl.parcel("2", direction=Direction.CUSTOMER_MERCHANT)
    nowhere = await dhl.parcel("3", country="")
    await dhl.tells(announced, scan("SHIPMENT_DATA_RECEIVED_BY_CARRIER", NOON))
    for shipment in (back, nowhere):
        await dhl.tells(shipment, scan(TRANSIT, NOON))
    for shipment in (announced, back, nowhere):
        assert (await dhl.now(shipment)).expected_to is None


async def test_a_promise_replaces_a_forecast_and_is_no_delay(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON))
    late = NOON + 9 * A_DAY, NOON + 9 * A_DAY + timedelta(hours=2)
    dhl.rooms.clock.advance(timedelta(hours=1))
    await dhl.tells(shipment, scan(TRANSIT, NOON), promise=late)
    parcel = await dhl.now(shipment)
    assert (parcel.expected_from, parcel.expected_to, parcel.expected_confidence) == (*late, None)
    assert await dhl.events(shipment, DELAYED) == []
    dhl.rooms.clock.advance(A_DAY)
    await dhl.tells(shipment, scan(TRANSIT, NOON), scan("ARRIVAL_AT_DELIVERY_DEPOT", NOON + A_DAY))
    assert (await dhl.now(shipment)).expected_to == late[1], "what is promised is not forecast"
    moved = late[0] + A_DAY, late[1] + A_DAY
    await dhl.tells(shipment, scan(TRANSIT, NOON), promise=moved)
    assert len(await dhl.events(shipment, DELAYED)) == 1


async def test_a_promise_that_is_told_late_stands_before_a_forecast(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON))
    window = {"from": (NOON + A_DAY).isoformat(), "to": (NOON + 2 * A_DAY).isoformat()}
    earlier = NOON - timedelta(hours=3)
    await dhl.rooms.observe(
        dhl.rooms.seen(shipment.id, "PICKED_UP_BY_CARRIER", earlier, additional_info={"expected_delivery": window})
    )
    parcel = await dhl.now(shipment)
    assert (parcel.expected_to, parcel.expected_confidence) == (NOON + 2 * A_DAY, None)


async def test_parcels_that_arrived_say_when_the_next_one_does(dhl: Carrier) -> None:
    await dhl.arrived(12, "NO")
    shipment = await dhl.parcel(country="NO")
    await dhl.tells(shipment, scan(TRANSIT, NOON, "NO"))
    parcel = await dhl.now(shipment)
    assert (parcel.expected_from, parcel.expected_to) == (TUESDAY + 2 * A_DAY, TUESDAY + 3 * A_DAY)
    assert await dhl.basis(shipment) == "12 parcels of DHL Paket within NO handed in on a Monday"
    assert parcel.expected_confidence is not None
    assert 0.75 < parcel.expected_confidence < 0.95


async def test_an_answer_that_is_read_again_or_comes_again_teaches_nothing_new(dhl: Carrier) -> None:
    await dhl.arrived(1, "FI")
    shipment = await dhl.parcel("once more", "FI")
    scans = scan(TRANSIT, NOON - 14 * A_DAY, "FI"), scan(DELIVERED, NOON - 10 * A_DAY, "FI")
    await dhl.tells(shipment, *scans)
    await dhl.count()
    assert await counted(dhl) == {("FI", "FI"): 2}
    await dhl.tells(shipment, *scans, scan("PROOF_OF_DELIVERY_AVAILABLE", NOON, "FI"))
    since = NOON - timedelta(hours=1)
    assert (await dhl.rooms.db.write(dhl.rooms.scope, lambda work: read_again(work, since, "dhl", None))).answers == 3
    await dhl.normaliser.turn()
    await dhl.count()
    assert await dhl.rooms.count("transit_samples") == 2
    assert await counted(dhl) == {("FI", "FI"): 2}
    # Another mapping finds where it came from: it counts there, and not where it did.
    await dhl.tells(shipment, *scans, origin_country="SE")
    await dhl.count()
    assert await counted(dhl) == {("FI", "FI"): 1, ("SE", "FI"): 1}


async def counted(shop: Carrier) -> dict[tuple[str, str], int]:
    """How many parcels a shop's counts have by lane."""
    async with shop.rooms.db.read(shop.rooms.scope) as connection:
        rows = await connection.fetch(
            "select origin, destination, samples from shop_transit_times where shop_id = $1 and carrier = '*'",
            shop.rooms.shop_id,
        )
    return {(row["origin"], row["destination"]): sum(row["samples"]) for row in rows}


async def test_what_is_too_old_counts_no_more(dhl: Carrier) -> None:
    await dhl.arrived(2, "IS")
    assert await counted(dhl) == {("IS", "IS"): 2}
    dhl.rooms.clock.advance(KEPT)
    await dhl.count()
    assert await counted(dhl) == {}
    assert await dhl.rooms.count("transit_samples") == 0


async def test_a_sandboxs_parcels_say_nothing_of_the_carriers_that_it_plays(dhl: Carrier) -> None:
    await dhl.arrived(12, "HR", provider="sandbox")
    assert await counted(dhl) == {}
    real, played = await dhl.parcel("real", "HR"), await dhl.parcel("played", "HR")
    await dhl.tells(real, scan(TRANSIT, NOON, "HR"))
    assert await dhl.basis(real) == "a usual time for parcels within a country"
    await dhl.tells(played, scan(TRANSIT, NOON, "HR"), provider="sandbox")
    assert (await dhl.basis(played)).startswith("12 parcels of ")


async def test_few_parcels_of_other_shops_say_nothing(shops: list[Carrier]) -> None:
    first, second, third, stranger = shops
    await first.arrived(30, "CZ")
    shipment = await stranger.parcel(country="CZ")
    await stranger.tells(shipment, scan(TRANSIT, NOON, "CZ"))
    assert await stranger.basis(shipment) == "a usual time for parcels within a country", "all of them are of one shop"
    await second.arrived(5, "CZ")
    await third.arrived(5, "CZ")
    another = await stranger.parcel("2", "CZ")
    await stranger.tells(another, scan(TRANSIT, NOON, "CZ"))
    assert await stranger.basis(another) == "at least 20 parcels of DHL Paket within CZ handed in on a Monday"
    own = await first.parcel("own", "CZ")
    await first.tells(own, scan(TRANSIT, NOON, "CZ"))
    assert "at least 20" in await first.basis(own), "and how many more there are is nobody's business"


async def test_what_is_shared_goes_with_the_shop_that_it_came_from(shops: list[Carrier]) -> None:
    *told, stranger = shops
    for shop in told:
        await shop.arrived(10, "SK")
    shipment = await stranger.parcel(country="SK")
    await stranger.tells(shipment, scan(TRANSIT, NOON, "SK"))
    assert (await stranger.basis(shipment)).startswith("at least 20 parcels")
    await told[0].go()
    stranger.rooms.clock.advance(2 * A_DAY)
    await stranger.count()
    another = await stranger.parcel("2", "SK")
    await stranger.tells(another, scan(TRANSIT, NOON + A_DAY, "SK"))
    assert await stranger.basis(another) == "a usual time for parcels within a country"


async def test_a_forecast_that_passes_is_a_delay_told_once_with_the_next_one(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON))
    before = await dhl.now(shipment)
    assert before.expected_to == TUESDAY + 4 * A_DAY
    await dhl.later(days=4)
    assert await dhl.events(shipment, DELAYED) == [], "its last day isn't over"
    await dhl.later(hours=12)
    await dhl.lateness.turn()
    (told,) = await dhl.events(shipment, DELAYED)
    parcel = await dhl.now(shipment)
    assert (told.origin, parcel.flag) == ("karla", "delay")
    assert parcel.expected_to is not None
    assert parcel.expected_to > before.expected_to
    assert parcel.expected_confidence is not None
    await dhl.later(days=1)
    assert len(await dhl.events(shipment, DELAYED)) == 1
    await dhl.later(days=20)
    assert len(await dhl.events(shipment, DELAYED)) == 2, "the next window has passed as well"


async def test_two_workers_tell_it_once(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON))
    other = Lateness(dhl.rooms.db, dhl.rooms.clock, read)
    await dhl.later(days=5)
    await other.turn()
    assert len(await dhl.events(shipment, DELAYED)) == 1


async def test_it_is_late_by_the_time_that_the_parcel_lives_by(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON), provider="sandbox")
    await dhl.live_by_a_test_clock(NOON + 2 * A_DAY)
    await dhl.later(days=9)
    assert await dhl.events(shipment, DELAYED) == []
    await dhl.go()
    await dhl.live_by_a_test_clock(NOON + 6 * A_DAY)
    await dhl.later(days=0)
    (told,) = await dhl.events(shipment, DELAYED)
    assert told.event_time == NOON + 6 * A_DAY


async def test_a_promise_that_passes_is_a_delay_and_does_not_come_back(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    promise = NOON + timedelta(hours=2), NOON + timedelta(hours=4)
    await dhl.tells(shipment, scan(TRANSIT, NOON - A_DAY), promise=promise)
    await dhl.later(hours=6)
    assert await dhl.events(shipment, DELAYED) == [], "vans are late at times"
    await dhl.later(hours=2)
    assert len(await dhl.events(shipment, DELAYED)) == 1
    forecast = await dhl.now(shipment)
    assert forecast.expected_to is not None
    assert forecast.expected_to > promise[1]
    # The carrier still says what it said.
    await dhl.tells(shipment, scan(TRANSIT, NOON - A_DAY), scan("SORTED_AT_TRANSPORT_HUB", NOON), promise=promise)
    assert (await dhl.now(shipment)).expected_to == forecast.expected_to
    again = NOON + 5 * A_DAY, NOON + 6 * A_DAY
    await dhl.tells(shipment, scan(TRANSIT, NOON - A_DAY), promise=again)
    assert (await dhl.now(shipment)).expected_to == again[1]
    assert len(await dhl.events(shipment, DELAYED)) == 1, "that it is late was told"


async def test_a_window_that_was_over_when_it_was_told_is_nobodys_delay(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(OUT, NOON - 3 * A_DAY), promise=(NOON - 3 * A_DAY, NOON - 2 * A_DAY))
    await dhl.later(days=1)
    parcel = await dhl.now(shipment)
    assert (parcel.phase, parcel.event_name) == ("in_delivery", OUT)


async def test_what_arrived_is_not_late(dhl: Carrier) -> None:
    shipment = await dhl.parcel()
    await dhl.tells(shipment, scan(TRANSIT, NOON), promise=(NOON, NOON + A_DAY))
    await dhl.tells(shipment, scan(TRANSIT, NOON), scan("READY_FOR_COLLECTION_AT_PARCEL_SHOP", NOON + A_DAY))
    await dhl.later(days=3)
    assert await dhl.events(shipment, DELAYED) == []
    assert await dhl.rooms.count("transit_samples") == 1, "to be collected is arrived"
