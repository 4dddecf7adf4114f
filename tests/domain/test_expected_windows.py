"""Which window a shipment has: a promise stands before any forecast, until it has passed or was taken back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from karla.domain.shipments.records import Shipment, TimelineEvent
from karla.domain.shipments.rules.timelines import chronological, standing
from tests.support.clocks import NOON

PARCEL = Shipment(
    shop_id=uuid4(),
    id=uuid4(),
    order_id=uuid4(),
    position=0,
    tracking_number="1",
    created_at=NOON,
    updated_at=NOON,
)


def days(number: float) -> datetime:
    return NOON + timedelta(days=number)


def told(at: float, until: float | None, sure: object = None) -> TimelineEvent:
    """A window of a day; none where it was taken back."""
    window: dict[str, Any] = {}
    if until is not None:
        window = {"from": days(until - 1).isoformat(), "to": days(until).isoformat()}
    if sure is not None:
        window["confidence"] = sure
    return TimelineEvent(
        shipment_id=PARCEL.id,
        id=uuid4(),
        origin="carrier",
        external_id=f"{at}",
        event_name="ESTIMATED_DELIVERY_UPDATED",
        event_time=days(at),
        additional_info={"expected_delivery": window},
        created_at=NOON,
    )


@pytest.mark.parametrize(
    ("events", "until", "sure"),
    [
        ([told(0, 3)], 3, None),
        ([told(0, 3), told(1, 4)], 4, None),
        ([told(0, 3, 0.5)], 3, 0.5),
        ([told(0, 3, 0.5), told(1, 4, 0.6)], 4, 0.6),
        ([told(0, 3, 0.5), told(1, 4)], 4, None),
        ([told(0, 3), told(1, 4, 0.5)], 3, None),  # it is promised
        ([told(0, 4), told(1, 3, 0.5)], 4, None),  # told late
        ([told(0, 3), told(5, 6, 0.5)], 6, 0.5),  # it was promised, and has passed
        ([told(0, 3), told(5, 6, 0.5), told(6, 9)], 9, None),
        ([told(0, 3), told(1, None), told(2, 5, 0.5)], 5, 0.5),  # it isn't promised any more
        ([told(0, 3, 0.5), told(1, None)], None, None),
        ([told(0, 3, 1)], 3, 1.0),
        ([told(0, 3, "sure")], 3, None),  # what is no share is not said
        ([told(0, 3, True)], 3, None),
        ([told(0, 3, 1.5)], 3, None),
    ],
)
def test_the_window_that_stands(events: list[TimelineEvent], until: float | None, sure: float | None) -> None:
    stands = standing(PARCEL, chronological(reversed(events)), NOON)
    assert stands.expected_to == (None if until is None else days(until))
    assert stands.expected_confidence == sure
