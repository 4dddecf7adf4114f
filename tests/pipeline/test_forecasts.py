"""When a parcel is expected: as its carrier promises, else as others like it took."""

from datetime import timedelta

import pytest

from karla.vocabulary.events import Direction
from tests.pipeline.told_carriers import A_DAY, DELAYED, OUT, TRANSIT, TUESDAY, UPDATED, Carrier, scan
from tests.support.clocks import NOON


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
