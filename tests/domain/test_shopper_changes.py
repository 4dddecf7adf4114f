"""What shoppers may change of an order, and how it is told that they did."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from karla.domain.orders.records import Order, SavedOrder
from karla.domain.shipments.records import OrderFile, Tracking
from karla.domain.shipments.rules.fulfilment import Plan, Planner, readdressable
from karla.vocabulary.events import Phase

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def order(**members: Any) -> Order:
    return Order(
        shop_id=UUID(int=1),
        id=UUID(int=2),
        order_number="1001",
        order_placed_at=NOW,
        expected_number_of_shipments=2,
        created_at=NOW,
        updated_at=NOW,
        **members,
    )


def placed(*trackings: Tracking) -> Plan:
    planner = Planner(SavedOrder(order(), None), None, NOW, uuid4)
    planner.attach(trackings)
    planner.expect()
    return planner.plan()


def test_an_address_may_change_while_nothing_has_a_number() -> None:
    assert readdressable(placed().file)
    assert not readdressable(placed(Tracking(tracking_number="1Z")).file)


@pytest.mark.parametrize("name", ["ORDER_PICKED", "ORDER_PACKED"])
def test_what_is_being_packed_may_have_a_label(name: str) -> None:
    file = placed().file
    first, second = file.shipments
    packed = msgspec.structs.replace(first, phase=Phase.ORDER_PROCESSED, event_name=name)
    assert not readdressable(OrderFile(file.order, (packed, second)))


def test_who_asked_for_it_stands_on_the_timeline() -> None:
    file = placed().file
    planner = Planner(SavedOrder(order(cancelled_at=LATER), file.order), file, LATER, uuid4)
    planner.cancel()
    planner.asked_by("shopper")
    plan = planner.plan()
    events = [happening.event for happening in plan.happenings]
    assert [(event.event_name, event.additional_info) for event in events] == [
        ("ORDER_CANCELLED", {"requested_by": "shopper"})
    ] * 2
    assert all(event in plan.file.timeline for event in events)
