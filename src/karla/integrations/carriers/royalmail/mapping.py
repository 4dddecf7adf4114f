"""Royal Mail's answers in the words of the catalogue: pure."""

from collections.abc import Sequence
from datetime import date, datetime, time
from hashlib import sha256
from typing import Any

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel, PickupPoint, Reading, Scan, last_known
from karla.integrations.carriers.countries import country_of
from karla.integrations.carriers.royalmail.answers import EstimatedDelivery, Event, MailPiece, Summary, mail_piece_in
from karla.integrations.carriers.ways_back import on_the_way_back
from karla.integrations.statuses import Status, StatusTable, folded
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_HOME = "GB"
_SITE = "https://www.royalmail.com"
_TEXT_LIMIT = 200
_YEARS = (1990, 2200)
_WAITING = frozenset({"READY_FOR_COLLECTION_AT_POST_OFFICE", "READY_FOR_COLLECTION_AT_DEPOT"})


def read(raw: bytes, parcel: Parcel) -> Reading:
    """What a 200 of `/mailpieces/v2/{number}/events` says; a ValueError where it isn't one."""
    told = mail_piece_in(raw)
    summary = told.summary
    destination = _country(summary.destination_country_code, summary.destination_country_name)
    origin = _country(summary.origin_country_code, summary.origin_country_name)
    scans, unknown = _scans(
        told, stays_home=summary.product_category == "NON-INTERNATIONAL" or origin == destination == _HOME
    )
    place = zones.Place(destination or parcel.destination_country, None, parcel.destination_postal_code)
    expected_from, expected_to = _window(told.estimated_delivery, place)
    path = told.links.redelivery.href
    return Reading(
        scans=scans,
        expected_from=expected_from,
        expected_to=expected_to,
        service=summary.product_name or None,
        pickup=_pickup(scans),
        reroute_url=f"{_SITE}{path}" if path.startswith("/") and not path.startswith("//") else None,
        received_by=told.signature.recipient_name or None,
        origin_country=origin,
        destination_country=destination,
        unknown=unknown,
    )


def _scans(told: MailPiece, *, stays_home: bool) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    found: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for event, moment in _in_order(told, stays_home=stays_home):
        status, code = _status(event)
        if status is None:
            unknown[code] = None
        name = status.event if status else None
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(event, moment, on_the_way_back(name) if returning else name, stays_home=stays_home)
        found.setdefault(scan.external_id, scan)
    return tuple(found.values()), tuple(unknown)


def _in_order(told: MailPiece, *, stays_home: bool) -> list[tuple[Event, zones.Moment]]:
    """Events from the oldest: Royal Mail lists the newest first. The summary stands in for a list that is left out."""
    dated = [(event, stated) for event in told.events or _newest(told.summary) if (stated := _time(event))]
    dated.reverse()
    resolved = zones.moments((stated, zones.Place(_at(event, stays_home=stays_home))) for event, stated in dated)
    return sorted(zip((event for event, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _newest(told: Summary) -> tuple[Event, ...]:
    event = Event(
        event_code=told.last_event_code,
        event_name=told.last_event_name,
        event_date_time=told.last_event_date_time,
        location_name=told.last_event_location_name,
    )
    return (event,) if event.event_code or event.event_name else ()


def _time(event: Event) -> datetime | None:
    """None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(event.event_date_time)
    except ValueError:
        return None
    return told if _YEARS[0] <= told.year < _YEARS[1] else None


def _at(event: Event, *, stays_home: bool) -> str | None:
    """Where a scan was made: abroad Royal Mail names the country alone, at home an office."""
    return country_of(event.location_name) or (_HOME if stays_home else None)


def _status(event: Event) -> tuple[Status | None, str]:
    """What an event stands for, and what to call it where that is unknown."""
    status = TABLE.by_code(event.event_code) or TABLE.by_text(event.event_name)
    return status, event.event_code or event.event_name[:_TEXT_LIMIT]


def _scan(event: Event, moment: zones.Moment, name: str | None, *, stays_home: bool) -> Scan:
    place = " ".join(event.location_name.split())
    identity = f"{event.event_date_time}|{event.event_code or folded(event.event_name)}"
    info: dict[str, Any] = {"pickup_point": place} if name in _WAITING and place else {}
    location = {"name": place, "country": _at(event, stays_home=stays_home)}
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=event.event_code or None,
        raw_text=event.event_name,
        location={key: value for key, value in location.items() if value},
        additional_info=info,
    )


def _country(code: str, name: str) -> str | None:
    """The alpha-2 code of a country that Royal Mail gives by its alpha-3 code and its name."""
    return _HOME if code == "GBR" else country_of(name) or (country_of(code) if len(code) == 2 else None)


def _window(told: EstimatedDelivery, place: zones.Place) -> tuple[datetime | None, datetime | None]:
    """When Royal Mail means to deliver: the whole day at the destination where no times are given."""
    try:
        day = datetime.fromisoformat(told.date).date()
    except ValueError:
        return None, None
    opens, closes = zones.day_of(day, place)
    first = _clock(told.start_of_estimated_window, day, place) or opens
    last = _clock(told.end_of_estimated_window, day, place) or closes
    return min(first, last), max(first, last)


def _clock(text: str, day: date, place: zones.Place) -> datetime | None:
    """A time of the day, or a whole timestamp."""
    try:
        stated = datetime.fromisoformat(text) if "T" in text else datetime.combine(day, time.fromisoformat(text))
    except ValueError:
        return None
    return zones.moments([(stated, place)])[0].time


def _pickup(scans: Sequence[Scan]) -> PickupPoint | None:
    """Where the parcel waits, as long as it does."""
    latest = last_known(scans)
    if latest is None or "pickup_point" not in latest.additional_info:
        return None
    return PickupPoint(name=latest.additional_info["pickup_point"], type="shop")
