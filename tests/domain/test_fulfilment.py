"""Which parcels an order has after each thing that may be said of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from karla.domain.orders.records import Order, SavedOrder
from karla.domain.shipments.records import OrderFile, TimelineEvent, Tracking
from karla.domain.shipments.rules.fulfilment import (
    Plan,
    Planner,
    cancellable,
    fulfilment_status,
    order_status,
)
from karla.domain.shipments.rules.timelines import chronological, standing
from karla.vocabulary.events import Direction

PLACED = datetime(2026, 3, 12, 9, tzinfo=UTC)
NOW = PLACED + timedelta(hours=2)
LATER = NOW + timedelta(hours=1)
DHL = "00340434161094042557"
DHL_2 = "00340434161094042564"
UPS = "1Z999AA10123456784"
BERLIN = {"city": "Berlin", "country_code": "DE", "zip_code": "10119"}


def order(expected: int = 1, **members: Any) -> Order:
    return Order(
        shop_id=UUID(int=1),
        id=UUID(int=2),
        order_number="1001",
        order_placed_at=PLACED,
        expected_number_of_shipments=expected,
        address=BERLIN,
        created_at=NOW,
        updated_at=NOW,
        **members,
    )


def told(
    before: Plan | None, now: Order, *trackings: Tracking, at: datetime = NOW, stored: Order | None = None
) -> Plan:
    """What an upsert comes to, on top of what an earlier one came to."""
    known = stored or (before.file.order if before else None)
    planner = Planner(SavedOrder(now, known), before.file if before else None, at, uuid4)
    planner.readdress()
    planner.attach(trackings)
    planner.expect()
    return planner.plan()


def tracking(number: str, **members: Any) -> Tracking:
    return Tracking(tracking_number=number, **members)


def parcels(plan: Plan) -> list[tuple[str | None, str]]:
    return [(shipment.tracking_number, shipment.phase.value) for shipment in plan.file.shipments]


def names(plan: Plan) -> list[str]:
    return [happening.kind.name for happening in plan.happenings]


def silent(plan: Plan, before: Plan) -> None:
    """Nothing happened, nothing is to be written, and nothing is another."""
    assert (plan.written, plan.removed, plan.happenings) == ((), (), ())
    assert plan.file.shipments == before.file.shipments
    for shipment, known in zip(plan.file.shipments, before.file.shipments, strict=True):
        assert shipment is known
    assert plan.file.timeline == before.file.timeline


# --- drafts and their numbers


@pytest.mark.parametrize("expected", [0, 1, 3, 100])
def test_a_placed_order_has_as_many_drafts_as_it_expects(expected: int) -> None:
    plan = told(None, order(expected))
    assert parcels(plan) == [(None, "order_created")] * expected
    assert names(plan) == ["ORDER_CREATED"] * expected
    assert [shipment.position for shipment in plan.file.shipments] == list(range(expected))
    assert {happening.event.event_time for happening in plan.happenings} <= {PLACED}
    assert plan.written == plan.file.shipments
    assert fulfilment_status(plan.file.shipments) == "unfulfilled"


def test_a_number_fills_the_first_draft_and_the_draft_keeps_its_id() -> None:
    placed = told(None, order(2))
    plan = told(placed, order(2), tracking(DHL))
    assert parcels(plan) == [(DHL, "order_processed"), (None, "order_created")]
    assert [s.id for s in plan.file.shipments] == [s.id for s in placed.file.shipments]
    assert names(plan) == ["SHIPPING_LABEL_CREATED"]
    assert plan.written == plan.file.shipments[:1]
    assert fulfilment_status(plan.file.shipments) == "partially_fulfilled"
    assert [event.event_name for event in plan.file.events_of(plan.file.shipments[0].id)] == [
        "ORDER_CREATED",
        "SHIPPING_LABEL_CREATED",
    ]


def test_placed_and_fulfilled_at_once_starts_at_order_processed() -> None:
    plan = told(None, order(1), tracking(DHL))
    assert parcels(plan) == [(DHL, "order_processed")]
    assert names(plan) == ["SHIPPING_LABEL_CREATED"]
    assert order_status(plan.file.order, plan.file.shipments) == "fulfilled"


def test_placed_and_partly_fulfilled_at_once() -> None:
    plan = told(None, order(3), tracking(DHL))
    assert parcels(plan) == [(DHL, "order_processed"), (None, "order_created"), (None, "order_created")]
    assert sorted(names(plan)) == ["ORDER_CREATED", "ORDER_CREATED", "SHIPPING_LABEL_CREATED"]


def test_more_numbers_than_drafts_add_parcels() -> None:
    placed = told(None, order(1))
    plan = told(placed, order(1), tracking(DHL), tracking(DHL_2), tracking(UPS))
    assert [number for number, _ in parcels(plan)] == [DHL, DHL_2, UPS]
    assert plan.file.shipments[0].id == placed.file.shipments[0].id
    assert [shipment.position for shipment in plan.file.shipments] == [0, 1, 2]
    assert names(plan) == ["SHIPPING_LABEL_CREATED"] * 3


def test_several_codes_of_one_delivery_are_several_parcels_with_the_same_products() -> None:
    shirts = [{"sku": "TEE", "quantity": 2}]
    both = [tracking(n, external_shipment_id="delivery-1", products=shirts) for n in (DHL, DHL_2)]
    plan = told(None, order(), *both)
    assert [(s.tracking_number, s.external_shipment_id, s.products) for s in plan.file.shipments] == [
        (DHL, "delivery-1", shirts),
        (DHL_2, "delivery-1", shirts),
    ]
    silent(told(plan, plan.file.order, *both, at=LATER), plan)
    silent(told(plan, plan.file.order, *reversed(both), at=LATER), plan)


def test_the_time_of_a_label_is_the_tracking_s_own_or_now() -> None:
    at = PLACED + timedelta(minutes=5)
    plan = told(None, order(), tracking(DHL, tracking_placed_at=at), tracking(DHL_2))
    assert [s.tracking_placed_at for s in plan.file.shipments] == [at, NOW]
    assert [h.event.event_time for h in plan.happenings] == [at, NOW]


# --- the same parcels again


def test_what_is_known_already_changes_nothing() -> None:
    full = tracking(
        DHL,
        tracking_url="https://carrier.example/t",
        tracking_placed_at=NOW,
        carrier_reference="dhl",
        external_shipment_id="d-1",
        products=[{"sku": "TEE"}],
    )
    plan = told(None, order(2), full)
    silent(told(plan, plan.file.order, full, at=LATER), plan)
    silent(told(plan, plan.file.order, tracking(DHL), at=LATER), plan)
    silent(told(plan, plan.file.order, tracking(DHL, products=[]), at=LATER), plan)
    silent(told(plan, plan.file.order, at=LATER), plan)


def test_trackings_are_additive() -> None:
    plan = told(None, order(2), tracking(DHL))
    plan = told(plan, plan.file.order, tracking(DHL_2), at=LATER)
    assert [number for number, _ in parcels(plan)] == [DHL, DHL_2]
    silent(told(plan, plan.file.order, at=LATER), plan)


def test_a_known_parcel_takes_what_is_new_without_an_event() -> None:
    plan = told(None, order(), tracking("4711-UNCLEAR"))
    assert plan.file.shipments[0].carrier_reference is None
    plan = told(plan, plan.file.order, tracking("4711-UNCLEAR", carrier_reference="dpd"), at=LATER)
    (parcel,) = plan.file.shipments
    assert (parcel.carrier_reference, parcel.updated_at, names(plan)) == ("dpd", LATER, [])
    assert plan.written == (parcel,)


def test_the_same_number_twice_in_one_call_is_one_parcel() -> None:
    plan = told(None, order(2), tracking(DHL), tracking(DHL, external_shipment_id="d-1"))
    assert parcels(plan) == [(DHL, "order_processed"), (None, "order_created")]
    assert plan.file.shipments[0].external_shipment_id == "d-1"
    assert sorted(names(plan)) == ["ORDER_CREATED", "SHIPPING_LABEL_CREATED"]


# --- by the merchant's own id


def test_a_delivery_that_gets_another_number_stays_the_same_parcel() -> None:
    plan = told(None, order(), tracking(DHL, external_shipment_id="d-1"))
    before = plan.file.shipments[0]
    plan = told(plan, plan.file.order, tracking(UPS, external_shipment_id="d-1"), at=LATER)
    (parcel,) = plan.file.shipments
    assert (parcel.id, parcel.tracking_number, names(plan)) == (before.id, UPS, [])


def test_carrier_and_link_follow_the_number_they_came_from() -> None:
    plan = told(None, order(), tracking(DHL, external_shipment_id="d-1"))
    assert plan.file.shipments[0].carrier_reference == "dhl"
    assert DHL in str(plan.file.shipments[0].tracking_url)
    plan = told(plan, plan.file.order, tracking(UPS, external_shipment_id="d-1"), at=LATER)
    (parcel,) = plan.file.shipments
    assert parcel.carrier_reference == "ups"
    assert UPS in str(parcel.tracking_url)


def test_a_link_of_the_old_number_does_not_stay() -> None:
    old = tracking(DHL, external_shipment_id="d-1", tracking_url="https://shop.example/t/old", carrier_reference="dhl")
    plan = told(None, order(), old)
    plan = told(plan, plan.file.order, tracking("0815", external_shipment_id="d-1"), at=LATER)
    (parcel,) = plan.file.shipments
    assert parcel.carrier_reference == "dhl"
    assert str(parcel.tracking_url).startswith("https://")
    assert "0815" in str(parcel.tracking_url)


def test_a_corrected_carrier_brings_its_own_page_and_a_given_link_stays() -> None:
    plan = told(None, order(), tracking("01505012345678", carrier_reference="dhl"))
    plan = told(plan, plan.file.order, tracking("01505012345678", carrier_reference="dpd"), at=LATER)
    assert "dpd" in str(plan.file.shipments[0].tracking_url)
    mine = "https://shop.example/t/1"
    plan = told(plan, plan.file.order, tracking("01505012345678", tracking_url=mine), at=LATER)
    plan = told(plan, plan.file.order, tracking("01505012345678", carrier_reference="gls"), at=LATER)
    assert plan.file.shipments[0].tracking_url == mine


def test_a_listed_parcel_keeps_its_number_in_whatever_order_the_codes_come() -> None:
    plan = told(None, order(), tracking(DHL, external_shipment_id="d-1"))
    known = plan.file.shipments[0].id
    codes = [tracking(n, external_shipment_id="d-1") for n in (DHL_2, DHL)]
    plan = told(plan, plan.file.order, *codes, at=LATER)
    assert {s.tracking_number: s.id == known for s in plan.file.shipments} == {DHL: True, DHL_2: False}
    assert names(plan) == ["SHIPPING_LABEL_CREATED"]


def test_a_further_code_of_a_delivery_with_several_is_a_further_parcel() -> None:
    plan = told(None, order(), *(tracking(n, external_shipment_id="d-1") for n in (DHL, DHL_2)))
    plan = told(plan, plan.file.order, tracking(UPS, external_shipment_id="d-1"), at=LATER)
    assert [number for number, _ in parcels(plan)] == [DHL, DHL_2, UPS]


def test_a_return_of_a_delivery_is_not_the_delivery() -> None:
    plan = told(None, order(), tracking(DHL, external_shipment_id="d-1"))
    back = tracking(UPS, external_shipment_id="d-1", direction=Direction.CUSTOMER_MERCHANT)
    plan = told(plan, plan.file.order, back, at=LATER)
    assert [(s.tracking_number, s.direction.value) for s in plan.file.shipments] == [
        (DHL, "merchant_customer"),
        (UPS, "customer_merchant"),
    ]
    plan = told(plan, plan.file.order, tracking(DHL_2, external_shipment_id="d-1"), at=LATER)
    assert [number for number, _ in parcels(plan)] == [DHL_2, UPS]


# --- how many are expected


def test_raising_the_number_adds_drafts_and_lowering_takes_the_last_ones() -> None:
    placed = told(None, order(1))
    raised = told(placed, order(3))
    assert len(raised.file.shipments) == 3
    assert names(raised) == ["ORDER_CREATED"] * 2
    assert raised.written == raised.file.shipments[1:]
    lowered = told(raised, order(2))
    assert lowered.file.shipments == raised.file.shipments[:2]
    assert lowered.removed == (raised.file.shipments[2].id,)
    assert (lowered.written, names(lowered)) == ((), [])
    assert {event.shipment_id for event in lowered.file.timeline} == {s.id for s in lowered.file.shipments}


def test_lowering_never_takes_a_parcel_that_has_a_number() -> None:
    plan = told(None, order(3), tracking(DHL), tracking(DHL_2))
    lowered = told(plan, order(1))
    assert [number for number, _ in parcels(lowered)] == [DHL, DHL_2]
    assert len(told(plan, order(0)).file.shipments) == 2


def test_raising_counts_the_parcels_that_are_there() -> None:
    plan = told(None, order(1), tracking(DHL), tracking(DHL_2))
    silent(told(plan, order(2), stored=order(1)), plan)
    assert [number for number, _ in parcels(told(plan, order(3)))] == [DHL, DHL_2, None]


def test_raising_and_attaching_in_one_call() -> None:
    placed = told(None, order(1))
    plan = told(placed, order(3), tracking(DHL), tracking(DHL_2))
    assert [number for number, _ in parcels(plan)] == [DHL, DHL_2, None]
    assert sorted(names(plan)) == ["ORDER_CREATED", "SHIPPING_LABEL_CREATED", "SHIPPING_LABEL_CREATED"]


def test_an_unchanged_number_brings_no_draft_back() -> None:
    plan = told(None, order(1), tracking(DHL))
    silent(told(plan, order(1)), plan)


# --- parcels on their way back


def test_a_return_uses_no_draft_and_counts_for_nothing() -> None:
    placed = told(None, order(1))
    back = tracking(UPS, direction=Direction.CUSTOMER_MERCHANT)
    plan = told(placed, order(1), back)
    assert parcels(plan) == [(None, "order_created"), (UPS, "order_processed")]
    assert fulfilment_status(plan.file.shipments) == "unfulfilled"
    assert [happening.kind.group_for(Direction.CUSTOMER_MERCHANT) for happening in plan.happenings] == [
        "return_shipment_pre_transit"
    ]
    assert [number for number, _ in parcels(told(plan, order(2)))] == [None, UPS, None]
    silent(told(plan, order(1), back, at=LATER), plan)


# --- address and cancellation


def moved(plan: Plan) -> Order:
    return msgspec.structs.replace(plan.file.order, address={**BERLIN, "city": "Bonn"})


def in_transit(plan: Plan, number: str) -> Plan:
    """The plan after a carrier's scan of this parcel."""
    parcel = next(s for s in plan.file.shipments if s.tracking_number == number)
    scan = TimelineEvent(
        shipment_id=parcel.id,
        id=uuid4(),
        origin="carrier",
        external_id="1",
        event_name="ACCEPTED_BY_CARRIER",
        event_time=NOW,
        created_at=NOW,
    )
    timeline = chronological((*plan.file.timeline, scan))
    shipments = tuple(standing(s, timeline, NOW) if s is parcel else s for s in plan.file.shipments)
    return msgspec.structs.replace(plan, file=OrderFile(plan.file.order, shipments, timeline))


