"""What is told when a parcel is late."""

from datetime import timedelta

from karla.pipeline.lateness import Lateness
from tests.pipeline.told_carriers import A_DAY, DELAYED, OUT, TRANSIT, TUESDAY, Carrier, read, scan
from tests.support.clocks import NOON


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
