"""Swiss Post's places and times: pure."""

import re
from datetime import UTC, datetime, timedelta

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.swisspost.answers import Detail, Event, Place

# Liechtenstein is served by Swiss Post as a part of Switzerland.
_HOME = frozenset({"CH", "LI"})
_DAY = re.compile(r"\b(?P<day>\d{2})\.(?P<month>\d{2})\.(?P<year>\d{4})\b")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = (1990, 2200)


def time_of(stamp: str | int | None) -> datetime | None:
    """Aware where Swiss Post names a zone; None where it can't be read, or is of no year of parcels."""
    if stamp is None:
        return None
    try:
        told = datetime.fromisoformat(stamp) if isinstance(stamp, str) else _EPOCH + timedelta(milliseconds=stamp)
    except (ValueError, OverflowError):
        return None
    return told if _YEARS[0] <= told.year < _YEARS[1] else None


def place_of(event: Event) -> Place:
    """A scan's place; one that is no more than words is a city."""
    if isinstance(event.location, str):
        return Place(city=event.location or None)
    return event.location or Place()


def location(event: Event) -> dict[str, str]:
    """A scan's place as a Scan has it."""
    place = place_of(event)
    told = {
        "city": place.city,
        "postal_code": place.zip or place.zip4,
        "country": _alpha_2(place.country),
        "name": place.name,
    }
    return {key: value for key, value in told.items() if value}


def zone_place(event: Event, detail: Detail, parcel: Parcel) -> zones.Place:
    """What decides on a scan's clock: its own country, else Switzerland where the consignment never leaves it."""
    place = place_of(event)
    country = _alpha_2(place.country)
    ends = {_alpha_2(detail.sender_country), destination_country(detail) or parcel.destination_country}
    if country is None and ends <= {None, *_HOME}:
        country = "CH"
    return zones.Place(country, None, place.zip or place.zip4)


def destination_country(detail: Detail) -> str | None:
    """The alpha-2 code, None where it isn't said."""
    return _alpha_2(detail.recipient_country) or _alpha_2(detail.delivery_address.address_detail.country)


def window(detail: Detail, parcel: Parcel) -> tuple[datetime | None, datetime | None]:
    """When Swiss Post means to deliver: from one moment to another, else a whole day at the destination."""
    interval = detail.delivery_time_interval
    opens, closes = time_of(interval.start), time_of(interval.end)
    place = _destination(detail, parcel)
    if opens and closes:
        first, last = sorted(moment.time for moment in zones.moments([(opens, place), (closes, place)]))
        return first, last
    day = time_of(detail.calculated_delivery_date)
    return zones.day_of(day.date(), place) if day else (None, None)


def deadline(text: str | None) -> datetime | None:
    """The end of the day that a text such as `Frist bis 23.04.2026` names, in Switzerland."""
    named = _DAY.search(text or "")
    if named is None:
        return None
    try:
        day = datetime(int(named["year"]), int(named["month"]), int(named["day"]), tzinfo=UTC).date()
    except ValueError:
        return None
    return zones.day_of(day, zones.Place("CH"))[1]


def _destination(detail: Detail, parcel: Parcel) -> zones.Place:
    to = detail.delivery_address.address_detail
    if country := destination_country(detail):
        return zones.Place(country, None, to.zip or to.zip4)
    return zones.Place(parcel.destination_country or "CH", None, parcel.destination_postal_code)


def _alpha_2(country: str | None) -> str | None:
    return country.upper() if country and len(country) == 2 and country.isalpha() else None
