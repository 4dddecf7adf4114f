"""The stages of a parcel's way: which are behind it, at which it is, and which are to come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.records import Shipment, TimelineEvent
from karla.domain.shipments.rules.situations import FORWARDED, HANDED_IN, ON_THE_VAN, Standing
from karla.vocabulary.events import CATALOGUE, Direction, EventKind, Phase
from karla.vocabulary.parcels import Situation, StageKey, StageState


class Stage(msgspec.Struct, frozen=True):
    """A stage of a parcel's way; `at` is when it was reached, as far as that was told."""

    key: StageKey
    state: StageState
    at: datetime | None = None


_STOPPED: frozenset[Situation] = frozenset({"failed", "lost", "damaged"})
_ENDED: frozenset[Situation] = frozenset({"delivered", "returned"})
_GOES_BACK: frozenset[Situation] = frozenset({"returning", "returned"})

_OUT_BY_PHASE: Mapping[Phase, StageKey] = MappingProxyType(
    {
        **dict.fromkeys(Phase, "returned"),
        Phase.ORDER_CREATED: "ordered",
        Phase.ORDER_PROCESSED: "packed",
        Phase.IN_TRANSIT: "on_the_way",
        Phase.IN_DELIVERY: "on_the_way",
        Phase.COLLECT: "waiting",
        Phase.DELIVERED: "delivered",
        Phase.DELIVERY_FAILED: "out_for_delivery",
        Phase.RETURN_CREATED: "delivered",
    }
)
_OUT_BY_NAME: Mapping[str, StageKey] = MappingProxyType(
    {
        **dict.fromkeys(HANDED_IN | FORWARDED, "on_the_way"),
        **dict.fromkeys(ON_THE_VAN | {"DELIVERY_ATTEMPTED"}, "out_for_delivery"),
    }
)
_BACK_BY_PHASE: Mapping[Phase, StageKey] = MappingProxyType(
    {
        **dict.fromkeys(Phase, "on_the_way"),
        **dict.fromkeys((Phase.ORDER_CREATED, Phase.ORDER_PROCESSED, Phase.RETURN_CREATED), "packed"),
        **dict.fromkeys((Phase.DELIVERED, Phase.RETURN_RECEIVED), "returned"),
    }
)
_BACK_BY_NAME: Mapping[str, StageKey] = MappingProxyType(dict.fromkeys(HANDED_IN, "on_the_way"))

_BACK: tuple[StageKey, ...] = ("packed", "on_the_way", "returned")
_OUT: tuple[StageKey, ...] = ("ordered", "packed", "on_the_way", "out_for_delivery", "delivered")
_TO_COLLECT: tuple[StageKey, ...] = ("ordered", "packed", "on_the_way", "waiting", "delivered")
_DETOURS: tuple[StageKey, ...] = ("out_for_delivery", "waiting", "delivered")


def stages_of(order: Order, shipment: Shipment, timeline: Sequence[TimelineEvent], standing: Standing) -> list[Stage]:
    """The stages from the first to the one that the way ends in; `timeline` is the parcel's own, oldest first."""
    back = shipment.direction is Direction.CUSTOMER_MERCHANT
    reached = _reached(timeline, back=back)
    if not back:
        reached["ordered"] = order.order_placed_at
    if standing.situation == "cancelled":
        ended_at = order.cancelled_at or shipment.event_time
        return [Stage("ordered", "done", order.order_placed_at), Stage("cancelled", "failed", ended_at)]
    way = _BACK if back else _way_out(shipment, standing, reached)
    here = _stage(CATALOGUE.get(shipment.event_name or ""), shipment.phase, back=back)
    if not back and standing.situation in _GOES_BACK:
        here = "returned"
    return _marked(way, here if here in way else "on_the_way", standing.situation, reached)


def _way_out(shipment: Shipment, standing: Standing, reached: Mapping[StageKey, datetime]) -> tuple[StageKey, ...]:
    """It comes by the van, or waits somewhere; it ends at its receiver, or at its sender again."""
    if standing.situation in _GOES_BACK:
        return ("ordered", "packed", "on_the_way", *(key for key in _DETOURS if key in reached), "returned")
    return _TO_COLLECT if "waiting" in reached or shipment.event_name in FORWARDED else _OUT


def _marked(
    way: Sequence[StageKey], here: StageKey, situation: Situation, reached: Mapping[StageKey, datetime]
) -> list[Stage]:
    now: StageState = "failed" if situation in _STOPPED else "done" if situation in _ENDED else "current"
    place = way.index(here)
    return [
        *(Stage(key, "done", reached.get(key)) for key in way[:place]),
        Stage(here, now, reached.get(here)),
        *(Stage(key, "upcoming") for key in way[place + 1 :]),
    ]


def _reached(timeline: Sequence[TimelineEvent], *, back: bool) -> dict[StageKey, datetime]:
    """When each stage was first told of; that it was delivered, by what told of it last."""
    reached: dict[StageKey, datetime] = {}
    for event in timeline:
        kind = CATALOGUE.get(event.event_name)
        if kind is None or event.withdrawn_at is not None:
            continue
        key = _stage(kind, kind.phase, back=back)
        if key == "delivered" or key not in reached:
            reached[key] = event.event_time
    return reached


def _stage(kind: EventKind | None, phase: Phase, *, back: bool) -> StageKey:
    by_name, by_phase = (_BACK_BY_NAME, _BACK_BY_PHASE) if back else (_OUT_BY_NAME, _OUT_BY_PHASE)
    return (by_name.get(kind.name) if kind else None) or by_phase[phase]
