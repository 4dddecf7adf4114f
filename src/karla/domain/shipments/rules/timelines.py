"""What a shipment's timeline takes, and where the shipment stands by it."""

import bisect
import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.shipments.records import Consignment, Shipment, TimelineEvent
from karla.domain.shipments.rules.phases import Scan, settle
from karla.infra.errors import Fault
from karla.vocabulary.events import CATALOGUE, EventKind

_PICKUP_TYPES = {
    "READY_FOR_COLLECTION_AT_PARCEL_SHOP": "shop",
    "READY_FOR_COLLECTION_AT_POST_OFFICE": "shop",
    "READY_FOR_COLLECTION_AT_DEPOT": "shop",
    "READY_FOR_COLLECTION_AT_PARCEL_LOCKER": "locker",
    "FORWARDED_TO_PARCEL_SHOP": "shop",
    "FORWARDED_TO_PARCEL_LOCKER": "locker",
    "DELIVERED_TO_NEIGHBOUR": "neighbor",
    "DELIVERED_TO_LETTERBOX": "letterbox",
}


def chronological(events: Iterable[TimelineEvent]) -> tuple[TimelineEvent, ...]:
    """Timeline events, oldest first; of the same moment in the catalogue's order, as the phase machine takes them."""
    return tuple(sorted(events, key=_moment))


def with_event(timeline: Sequence[TimelineEvent], event: TimelineEvent) -> tuple[TimelineEvent, ...]:
    """A chronological timeline with one event more."""
    place = bisect.bisect_right(timeline, _moment(event), key=_moment)
    return (*timeline[:place], event, *timeline[place:])


def with_shipments(consignment: Consignment, now: Mapping[UUID, Shipment]) -> Consignment:
    """The order with those of its shipments that stand otherwise now."""
    return Consignment(consignment.order, tuple([now.get(shipment.id, shipment) for shipment in consignment.shipments]))


def _moment(event: TimelineEvent) -> tuple[datetime, int, datetime, UUID]:
    kind = CATALOGUE.get(event.event_name)
    return event.event_time, kind.position if kind else -1, event.created_at, event.id


def standing(shipment: Shipment, timeline: Sequence[TimelineEvent], now: datetime) -> Shipment:
    """The shipment in the state that its timeline, which is chronological, settles to.

    It stands where it did as long as nothing outranks that. So of what it stood by when it was given, the timeline
    may leave out all but corrections and what tells of the delivery; only for a new correction it must be whole.
    """
    own = [event for event in timeline if event.shipment_id == shipment.id and event.withdrawn_at is None]
    scans = [Scan(event.event_name, event.event_time, event.correction) for event in own]
    if shipment.event_name is not None and shipment.event_time is not None:
        scans.append(Scan(shipment.event_name, shipment.event_time))
    settled = settle(scans)
    return msgspec.structs.replace(
        shipment,
        phase=settled.phase,
        state=settled.state,
        flag=settled.flag,
        event_name=settled.event_name,
        event_time=settled.event_time,
        **_told_by(own),
        updated_at=now,
    )


def _told_by(timeline: Sequence[TimelineEvent]) -> dict[str, Any]:
    """What the latest event that knew of it said of the expected delivery and of the place to collect at."""
    told: dict[str, Any] = {}
    promise: _Window | None = None
    forecast: _Window | None = None
    for event in timeline:
        said = event.additional_info
        if not said:
            continue
        if isinstance(said.get("expected_delivery"), dict):
            window = _window(event.event_time, said["expected_delivery"])
            if window.confidence is None:
                promise = window
            else:
                forecast = window
        if isinstance(said.get("pickup_point"), str):
            told["pickup"] = _pickup(event.event_name, said)
    return told | _standing_window(promise, forecast)


class _Window(msgspec.Struct, frozen=True):
    """A window as it was told; with a confidence it is a forecast, else a promise."""

    told_at: datetime
    opens: datetime | None
    closes: datetime | None
    confidence: float | None


def _window(told_at: datetime, said: dict[str, Any]) -> _Window:
    return _Window(told_at, _moment_in(said.get("from")), _moment_in(said.get("to")), _share_in(said.get("confidence")))


def _share_in(told: object) -> float | None:
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return None
    return float(told) if 0 <= told <= 1 else None


def _standing_window(promise: _Window | None, forecast: _Window | None) -> dict[str, Any]:
    """A promise stands before any forecast until it has passed, or was taken back; nothing where neither was told."""
    stands = promise or forecast
    if promise and forecast and forecast.told_at >= promise.told_at:
        taken_back = promise.opens is None and promise.closes is None
        if taken_back or (promise.closes is not None and promise.closes < forecast.told_at):
            stands = forecast
    if stands is None:
        return {}
    return {
        "expected_from": stands.opens,
        "expected_to": stands.closes,
        "expected_confidence": stands.confidence,
    }


def _moment_in(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo and 1990 <= moment.year < 2200 else None


def _pickup(event_name: str, said: dict[str, Any]) -> dict[str, Any]:
    url, hours = said.get("pickup_point_url"), said.get("pickup_opening_hours")
    if isinstance(hours, dict):
        hours = "; ".join(f"{days}: {times}" for days, times in hours.items())
    return {
        "type": _PICKUP_TYPES.get(event_name),
        "name": said["pickup_point"],
        "address": None,
        "url": url if isinstance(url, str) and url.lower().startswith(("https://", "http://")) else None,
        "opening_hours": hours if isinstance(hours, str) else None,
        "date_to": said.get("pickup_time") if _moment_in(said.get("pickup_time")) else None,
    }


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
