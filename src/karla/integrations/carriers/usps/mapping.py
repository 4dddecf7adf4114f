"""USPS's answers in the words of the catalogue: pure."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from hashlib import sha256
from html import unescape
from typing import Any

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.countries import country_of
from karla.integrations.carriers.usps.answers import Details, Event, Expectation, details_in
from karla.integrations.statuses import Status, StatusTable, folded
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
_MARKS = re.compile(r"<sup>.*?</sup>|<[^>]*>", re.IGNORECASE)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})")
_CLOCK = re.compile(r"\b(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?\s*(?P<half>[ap])?", re.IGNORECASE)
_YEARS = (1990, 2200)
_ON_THE_WAY = frozenset({Phase.ORDER_PROCESSED, Phase.IN_TRANSIT, Phase.IN_DELIVERY})
_WAITING = frozenset({"READY_FOR_COLLECTION_AT_POST_OFFICE", "ARRIVED_AT_COLLECTION_POINT"})


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What an element of an answer of `/tracking/v3r2/tracking` says; a ValueError where it isn't one."""
    told = details_in(raw)
    destination = _destination(told, parcel)
    scans, unknown = _scans(told, destination)
    expected_from, expected_to = _window(told.delivery_date_expectation, destination)
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=_plain(told.mail_class) or None,
        pickup=_pickup(scans),
        received_by=_taker(told.tracking_events),
        origin_country=_country(told.origin_country, told.origin_state),
        destination_country=_country(told.destination_country_code, told.destination_state),
        unknown=unknown,
    )


def _scans(told: Details, destination: zones.Place) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    day = _day(told.return_date_notice)
    until = zones.day_of(day, destination)[1] if day else None
    returning = False
    for event, moment in _in_order(told.tracking_events):
        status, code = _status(event)
        if status is None:
            unknown[code] = None
        name = status.event if status else None
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(event, moment, _on_the_way_back(name, returning=returning), until)
        found.setdefault(scan.external_id, scan)
    return tuple(found.values()), tuple(unknown)


