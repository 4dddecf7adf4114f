"""What a shipment's timeline takes, and where the shipment stands by it."""

import difflib
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from karla.domain.shipments.records import Shipment, TimelineEvent
from karla.domain.shipments.rules.phases import Scan, settle
from karla.infra.errors import Fault
from karla.vocabulary.events import CATALOGUE, EventKind


def chronological(events: Iterable[TimelineEvent]) -> tuple[TimelineEvent, ...]:
    """Timeline events, oldest first; of the same moment in the catalogue's order, as the phase machine takes them."""
    return tuple(sorted(events, key=_moment))


def _moment(event: TimelineEvent) -> tuple[datetime, int, datetime, UUID]:
    kind = CATALOGUE.get(event.event_name)
    return event.event_time, kind.position if kind else -1, event.created_at, event.id


def standing(shipment: Shipment, timeline: Sequence[TimelineEvent], now: datetime) -> Shipment:
    """The shipment in the state that its whole timeline settles to."""
    settled = settle(
        Scan(event.event_name, event.event_time, event.correction)
        for event in timeline
        if event.shipment_id == shipment.id
    )
    return msgspec.structs.replace(
        shipment,
        phase=settled.phase,
        state=settled.state,
        flag=settled.flag,
        event_name=settled.event_name,
        event_time=settled.event_time,
        updated_at=now,
    )


def may_carry(shipment: Shipment, kind: EventKind) -> bool:
    """A draft has no carrier yet, so nothing that a carrier does can happen to it."""
    return kind.draft or not shipment.draft


def unknown_event(name: str) -> list[Fault]:
    """The fault of a name that is no event's, with the nearest that is one's; none for a known name."""
    if name in CATALOGUE:
        return []
    near = difflib.get_close_matches(name.upper()[:100], CATALOGUE, n=1, cutoff=0.7)
    hint = f"; did you mean {near[0]}?" if near else ""
    return [Fault(("body", "event_name"), f"Is no event of the catalogue{hint}", "event_name_invalid")]
