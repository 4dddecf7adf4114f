"""What the examples of events and answers are made of: the sample of the subscribers, at one place and time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from karla.domain.shipments.records import ShipmentEvent
from karla.domain.subscribers.rules.samples import (
    ADDRESS,
    LINES,
    TRACKING_NUMBER,
    id_of,
    sample_event,
    sample_file,
    sample_order,
)
from karla.domain.tenants.records import ShopRef
from karla.vocabulary.events import CATALOGUE, EventKind

__all__ = ["ADDRESS", "FILE", "HAPPENED", "LINES", "OUT_FOR_DELIVERY", "SHOP", "TOLD", "TRACKING_NUMBER", "id_of"]

SHOP = ShopRef(id=id_of("shop"), slug="my-shop", organisation_id=id_of("organisation"))
PLACED = datetime(2026, 3, 12, 9, 41, 7, tzinfo=UTC)
HAPPENED = datetime(2026, 3, 14, 7, 12, tzinfo=UTC)
TOLD = HAPPENED + timedelta(seconds=38)

_ORDER = sample_order(SHOP.id, PLACED)


def event(kind: EventKind) -> ShipmentEvent:
    """The fact that this happened to the only parcel of the order."""
    return sample_event(kind, _ORDER, HAPPENED)


OUT_FOR_DELIVERY = event(CATALOGUE["OUT_FOR_DELIVERY"])
FILE = sample_file(CATALOGUE["OUT_FOR_DELIVERY"], _ORDER, HAPPENED)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(value))
