"""DPD's local times, which are texts for a reader: pure."""

import re
from datetime import date, datetime

from karla.integrations.carriers import zones

# Day first, as DPD Germany writes whatever the language; the group's other services write the American way, with AM
# or PM behind it.
_DAY_FIRST = re.compile(
    r"(\d{1,2})[./](\d{1,2})[./](\d{4}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*(?:uhr|h))?", re.IGNORECASE
)
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AP])M", re.IGNORECASE)
_DATE = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](\d{4})\b")
_HOURS = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")
_YEARS = (1990, 2200)


def time_of(text: str) -> datetime | None:
    """A time without a zone; None where it can't be read, or is of no year of parcels."""
    if american := _AMERICAN.fullmatch(text.strip()):
        month, day, year, hour, minute, second, half = american.groups()
        twelve = int(hour) % 12 + (12 if half.upper() == "P" else 0)
        return _made(year, month, day, twelve, minute, second) if 1 <= int(hour) <= 12 else None
    if told := _DAY_FIRST.fullmatch(text.strip()):
        day, month, year, hour, minute, second = told.groups()
        return _made(year, month, day, int(hour), minute, second)
    return None


def _made(year: str, month: str, day: str, hour: int, minute: str, second: str | None) -> datetime | None:
    try:
        told = datetime(int(year), int(month), int(day), hour, int(minute), int(second or 0))  # noqa: DTZ001 - local
    except ValueError:
        return None
    return told if _YEARS[0] <= told.year < _YEARS[1] else None


def window(text: str, place: zones.Place) -> tuple[datetime | None, datetime | None]:
    """What a forecast such as `12.03.2026, 13:10 - 14:10` promises; a day without times is the whole day."""
    day = _day(text)
    if day is None:
        return None, None
    hours = [datetime(day.year, day.month, day.day, int(hour), int(minute)) for hour, minute in _HOURS.findall(text)]  # noqa: DTZ001 - local
    if len(hours) != 2:
        return zones.day_of(day, place)
    first, last = sorted(moment.time for moment in zones.moments((hour, place) for hour in hours))
    return first, last


def _day(text: str) -> date | None:
    """The one day that a text names; None where it names none or several."""
    named = {(int(year), int(month), int(day)) for day, month, year in _DATE.findall(text)}
    if len(named) != 1:
        return None
    try:
        day = date(*named.pop())
    except ValueError:
        return None
    return day if _YEARS[0] <= day.year < _YEARS[1] else None
