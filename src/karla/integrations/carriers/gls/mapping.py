"""GLS's answers in the words of the catalogue: pure."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from karla.integrations.carriers.contract import Parcel, Reading, Scan
from karla.integrations.carriers.gls.answers import Event, Told, parcel_in
from karla.integrations.carriers.ways_back import on_the_way_back
from karla.integrations.carriers.zones import Moment, Place, moments
from karla.integrations.statuses import Status, StatusTable
from karla.vocabulary.events import CATALOGUE, Phase

TABLE = StatusTable(__package__)

_TEXT_LIMIT = 200
_YEARS = (1990, 2200)
# In the table the status of a parcel as a whole is set apart from the codes of its events.
_STATUS = "status:"


def read(raw: bytes, _: Parcel) -> Reading:
    """What a member of `parcels` says of the parcel; a ValueError where it isn't one."""
    scans: dict[str, Scan] = {}
    unknown: dict[str, None] = {}
    returning = False
    for event, moment in _in_order(_events(parcel_in(raw))):
        status = _status(event)
        if status is None:
            unknown[event.code or _text(event)[:_TEXT_LIMIT]] = None
        name = status.event if status else None
        returning = returning or (name is not None and CATALOGUE[name].phase is Phase.RETURNED)
        scan = _scan(event, moment, on_the_way_back(name) if returning else name)
        scans.setdefault(scan.external_id, scan)
    return Reading(scans=tuple(scans.values()), unknown=tuple(unknown))


def _events(told: Told) -> Sequence[Event]:
    """The events, from the newest; the parcel's status stands in for a list that is left out."""
    if told.events or not told.status:
        return told.events or ()
    return (Event(code=f"{_STATUS}{told.status}", event_date_time=told.status_date_time),)


def _in_order(events: Sequence[Event]) -> list[tuple[Event, Moment]]:
    """From the oldest; of two at one time the one that GLS lists last is the earlier."""
    dated = [(event, time) for event in reversed(events) if (time := _time(event.event_date_time))]
    resolved = moments((time, Place(event.country, None, event.postal_code)) for event, time in dated)
    return sorted(zip((event for event, _ in dated), resolved, strict=True), key=lambda one: one[1].time)


def _time(stamp: str | None) -> datetime | None:
    """None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def _text(event: Event) -> str:
    return event.description or ""


def _status(event: Event) -> Status | None:
    """By the code where the table has it; GLS has more codes than it publishes, and words each."""
    return TABLE.by_code(event.code) or TABLE.by_text(event.description)


def _scan(event: Event, moment: Moment, name: str | None) -> Scan:
    identity = f"{event.event_date_time}|{event.code or _text(event)}"
    place = {"city": event.city, "postal_code": event.postal_code, "country": (event.country or "").upper()}
    return Scan(
        external_id=sha256(identity.encode()).hexdigest()[:24],
        event_name=name,
        event_time=moment.time,
        timezone=moment.timezone,
        raw_code=event.code or None,
        raw_text=_text(event),
        location={key: value for key, value in place.items() if value},
    )
