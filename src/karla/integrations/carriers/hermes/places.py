"""Hermes's places and times: pure."""

import re
from datetime import date, datetime, time

from karla.integrations.carriers import zones
from karla.integrations.carriers.hermes.answers import Forecast, ScanningUnit
from karla.vocabulary.countries import ALPHA_2

# Hermes dates what it promises by the clocks of Germany.
_HOME = zones.Place("DE")
_YEARS = (1990, 2200)
_SHOP = re.compile(
    r"(?:im Hermes PaketShop|from the Hermes ParcelShop) (?P<name>.+?)(?= zur Abholung|\.?$)", re.IGNORECASE
)


def country(code: str) -> str | None:
    """The alpha-2 code of a country as Hermes writes it; None for one that isn't known."""
    return ALPHA_2.get(code.upper())


def location(unit: ScanningUnit) -> dict[str, str]:
    """A scan's place as a Scan has it."""
    told = {"city": unit.city, "country": country(unit.country_code), "name": unit.name}
    return {key: value for key, value in told.items() if value}


def shop_in(text: str) -> str | None:
    """The ParcelShop that a wording names."""
    named = _SHOP.search(text)
    return named["name"].strip(" .") if named else None


def window(forecast: Forecast, place: zones.Place) -> tuple[datetime | None, datetime | None]:
    """When Hermes means to deliver: the hours that it names, else the whole day at the place."""
    day = _day(forecast.date)
    if day is None:
        return None, None
    opens, closes = _hour(forecast.time_slot.opens), _hour(forecast.time_slot.closes)
    if opens and closes and opens < closes:
        first, last = zones.moments([(datetime.combine(day, hour), _HOME) for hour in (opens, closes)])
        return first.time, last.time
    return zones.day_of(day, place)


def time_of(stamp: str) -> datetime | None:
    """A timestamp; None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def _day(text: str) -> date | None:
    told = time_of(text)
    return told.date() if told else None


def _hour(text: str) -> time | None:
    try:
        return time.fromisoformat(text) if text else None
    except ValueError:
        return None