def _in_order(events: Sequence[Event]) -> list[tuple[Event, zones.Moment]]:
    """Events from the oldest: USPS lists the newest first."""
    dated = [(event, stated) for event in reversed(events) if (stated := _stated(event))]
    resolved = zones.moments((stated, _place(event)) for event, stated in dated)
    return sorted(zip((event for event, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _stated(event: Event) -> datetime | None:
    """The moment where USPS gives it, else the local time, with its offset where that is given."""
    if moment := _time(event.gmt_timestamp):
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    local = _time(event.event_timestamp)
    offset = _OFFSET.fullmatch(event.gmt_offset)
    if local is None or local.tzinfo or offset is None:
        return local
    ahead = timedelta(hours=int(offset["hours"]), minutes=int(offset["minutes"]))
    return local.replace(tzinfo=timezone(ahead if offset["sign"] == "+" else -ahead))


def _time(stamp: str) -> datetime | None:
    """None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return told if _YEARS[0] <= told.year < _YEARS[1] else None


def _day(stamp: str) -> date | None:
    told = _time(stamp)
    return told.date() if told else None


def _status(event: Event) -> tuple[Status | None, str]:
    """What an event stands for, and what to call it where that is unknown.

    One code has many wordings: 01 is a delivery, and the wording tells where to.
    """
    text = _plain(event.event_type)
    return TABLE.by_text(text) or TABLE.by_code(event.event_code), event.event_code or text[:_TEXT_LIMIT]


def _on_the_way_back(name: str | None, *, returning: bool) -> str | None:
    """A scan's event; of a parcel that goes back, a facility is no progress and a delivery is one to the sender."""
    if name is None or not returning:
        return name
    if CATALOGUE[name].phase is Phase.DELIVERED:
        return "RETURNED_TO_SENDER"
    return "RETURN_TO_SENDER_IN_TRANSIT" if CATALOGUE[name].phase in _ON_THE_WAY else name


def _scan(event: Event, moment: zones.Moment, name: str | None, until: datetime | None) -> Scan:
    text = _plain(event.event_type)
    identity = f"{event.event_timestamp or event.gmt_timestamp}|{event.event_code or folded(text)}|{event.event_city}"
    info: dict[str, Any] = {}
    if name in _WAITING:
        info["pickup_point"] = ", ".join(filter(None, ("Post Office", _address(event))))
        if until:
            info["pickup_time"] = until.isoformat()
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=event.event_code or None,
        raw_text=text,
        location=_location(event),
        additional_info=info,
    )


def _taker(events: Sequence[Event]) -> str | None:
    """Who took the parcel at the newest delivery: other scans may have a name too."""
    for event in events:
        status, _ = _status(event)
        if status and status.event and CATALOGUE[status.event].phase is Phase.DELIVERED:
            return event.name or None
    return None


def _plain(text: str) -> str:
    """Without the marks of trade and the tags that USPS writes into names."""
    return " ".join(unescape(_MARKS.sub("", text)).split())


def _country(code_or_name: str, state: str) -> str | None:
    """USPS names a country where it is another one; a state is one of its own."""
    return country_of(code_or_name) if code_or_name else ("US" if state else None)


def _place(event: Event) -> zones.Place:
    """A scan that names no country is one of the United States."""
    country = country_of(event.event_country) if event.event_country else "US"
    return zones.Place(country, event.event_state or None, event.event_zip or None)


def _destination(told: Details, parcel: Parcel) -> zones.Place:
    country = _country(told.destination_country_code, told.destination_state)
    if country is None:
        return zones.Place(parcel.destination_country, None, parcel.destination_postal_code)
    return zones.Place(country, told.destination_state or None, told.destination_zip or None)


def _location(event: Event) -> dict[str, str]:
    told = {
        "city": event.event_city,
        "region": event.event_state,
        "postal_code": event.event_zip,
        "country": _country(event.event_country, event.event_state),
    }
    return {key: value for key, value in told.items() if value}


def _address(event: Event) -> str:
    area = " ".join(filter(None, (event.event_state, event.event_zip)))
    return ", ".join(filter(None, (event.event_city, area)))


def _window(told: Expectation, place: zones.Place) -> tuple[datetime | None, datetime | None]:
    """When USPS means to deliver: a day, or its part that is named by hours."""
    day = _day(told.predicted_delivery_date) or _day(told.expected_delivery_date) or _day(told.guaranteed_delivery_date)
    if day is None:
        return None, None
    opens, closes = zones.day_of(day, place)
    first = _clock(told.predicted_delivery_window_start_time)
    last = _clock(told.predicted_delivery_window_end_time) or _clock(told.expected_delivery_time)
    last = last or _clock(told.end_of_day)
    if first:
        opens = _at(day, first, place)
    if last:
        closes = _at(day, last, place)
    return min(opens, closes), max(opens, closes)


def _at(day: date, clock: time, place: zones.Place) -> datetime:
    return zones.moments([(datetime.combine(day, clock), place)])[0].time


def _clock(text: str) -> time | None:
    """A time of day such as `18:00:00`, `6:15 PM` or `by 9:00pm`."""
    named = _CLOCK.search(text)
    if named is None:
        return None
    hour, minute = int(named["hour"]), int(named["minute"])
    if named["half"]:
        hour = hour % 12 + (12 if named["half"].lower() == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _pickup(scans: Sequence[Scan]) -> PickupPoint | None:
    """The post office where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or latest.event_name not in _WAITING:
        return None
    name, _, address = str(latest.additional_info["pickup_point"]).partition(", ")
    until = latest.additional_info.get("pickup_time")
    return PickupPoint(
        name=name, type="shop", address=address or None, until=datetime.fromisoformat(until) if until else None
    )
