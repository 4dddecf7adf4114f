"""How a parcel is, in one word for its shopper, and what may be claimed of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.records import Shipment, TimelineEvent
from karla.vocabulary.events import CATALOGUE, Direction, EventKind, Flag, Phase
from karla.vocabulary.parcels import Flow, Situation

HANDED_IN = frozenset({"PICKED_UP_BY_CARRIER", "DROPPED_OFF_BY_SENDER"})
"""The parcel is the carrier's already, whatever the phase says."""

ON_THE_VAN = frozenset(
    {
        "OUT_FOR_DELIVERY",
        "LOADED_ONTO_DELIVERY_VEHICLE",
        "DELIVERY_WINDOW_ANNOUNCED",
        "DELIVERY_WINDOW_UPDATED",
        "DRIVER_NEARBY",
        "SECOND_DELIVERY_ATTEMPT_STARTED",
    }
)
"""Of all that is told during the delivery, what says that it comes today."""

FORWARDED = frozenset({"FORWARDED_TO_PARCEL_SHOP", "FORWARDED_TO_PARCEL_LOCKER", "COLLECTION_POINT_FULL_REDIRECTED"})
"""It is brought to a place where it will wait."""

_SILENCE = "NO_SCAN_FOR_EXTENDED_PERIOD"
_CANCELLATIONS = frozenset({"ORDER_CANCELLED", "SHIPPING_LABEL_CANCELLED"})
# Nobody has to worry about what he asked for himself.
_WISHED_FOR = "shipment_delayed_due_to_customer_request"

_BEFORE_TRANSIT = frozenset({Phase.ORDER_CREATED, Phase.ORDER_PROCESSED})
_AWAITED: frozenset[Situation] = frozenset({"announced", "on_the_way", "out_for_delivery"})
_DELAYABLE = _BEFORE_TRANSIT | {Phase.IN_TRANSIT, Phase.IN_DELIVERY}

_OUT_BY_PHASE: Mapping[Phase, Situation] = MappingProxyType(
    {
        Phase.ORDER_CREATED: "announced",
        Phase.ORDER_PROCESSED: "announced",
        Phase.IN_TRANSIT: "on_the_way",
        Phase.IN_DELIVERY: "on_the_way",
        Phase.COLLECT: "waiting",
        Phase.DELIVERED: "delivered",
        Phase.DELIVERY_FAILED: "failed",
        Phase.RETURNED: "returning",
        Phase.RETURN_CREATED: "delivered",
        Phase.RETURN_TRANSIT: "returning",
        Phase.RETURN_RECEIVED: "returned",
        Phase.RETURN_FAILED: "failed",
    }
)
_BACK_BY_PHASE: Mapping[Phase, Situation] = MappingProxyType(
    {
        **dict.fromkeys(Phase, "returning"),
        Phase.DELIVERED: "returned",
        Phase.RETURN_RECEIVED: "returned",
        Phase.DELIVERY_FAILED: "failed",
        Phase.RETURNED: "failed",
        Phase.RETURN_FAILED: "failed",
    }
)
_EITHER_WAY: Mapping[str, Situation] = MappingProxyType(
    {
        "LOST_IN_TRANSIT": "lost",
        "RETURN_LOST": "lost",
        "DAMAGED_IN_TRANSIT": "damaged",
        "DELIVERY_FAILED_DAMAGED": "damaged",
        **dict.fromkeys(_CANCELLATIONS, "cancelled"),
    }
)
_OUT_BY_NAME: Mapping[str, Situation] = MappingProxyType(
    {
        **_EITHER_WAY,
        **dict.fromkeys(HANDED_IN | FORWARDED, "on_the_way"),
        **dict.fromkeys(ON_THE_VAN, "out_for_delivery"),
        "REPACKAGED_BY_CARRIER": "on_the_way",
        "DELIVERY_ATTEMPTED": "failed",
        "COLLECTION_PERIOD_EXPIRED": "returning",
        "RETURNED_TO_SENDER": "returned",
    }
)


class Standing(msgspec.Struct, frozen=True):
    """`late` says that it is awaited, and nobody told why it isn't there: its time has passed, or it is silent."""

    situation: Situation
    late: bool = False


def situation_of(order: Order, shipment: Shipment, timeline: Sequence[TimelineEvent], now: datetime) -> Standing:
    """How a parcel of `order` is; `timeline` is its own, oldest first."""
    name = shipment.event_name or ""
    if shipment.direction is Direction.CUSTOMER_MERCHANT:
        return Standing(_EITHER_WAY.get(name) or _BACK_BY_PHASE[shipment.phase])
    if order.cancelled_at is not None and shipment.phase in _BEFORE_TRANSIT:
        return Standing("cancelled")
    situation = _OUT_BY_NAME.get(name) or _out_by_kind(CATALOGUE.get(name), shipment.phase)
    if shipment.draft and situation != "cancelled":
        return Standing("expected")
    late = situation in _AWAITED and (_has_passed(shipment, now) or _is_silent(timeline))
    return Standing("delayed", late=True) if late else Standing(situation)


def flows_of(shipment: Shipment, standing: Standing) -> list[Flow]:
    """The claims that make sense now: none of parcels that go back."""
    if shipment.direction is Direction.CUSTOMER_MERCHANT:
        return []
    if standing.situation == "delivered":
        return ["notReceived", "defective", "return"]
    missing = standing.late or standing.situation in ("lost", "damaged")
    return ["notReceived"] if missing or shipment.event_name == "INVESTIGATION_STARTED" else []


def on_its_way_back(shipment: Shipment) -> bool:
    """Whether a return was handed in: a label for one may lie in the box unused."""
    pending = shipment.phase in _BEFORE_TRANSIT or shipment.phase is Phase.RETURN_CREATED
    return not pending or shipment.event_name in HANDED_IN


def _out_by_kind(kind: EventKind | None, phase: Phase) -> Situation:
    delayed = kind is not None and kind.flag is not Flag.NORMAL and kind.group != _WISHED_FOR
    return "delayed" if delayed and phase in _DELAYABLE else _OUT_BY_PHASE[phase]


def _has_passed(shipment: Shipment, now: datetime) -> bool:
    return shipment.expected_to is not None and shipment.expected_to < now


def _is_silent(timeline: Sequence[TimelineEvent]) -> bool:
    """Whether the last that was told of a parcel is that nothing was told of it."""
    last = next((event for event in reversed(timeline) if event.withdrawn_at is None), None)
    return last is not None and last.event_name == _SILENCE
