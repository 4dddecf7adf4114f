"""A parcel's timeline as its shopper reads it."""

from collections.abc import Sequence

from karla.domain.shipments.records import TimelineEvent
from karla.entrypoints.api.storefront.documents.views import View
from karla.entrypoints.api.storefront.shapes import TimelineEntry
from karla.entrypoints.api.times import stamp
from karla.vocabulary.events import CATALOGUE, Phase, texts

# What they tell stands elsewhere on the page, where it is always the latest.
_TELL_NOTHING = frozenset({"ESTIMATED_DELIVERY_UPDATED", "PROOF_OF_DELIVERY_AVAILABLE"})
_PLACED = "ORDER_CREATED"
_CARRIER_CHANGED = "CARRIER_CHANGED"


def entries(view: View, timeline: Sequence[TimelineEvent]) -> list[TimelineEntry]:
    """What happened, the latest first; a scan that several sources told of is there once."""
    found: dict[tuple[str, object], TimelineEvent] = {}
    begun = min(
        (event.event_time for event in timeline if event.event_name != _PLACED and event.withdrawn_at is None),
        default=None,
    )
    for event in timeline:
        # An order may be told of when its parcel is under way: that it was placed is no news then.
        is_late = event.event_name == _PLACED and begun is not None and event.event_time > begun
        if _is_told(event) and not is_late:
            # Sources round to minutes, or don't.
            key = event.event_name, event.event_time.replace(second=0, microsecond=0)
            found[key] = max(found.get(key, event), event, key=_richness)
    return [_entry(view, event) for event in reversed(found.values())]


def _is_told(event: TimelineEvent) -> bool:
    if event.withdrawn_at is not None or event.event_name in _TELL_NOTHING or event.event_name not in CATALOGUE:
        return False
    # Somebody has put right what was wrong of the parcel: nothing happened to it.
    return event.event_name != _CARRIER_CHANGED or not (event.additional_info or {}).get("corrected")


def _richness(event: TimelineEvent) -> int:
    return bool(event.location) + bool((event.additional_info or {}).get("carrier_text"))


def _entry(view: View, event: TimelineEvent) -> TimelineEntry:
    kind, location = CATALOGUE[event.event_name], event.location or {}
    said = (event.additional_info or {}).get("carrier_text")
    # Carriers write into it who took a parcel.
    may_name = kind.phase is Phase.DELIVERED and not view.whole
    return TimelineEntry(
        event_id=event.id,
        event_name=event.event_name,
        phase=kind.phase,
        flag=kind.flag,
        time=stamp(event.event_time),
        timezone=event.timezone or view.zone_at(location),
        place=view.place(location),
        label=texts(event.event_name, view.language).status,
        carrier_text=said if isinstance(said, str) and said and not may_name else None,
    )
