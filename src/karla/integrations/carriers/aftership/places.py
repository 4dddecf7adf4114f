"""AfterShip's places, countries and times: pure."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import cache
from importlib.resources import files

from karla.integrations.carriers import zones
from karla.integrations.carriers.aftership.answers import Checkpoint, Tracking
from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.countries import country_of

_YEARS = (1990, 2200)
_CARRIERS_OWN = "carrier edd"


def alpha2(code: str | None) -> str | None:
    """A country by its three letters, in two."""
    return _by_three().get((code or "").strip().upper())


def alpha3(code: str | None) -> str | None:
    """A country by its two letters, in three."""
    return _by_two().get((code or "").strip().upper())


@cache
def _by_three() -> Mapping[str, str]:
    rows = csv.DictReader(files(__package__).joinpath("alpha3.csv").read_text(encoding="utf-8").splitlines())
    return {row["alpha3"]: row["alpha2"] for row in rows}


@cache
def _by_two() -> Mapping[str, str]:
    return {two: three for three, two in _by_three().items()}


def time_of(stamp: str | None) -> datetime | None:
    """A time, aware only where it has an offset; None where it can't be read, or is of no year of parcels."""
    try:
        told = datetime.fromisoformat(stamp) if stamp else None
    except ValueError:
        return None
    return told if told and _YEARS[0] <= told.year < _YEARS[1] else None


def zone_place(checkpoint: Checkpoint) -> zones.Place:
    """What decides on a scan's local time."""
    return zones.Place(_country(checkpoint), checkpoint.state, checkpoint.postal_code)


def _country(checkpoint: Checkpoint) -> str | None:
    return alpha2(checkpoint.country_region) or country_of(checkpoint.country_region_name)


def location(checkpoint: Checkpoint) -> dict[str, str]:
    """A scan's place as a Scan has it; the carrier's line stands in for a city that is left out."""
    told = {
        "city": checkpoint.city,
        "region": checkpoint.state,
        "postal_code": checkpoint.postal_code,
        "country": _country(checkpoint),
        "name": None if checkpoint.city else checkpoint.location,
    }
    return {key: value for key, value in told.items() if value}


def destination(tracking: Tracking, parcel: Parcel) -> zones.Place:
    """Where the parcel goes to, by AfterShip, else by what we know of it."""
    country = alpha2(tracking.destination_country_region) or alpha2(tracking.courier_destination_country_region)
    if country is None or country == parcel.destination_country:
        code = tracking.destination_postal_code or parcel.destination_postal_code
        return zones.Place(parcel.destination_country, tracking.destination_state, code)
    return zones.Place(country, tracking.destination_state, tracking.destination_postal_code)


def window(tracking: Tracking, place: zones.Place) -> tuple[datetime | None, datetime | None]:
    """When the carrier means to deliver; what AfterShip or the shop reckon is no promise of the carrier's."""
    own, latest = tracking.courier_estimated_delivery_date, tracking.latest_estimated_delivery
    told = (own.estimated_delivery_date_min, own.estimated_delivery_date, own.estimated_delivery_date_max)
    if not any(told) and (latest.source or "").casefold() == _CARRIERS_OWN:
        told = (latest.datetime_min, latest.datetime, latest.datetime_max)
    opens, closes = _first(told[0], told[1], told[2]), _first(told[2], told[1], told[0])
    if opens is None or closes is None:
        return None, None
    return min(_edges(opens, place)), max(_edges(closes, place))


def _first(*stamps: str | None) -> datetime | None:
    return next((told for stamp in stamps if (told := time_of(stamp))), None)


def _edges(told: datetime, place: zones.Place) -> tuple[datetime, datetime]:
    """A day's two ends, by its own offset where it has one; of a moment twice the moment."""
    if told.time() == time():
        if told.tzinfo is None:
            return zones.day_of(told.date(), place)
        return told.astimezone(UTC), (told + timedelta(days=1)).astimezone(UTC)
    (moment,) = zones.moments([(told, place)])
    return moment.time, moment.time
