"""UPS's places and times: pure."""

import re
from datetime import UTC, date, datetime, time

from karla.integrations.carriers import zones
from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.countries import country_of
from karla.integrations.carriers.ups.answers import Activity, Address, Package, PackageAddress

_NO_DIGIT = re.compile(r"\D")
_WINDOWS = frozenset({"EDW", "CDW", "IDW"})
_YEARS = (1990, 2200)


def time_of(activity: Activity) -> datetime | None:
    """Aware where UPS names the moment in GMT, or its offset; None where there is no time that can be read."""
    if told := _stamp(activity.gmt_date, activity.gmt_time):
        return told.replace(tzinfo=UTC)
    local = _stamp(activity.date, activity.time)
    if local and activity.gmt_offset:
        try:
            return datetime.fromisoformat(f"{local.isoformat()}{activity.gmt_offset}")
        except ValueError:
            return local
    return local


def _stamp(day: str | None, clock: str | None) -> datetime | None:
    told = _day(day)
    at = _clock(clock)
    return datetime.combine(told, at) if told and at else None


def _day(text: str | None) -> date | None:
    """Of `20260310` or `2026-03-10`; None for anything else, and for no year of parcels."""
    digits = _NO_DIGIT.sub("", text or "")
    try:
        told = date.fromisoformat(digits) if len(digits) == 8 else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def _clock(text: str | None) -> time | None:
    """Of `074700`, `74700`, where UPS dropped the nought, or `07:47:00`."""
    digits = _NO_DIGIT.sub("", text or "")
    try:
        return time.fromisoformat(digits.zfill(6)) if 0 < len(digits) <= 6 else None
    except ValueError:
        return None


def country_at(address: Address) -> str | None:
    """The alpha-2 code."""
    return country_of(address.country_code) or country_of(address.country)


def zone_place(address: Address) -> zones.Place:
    """What decides on a local time."""
    return zones.Place(country_at(address), address.state_province, address.postal_code)


def location(address: Address) -> dict[str, str]:
    """A place as a Scan has it."""
    told = {
        "city": address.city,
        "region": address.state_province,
        "postal_code": address.postal_code,
        "country": country_at(address),
    }
    return {key: value for key, value in told.items() if value}


def address_of(package: Package, kind: str) -> PackageAddress | None:
    """The parcel's address whose type has this word in it."""
    return next((one for one in package.package_address if kind in (one.type or "").upper()), None)


def line(address: Address) -> str | None:
    """An address in one line."""
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    return ", ".join(part for part in (address.address_line1, town) if part) or None


def destination(package: Package, parcel: Parcel) -> zones.Place:
    """Where the parcel goes, by UPS or else by what was known before."""
    told = address_of(package, "DESTINATION")
    if told is None or country_at(told.address) is None:
        return zones.Place(parcel.destination_country, None, parcel.destination_postal_code)
    place = zone_place(told.address)
    return place if place.postal_code else place._replace(postal_code=parcel.destination_postal_code)


def window(package: Package, parcel: Parcel) -> tuple[datetime | None, datetime | None]:
    """When UPS means to deliver: a day, a day until a time, or a window; nothing once it has."""
    days = {one.type: day for one in package.delivery_date if (day := _day(one.date))}
    day = days.get("RDD") or days.get("SDD")
    if day is None or "DEL" in days:
        return None, None
    place, told = destination(package, parcel), package.delivery_time
    opens, closes = zones.day_of(day, place)
    ends = _clock(told.end_time)
    if ends is None or told.type not in _WINDOWS | {"CMT"}:
        return opens, closes
    starts = _clock(told.start_time) if told.type in _WINDOWS else None
    first, last = (_moment(day, at, place) if at else None for at in (starts, ends))
    return min(first or opens, last or closes), max(first or opens, last or closes)


def _moment(day: date, at: time, place: zones.Place) -> datetime:
    return zones.moments([(datetime.combine(day, at), place)])[0].time


def collect_until(package: Package, place: zones.Place) -> datetime | None:
    """The end of the last day on which the parcel may be collected."""
    day = _day(package.access_point_information.pickup_by_date)
    return zones.day_of(day, place)[1] if day else None