def test_a_new_address_is_told_to_the_parcels_that_have_not_left() -> None:
    plan = in_transit(told(None, order(3), tracking(DHL), tracking(DHL_2)), DHL)
    after = told(plan, moved(plan), tracking(UPS), at=LATER)
    assert [(h.kind.name, h.event.shipment_id) for h in after.happenings] == [
        ("ORDER_ADDRESS_UPDATED", plan.file.shipments[1].id),
        ("ORDER_ADDRESS_UPDATED", plan.file.shipments[2].id),
        ("SHIPPING_LABEL_CREATED", plan.file.shipments[2].id),
    ]
    assert [phase for _, phase in parcels(after)] == ["in_transit", "order_processed", "order_processed"]


def test_two_new_addresses_are_two_events() -> None:
    plan = told(None, order())
    once = told(plan, moved(plan), at=LATER)
    twice = told(once, plan.file.order, at=LATER)
    told_of = [e.external_id for e in twice.file.timeline if e.event_name == "ORDER_ADDRESS_UPDATED"]
    assert len(set(told_of)) == len(told_of) == 2


def test_a_draft_that_goes_hears_nothing_of_the_new_address() -> None:
    plan = told(None, order(2))
    fewer = msgspec.structs.replace(moved(plan), expected_number_of_shipments=1)
    after = told(plan, fewer, at=LATER)
    assert [h.event.shipment_id for h in after.happenings] == [plan.file.shipments[0].id]


