"""17TRACK's places and times: pure."""

from datetime import UTC, datetime, time, timedelta

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.seventeentrack.answers import Address, Event, TrackInfo

_YEARS = (1990, 2200)
_CARRIERS_OWN = "official"
_ENDS_OF_DAY = (time(), time(23, 59), time(23, 59, 59))


def _time_of(stamp: str | None) -> datetime | None:
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def time_of(event: Event) -> datetime | None:
    """A scan's time, aware where it has an offset or its place's clocks aren't known; None where there is none."""
    told, universal = _time_of(event.time_iso), _time_of(event.time_utc)
    if told and told.tzinfo is None and universal and zones.zone_of(zone_place(event.address)) is None:
        return universal
    return told or universal


def zone_place(address: Address) -> zones.Place:
    """What decides on a local time."""
    return zones.Place(address.country, address.state, address.postal_code)


def location(event: Event) -> dict[str, str]:
    """A scan's place as a Scan has it; the carrier's line stands in for a city that is left out."""
    told = {
        "city": event.address.city,
        "region": event.address.state,
        "postal_code": event.address.postal_code,
        "country": event.address.country,
        "name": None if event.address.city else event.location,
    }
    return {key: value for key, value in told.items() if value}


def destination(info: TrackInfo, parcel: Parcel) -> zones.Place:
    """Where the parcel goes to, by 17TRACK, else by what we know of it."""
    told = info.shipping_info.recipient_address
    if told.country and told.country != parcel.destination_country:
        return zone_place(told)
    return zones.Place(parcel.destination_country, told.state, told.postal_code or parcel.destination_postal_code)


def window(info: TrackInfo, place: zones.Place) -> tuple[datetime | None, datetime | None]:
    """When the carrier means to deliver; what 17TRACK reckons is no promise of the carrier's."""
    told = info.time_metrics.estimated_delivery_date
    if (told.source or "").casefold() != _CARRIERS_OWN:
        return None, None
    opens = _time_of(told.opens) or _time_of(told.closes)
    closes = _time_of(told.closes) or opens
    if opens is None or closes is None:
        return None, None
    if opens.time() == time() and closes.time() in _ENDS_OF_DAY:
        return _edge(opens, place, last=False), _edge(closes, place, last=True)
    first, last = sorted(moment.time for moment in zones.moments([(opens, place), (closes, place)]))
    return first, last


def _edge(day: datetime, place: zones.Place, *, last: bool) -> datetime:
    """A day's start, or its end, by its own offset where it has one."""
    if day.tzinfo is None:
        return zones.day_of(day.date(), place)[1 if last else 0]
    return datetime.combine(day.date() + timedelta(days=1 if last else 0), time(), day.tzinfo).astimezone(UTC)
