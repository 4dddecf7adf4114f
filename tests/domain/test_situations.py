"""How a parcel and a whole order are told of, by every event of the catalogue and every mixture of parcels."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment, TimelineEvent
from karla.domain.shipments.rules.order_states import lone_parcel, order_state
from karla.domain.shipments.rules.situations import Standing, flows_of, on_its_way_back, situation_of
from karla.domain.shipments.rules.stages import stages_of
from karla.domain.shipments.rules.timelines import chronological, standing
from karla.vocabulary.events import CATALOGUE, Direction, Flag, Phase
from karla.vocabulary.orders import OrderState
from karla.vocabulary.parcels import Situation

NOW = datetime(2026, 3, 16, 12, tzinfo=UTC)
PLACED = NOW - timedelta(days=4)
OUT, BACK = Direction.MERCHANT_CUSTOMER, Direction.CUSTOMER_MERCHANT


def order(**members: Any) -> Order:
    return Order(
        shop_id=UUID(int=1),
        id=UUID(int=2),
        order_number="1001",
        order_placed_at=PLACED,
        created_at=PLACED,
        updated_at=PLACED,
        **members,
    )


def parcel(*names: str, number: str | None = "1Z", direction: Direction = OUT, **members: Any) -> Shipment:
    return parcel_with(*names, number=number, direction=direction, **members)[0]


def parcel_with(
    *names: str, number: str | None = "1Z", direction: Direction = OUT, **members: Any
) -> tuple[Shipment, tuple[TimelineEvent, ...]]:
    """A parcel to which these happened, one an hour, the last just now; it stands as the phase machine says."""
    blank = Shipment(
        shop_id=UUID(int=1),
        id=uuid4(),
        order_id=UUID(int=2),
        position=0,
        tracking_number=number,
        direction=direction,
        created_at=PLACED,
        updated_at=PLACED,
    )
    events = chronological(
        TimelineEvent(
            shipment_id=blank.id,
            id=uuid4(),
            origin="dhl",
            external_id=str(place),
            event_name=name,
            event_time=NOW - timedelta(hours=len(names) - 1 - place),
            created_at=NOW,
        )
        for place, name in enumerate(names)
    )
    return msgspec.structs.replace(standing(blank, events, NOW), **members), events


def situation(*names: str, cancelled: bool = False, **members: Any) -> Situation:
    shipment, events = parcel_with(*names, **members)
    of = order(cancelled_at=NOW if cancelled else None)
    return situation_of(of, shipment, events, NOW).situation


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SHIPPING_LABEL_CREATED", "announced"),
        ("READY_FOR_CARRIER_PICKUP", "announced"),
        ("CARRIER_PICKUP_FAILED", "delayed"),
        ("PICKED_UP_BY_CARRIER", "on_the_way"),
        ("DROPPED_OFF_BY_SENDER", "on_the_way"),
        ("SHIPPING_LABEL_CANCELLED", "cancelled"),
        ("ORDER_CANCELLED", "cancelled"),
        ("DEPARTURE_FROM_TRANSPORT_HUB", "on_the_way"),
        ("CUSTOMS_DUTIES_DUE", "delayed"),
        ("DELAYED_DUE_TO_WEATHER", "delayed"),
        ("INVESTIGATION_STARTED", "delayed"),
        ("REPACKAGED_BY_CARRIER", "on_the_way"),
        ("DELIVERY_DATE_CHANGED_BY_CUSTOMER", "on_the_way"),
        ("REDIRECTED_BY_CUSTOMER", "on_the_way"),
        ("LOST_IN_TRANSIT", "lost"),
        ("DAMAGED_IN_TRANSIT", "damaged"),
        ("OUT_FOR_DELIVERY", "out_for_delivery"),
        ("DRIVER_NEARBY", "out_for_delivery"),
        ("DELIVERY_ATTEMPTED", "failed"),
        ("DELIVERY_TOUR_CANCELLED", "delayed"),
        ("SECOND_DELIVERY_ATTEMPT_STARTED", "out_for_delivery"),
        ("DELIVERY_RESCHEDULED_BY_CUSTOMER", "on_the_way"),
        ("FORWARDED_TO_PARCEL_SHOP", "on_the_way"),
        ("READY_FOR_COLLECTION_AT_PARCEL_LOCKER", "waiting"),
        ("COLLECTION_POINT_FULL_REDIRECTED", "on_the_way"),
        ("COLLECTION_PERIOD_EXPIRED", "returning"),
        ("SUCCESSFULLY_DELIVERED", "delivered"),
        ("PARTIALLY_DELIVERED", "delivered"),
        ("DELIVERY_FAILED_NO_ACCESS", "failed"),
        ("DELIVERY_FAILED_DAMAGED", "damaged"),
        ("RETURN_TO_SENDER_INITIATED", "returning"),
        ("RETURNED_TO_SENDER", "returned"),
        ("RETURN_LABEL_CREATED", "delivered"),
        ("RETURN_IN_TRANSIT", "returning"),
        ("RETURN_RECEIVED_BY_MERCHANT", "returned"),
        ("RETURN_LOST", "lost"),
    ],
)
def test_a_parcel_by_what_happened_to_it_last(name: str, expected: Situation) -> None:
    assert situation(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RETURN_LABEL_CREATED", "returning"),
        ("DEPARTURE_FROM_TRANSPORT_HUB", "returning"),
        ("SUCCESSFULLY_DELIVERED", "returned"),
        ("RETURN_RECEIVED_BY_MERCHANT", "returned"),
        ("DELIVERY_FAILED", "failed"),
        ("RETURN_REFUSED_BY_MERCHANT", "failed"),
        ("LOST_IN_TRANSIT", "lost"),
        ("ORDER_CANCELLED", "cancelled"),
    ],
)
def test_a_parcel_on_its_way_back(name: str, expected: Situation) -> None:
    assert situation(name, direction=BACK) == expected


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_event_leaves_a_parcel_somewhere_with_its_stages(name: str, direction: Direction) -> None:
    shipment, events = parcel_with(name, direction=direction)
    found = situation_of(order(), shipment, events, NOW)
    stages = stages_of(order(), shipment, events, found)
    marks = [stage.state for stage in stages]
    here = [mark for mark in marks if mark in ("current", "failed")]
    assert len(here) == (0 if found.situation in ("delivered", "returned") else 1)
    assert marks == sorted(marks, key=["done", "current", "failed", "upcoming"].index)


def test_a_late_depot_scan_takes_back_no_delivery() -> None:
    assert situation("SUCCESSFULLY_DELIVERED", "ARRIVAL_AT_DELIVERY_DEPOT") == "delivered"


def test_a_draft_is_expected_whatever_its_shop_says_of_it() -> None:
    assert situation("ORDER_CREATED", number=None) == "expected"
    assert situation("ORDER_CREATED", "ORDER_BACKORDERED", number=None) == "expected"
    assert situation("ORDER_CREATED", number=None, cancelled=True) == "cancelled"


def test_what_left_before_the_order_was_cancelled_still_comes() -> None:
    assert situation("SHIPPING_LABEL_CREATED", cancelled=True) == "cancelled"
    assert situation("OUT_FOR_DELIVERY", cancelled=True) == "out_for_delivery"


@pytest.mark.parametrize(
    ("name", "late"),
    [
        ("SHIPPING_LABEL_CREATED", True),
        ("DEPARTURE_FROM_TRANSPORT_HUB", True),
        ("OUT_FOR_DELIVERY", True),
        ("READY_FOR_COLLECTION_AT_PARCEL_SHOP", False),
        ("SUCCESSFULLY_DELIVERED", False),
        ("LOST_IN_TRANSIT", False),
    ],
)
def test_a_window_that_has_passed_delays_what_is_awaited(name: str, late: bool) -> None:
    shipment, events = parcel_with(name, expected_to=NOW - timedelta(minutes=1))
    found = situation_of(order(), shipment, events, NOW)
    assert found.late is late
    assert (found.situation == "delayed") is late
    in_time = msgspec.structs.replace(shipment, expected_to=NOW + timedelta(minutes=1))
    assert not situation_of(order(), in_time, events, NOW).late


def test_silence_delays_until_the_next_scan() -> None:
    quiet = ("DEPARTURE_FROM_TRANSPORT_HUB", "NO_SCAN_FOR_EXTENDED_PERIOD")
    assert situation(*quiet) == "delayed"
    assert situation(*quiet, "ARRIVAL_AT_TRANSPORT_HUB") == "on_the_way"


@pytest.mark.parametrize(
    ("names", "members", "flows"),
    [
        (("SUCCESSFULLY_DELIVERED",), {}, ["notReceived", "defective", "return"]),
        (("SUCCESSFULLY_DELIVERED",), {"direction": BACK}, []),
        (("LOST_IN_TRANSIT",), {}, ["notReceived"]),
        (("DAMAGED_IN_TRANSIT",), {}, ["notReceived"]),
        (("INVESTIGATION_STARTED",), {}, ["notReceived"]),
        (("DEPARTURE_FROM_TRANSPORT_HUB",), {"expected_to": NOW - timedelta(days=1)}, ["notReceived"]),
        (("DELAYED_DUE_TO_WEATHER",), {}, []),
        (("OUT_FOR_DELIVERY",), {}, []),
        (("READY_FOR_COLLECTION_AT_PARCEL_SHOP",), {}, []),
        (("RETURNED_TO_SENDER",), {}, []),
        (("ORDER_CREATED",), {"number": None}, []),
    ],
)
def test_claims_make_sense_once_there_is_something_to_claim(
    names: tuple[str, ...], members: dict[str, Any], flows: list[str]
) -> None:
    shipment, events = parcel_with(*names, **members)
    assert flows_of(shipment, situation_of(order(), shipment, events, NOW)) == flows


# --- the stages of a way


def stages(*names: str, **members: Any) -> list[str]:
    shipment, events = parcel_with(*names, **members)
    found = situation_of(order(), shipment, events, NOW)
    return [f"{stage.key} {stage.state}" for stage in stages_of(order(), shipment, events, found)]


@pytest.mark.parametrize(
    ("names", "members", "expected"),
    [
        (
            ("ORDER_CREATED",),
            {"number": None},
            "ordered current, packed upcoming, on_the_way upcoming, out_for_delivery upcoming, delivered upcoming",
        ),
        (
            ("SHIPPING_LABEL_CREATED",),
            {},
            "ordered done, packed current, on_the_way upcoming, out_for_delivery upcoming, delivered upcoming",
        ),
        (
            ("SHIPPING_LABEL_CREATED", "PICKED_UP_BY_CARRIER"),
            {},
            "ordered done, packed done, on_the_way current, out_for_delivery upcoming, delivered upcoming",
        ),
        (
            ("OUT_FOR_DELIVERY",),
            {},
            "ordered done, packed done, on_the_way done, out_for_delivery current, delivered upcoming",
        ),
        (
            ("OUT_FOR_DELIVERY", "DELIVERY_RESCHEDULED_BY_CARRIER"),
            {},
            "ordered done, packed done, on_the_way current, out_for_delivery upcoming, delivered upcoming",
        ),
        (
            ("OUT_FOR_DELIVERY", "DELIVERY_FAILED_NO_ACCESS"),
            {},
            "ordered done, packed done, on_the_way done, out_for_delivery failed, delivered upcoming",
        ),
        (
            ("LOST_IN_TRANSIT",),
            {},
            "ordered done, packed done, on_the_way failed, out_for_delivery upcoming, delivered upcoming",
        ),
        (
            ("OUT_FOR_DELIVERY", "FORWARDED_TO_PARCEL_SHOP"),
            {},
            "ordered done, packed done, on_the_way current, waiting upcoming, delivered upcoming",
        ),
        (
            ("READY_FOR_COLLECTION_AT_PARCEL_SHOP",),
            {},
            "ordered done, packed done, on_the_way done, waiting current, delivered upcoming",
        ),
        (
            ("READY_FOR_COLLECTION_AT_PARCEL_SHOP", "PICKED_UP_BY_CUSTOMER"),
            {},
            "ordered done, packed done, on_the_way done, waiting done, delivered done",
        ),
        (
            ("OUT_FOR_DELIVERY", "REFUSED_RETURN_TO_SENDER"),
            {},
            "ordered done, packed done, on_the_way done, out_for_delivery done, returned current",
        ),
        (("RETURNED_TO_SENDER",), {}, "ordered done, packed done, on_the_way done, returned done"),
        (("ORDER_CREATED", "ORDER_CANCELLED"), {"number": None}, "ordered done, cancelled failed"),
        (("RETURN_LABEL_CREATED",), {"direction": BACK}, "packed current, on_the_way upcoming, returned upcoming"),
        (("RETURN_IN_TRANSIT",), {"direction": BACK}, "packed done, on_the_way current, returned upcoming"),
        (("RETURN_RECEIVED_BY_MERCHANT",), {"direction": BACK}, "packed done, on_the_way done, returned done"),
    ],
)
def test_the_stages_behind_and_before_a_parcel(names: tuple[str, ...], members: dict[str, Any], expected: str) -> None:
    assert ", ".join(stages(*names, **members)) == expected


def test_stages_tell_when_they_were_reached_and_nothing_of_what_was_withdrawn() -> None:
    shipment, events = parcel_with("SHIPPING_LABEL_CREATED", "ACCEPTED_BY_CARRIER", "ARRIVAL_AT_TRANSPORT_HUB")
    found = situation_of(order(), shipment, events, NOW)
    at = {stage.key: stage.at for stage in stages_of(order(), shipment, events, found)}
    assert (at["ordered"], at["packed"]) == (PLACED, NOW - timedelta(hours=2))
    assert (at["on_the_way"], at["delivered"]) == (NOW - timedelta(hours=1), None)
    withdrawn = tuple(msgspec.structs.replace(event, withdrawn_at=NOW) for event in events)
    assert stages_of(order(), shipment, withdrawn, found)[1].at is None


# --- whole orders


def state(*shipments: Shipment, cancelled: bool = False) -> OrderState:
    of = order(cancelled_at=NOW if cancelled else None, expected_number_of_shipments=len(shipments))
    file = OrderFile(of, shipments, ())
    return order_state(file, [situation_of(of, shipment, (), NOW) for shipment in file.shipments])


def draft(*names: str) -> Shipment:
    return parcel(*(names or ("ORDER_CREATED",)), number=None)


@pytest.mark.parametrize(
    ("shipments", "expected"),
    [
        ([], "placed"),
        ([draft()], "placed"),
        ([draft("ORDER_IN_PROCESSING")], "preparing"),
        ([draft("ORDER_PACKED")], "preparing"),
        ([draft("ORDER_BACKORDERED")], "delayed"),
        ([parcel("SHIPPING_LABEL_CREATED"), draft()], "preparing"),
        ([parcel("ACCEPTED_BY_CARRIER"), draft()], "partially_shipped"),
        ([parcel("ACCEPTED_BY_CARRIER"), parcel("SHIPPING_LABEL_CREATED")], "partially_shipped"),
        ([parcel("ACCEPTED_BY_CARRIER"), parcel("ACCEPTED_BY_CARRIER")], "on_the_way"),
        ([parcel("ACCEPTED_BY_CARRIER"), parcel("OUT_FOR_DELIVERY")], "out_for_delivery"),
        ([parcel("SUCCESSFULLY_DELIVERED"), parcel("OUT_FOR_DELIVERY")], "out_for_delivery"),
        ([parcel("SUCCESSFULLY_DELIVERED"), draft()], "partially_delivered"),
        ([parcel("SUCCESSFULLY_DELIVERED"), draft("ORDER_BACKORDERED")], "partially_delivered"),
        ([parcel("SUCCESSFULLY_DELIVERED"), parcel("ACCEPTED_BY_CARRIER")], "partially_delivered"),
        ([parcel("SUCCESSFULLY_DELIVERED"), parcel("DELIVERED_TO_NEIGHBOUR")], "delivered"),
        ([parcel("SUCCESSFULLY_DELIVERED"), parcel("RETURNED_TO_SENDER")], "delivered"),
        ([parcel("READY_FOR_COLLECTION_AT_DEPOT"), parcel("OUT_FOR_DELIVERY")], "waiting"),
        ([parcel("DELIVERY_FAILED"), parcel("OUT_FOR_DELIVERY")], "failed"),
        ([parcel("DAMAGED_IN_TRANSIT"), parcel("SUCCESSFULLY_DELIVERED")], "failed"),
        ([parcel("LOST_IN_TRANSIT"), parcel("SUCCESSFULLY_DELIVERED")], "lost"),
        ([parcel("DELAYED_BY_CARRIER"), parcel("SUCCESSFULLY_DELIVERED")], "delayed"),
        ([parcel("RETURN_TO_SENDER_INITIATED"), parcel("SUCCESSFULLY_DELIVERED")], "returning"),
        ([parcel("RETURNED_TO_SENDER")], "returned"),
        ([parcel("SUCCESSFULLY_DELIVERED"), parcel("RETURN_LABEL_CREATED", direction=BACK)], "delivered"),
        ([parcel("SUCCESSFULLY_DELIVERED"), parcel("RETURN_IN_TRANSIT", direction=BACK)], "returning"),
        ([parcel("SUCCESSFULLY_DELIVERED"), parcel("SUCCESSFULLY_DELIVERED", direction=BACK)], "returned"),
        ([parcel("SUCCESSFULLY_DELIVERED"), parcel("RETURN_LOST", direction=BACK)], "lost"),
        ([parcel("OUT_FOR_DELIVERY"), parcel("RETURN_IN_TRANSIT", direction=BACK)], "out_for_delivery"),
        ([parcel("ORDER_CANCELLED", number=None)], "cancelled"),
        ([parcel("SHIPPING_LABEL_CANCELLED"), parcel("ACCEPTED_BY_CARRIER")], "on_the_way"),
    ],
)
def test_the_state_of_an_order_over_all_its_parcels(shipments: list[Shipment], expected: OrderState) -> None:
    assert state(*shipments) == expected
    assert state(*reversed(shipments)) == expected


def test_a_cancelled_order_is_cancelled_also_without_parcels() -> None:
    assert state(cancelled=True) == "cancelled"
    assert state(draft(), parcel("SHIPPING_LABEL_CREATED"), cancelled=True) == "cancelled"
    assert state(parcel("OUT_FOR_DELIVERY"), cancelled=True) == "out_for_delivery"


def test_only_one_parcel_speaks_for_its_order() -> None:
    one, other = parcel("OUT_FOR_DELIVERY"), draft()
    label = parcel("RETURN_LABEL_CREATED", direction=BACK)
    handed_in = parcel("PICKED_UP_BY_CARRIER", direction=BACK)
    assert lone_parcel(order(), [one]) is one
    assert lone_parcel(order(), [one, label]) is one
    assert lone_parcel(order(), [one, other]) is None
    assert lone_parcel(order(expected_number_of_shipments=2), [one]) is None
    assert lone_parcel(order(), [one, handed_in]) is None
    assert (on_its_way_back(label), on_its_way_back(handed_in)) == (False, True)


def test_a_parcel_without_any_event_is_announced() -> None:
    shipment, _ = parcel_with()
    assert (shipment.phase, shipment.flag, shipment.event_name) == (Phase.ORDER_CREATED, Flag.NORMAL, None)
    assert situation_of(order(), shipment, (), NOW) == Standing("announced")
