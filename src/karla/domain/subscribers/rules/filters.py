"""Which webhooks want which events."""

from collections.abc import Sequence
from functools import lru_cache

from karla.domain.subscribers.records.journal import AnnouncedEvent
from karla.infra.errors import Fault, Invalid
from karla.vocabulary.events import CATALOGUE, GROUPS
from karla.vocabulary.filters import canonical_filter, filter_problem, filter_tokens

EVERYTHING = ("*",)


def canonical_filters(written: Sequence[str] | None) -> tuple[str, ...]:
    """The filters as they are stored, each once; none at all stands for everything."""
    return tuple(dict.fromkeys(canonical_filter(one) for one in written or ())) or EVERYTHING


def event_tokens(event: AnnouncedEvent) -> tuple[str, ...]:
    """Every filter that a journalled event matches."""
    kind = CATALOGUE.get(event.event_name)
    # The forward groups are no groups of the way back, so the group tells the direction.
    handover = kind is not None and kind.handover and event.event_group == kind.group
    return filter_tokens(event.ref, event.event_group, handover=handover)


def wanted(events: Sequence[AnnouncedEvent], filters: Sequence[str]) -> list[AnnouncedEvent]:
    """Those of the events that match one of the filters, in whichever spelling."""
    asked = set(canonical_filters(filters))
    return [event for event in events if asked.intersection(event_tokens(event))]


def demand_findable(ref: str | None, group: str | None) -> None:
    """Invalid for a ref or a group that no event ever has: a slip would find nothing, and wait for it for ever."""
    faults = []
    if ref is not None and canonical_filter(ref) in GROUPS:
        faults.append(Fault(("query", "ref"), "Is a group: ask for it by the parameter group", "filter_invalid"))
    elif ref is not None and (problem := filter_problem(ref)):
        faults.append(Fault(("query", "ref"), problem, "filter_invalid"))
    if group is not None and canonical_filter(group) not in GROUPS:
        faults.append(Fault(("query", "group"), "Is no group of events", "filter_invalid"))
    if faults:
        raise Invalid(message="What is asked for is no event's.", faults=faults)


def handovers() -> tuple[tuple[str, str], ...]:
    """Name and group of every event that the filter `shipment_delivered_all_events` matches."""
    return tuple((kind.name, kind.group) for kind in CATALOGUE.values() if kind.handover and kind.group)


@lru_cache(maxsize=4096)
def asks_for(filters: tuple[str, ...], ref: str, event_name: str, event_group: str | None) -> bool:
    """Whether an event matches one of a webhook's filters, as they are stored."""
    event = AnnouncedEvent(ref=ref, event_name=event_name, event_group=event_group)
    return not set(filters).isdisjoint(event_tokens(event))


def unwanted(events: Sequence[AnnouncedEvent], filters: Sequence[str]) -> list[AnnouncedEvent]:
    """Those of the events that match none of the filters."""
    return [event for event in events if not set(filters).intersection(event_tokens(event))]