def cancelled(plan: Plan) -> Plan:
    now = msgspec.structs.replace(plan.file.order, cancelled_at=LATER, updated_at=LATER)
    planner = Planner(SavedOrder(now, plan.file.order), plan.file, LATER, uuid4)
    planner.cancel()
    return planner.plan()


def test_cancelling_tells_every_parcel_and_moves_none() -> None:
    plan = told(None, order(2), tracking(DHL))
    assert cancellable(plan.file)
    after = cancelled(plan)
    assert names(after) == ["ORDER_CANCELLED"] * 2
    assert parcels(after) == parcels(plan)
    assert order_status(after.file.order, after.file.shipments) == "cancelled"


def test_a_cancelled_order_gets_no_more_drafts_and_hears_of_no_address() -> None:
    plan = cancelled(told(None, order(1)))
    more = msgspec.structs.replace(moved(plan), expected_number_of_shipments=3)
    after = told(plan, more, at=LATER)
    assert (len(after.file.shipments), names(after)) == (1, [])
    assert after.file.shipments[0].event_name == "ORDER_CANCELLED"


def test_an_order_can_be_cancelled_until_a_parcel_has_left() -> None:
    plan = told(None, order(2), tracking(DHL))
    assert cancellable(plan.file)
    assert not cancellable(in_transit(plan, DHL).file)
    assert cancellable(OrderFile(order(0), ()))
