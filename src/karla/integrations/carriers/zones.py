"""Local times of carriers, resolved by their place: pure, and never by guess."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

_NOT_OF_A_CODE = re.compile(r"[^0-9A-Z]")
_ONE_DAY = timedelta(days=1)


class Place(NamedTuple):
    """What is known of where something happened; `country` is alpha-2, `region` a state's code or name."""

    country: str | None = None
    region: str | None = None
    postal_code: str | None = None


class Moment(NamedTuple):
    """`time` is in UTC; `timezone` the IANA name of its place, None where that isn't known."""

    time: datetime
    timezone: str | None


def zone_of(place: Place) -> str | None:
    """The IANA time zone: by the longest postal prefix, else by region, else where the country keeps one time."""
    known = _table().get((place.country or "").upper())
    if known is None:
        return None
    code = _NOT_OF_A_CODE.sub("", (place.postal_code or "").upper())
    for length in range(len(code), 0, -1):
        if zone := known.get(("postal", code[:length])):
            return zone
    if place.region and (zone := known.get(("region", place.region.strip().casefold()))):
        return zone
    return known.get(("country", ""))


def moments(told: Iterable[tuple[datetime, Place]]) -> list[Moment]:
    """Times as a carrier lists them, from the first to the last thing that happened.

    A time with a zone of its own keeps it. One without is local to its place; where its zone isn't known it is
    read as UTC. In the hour that comes twice when clocks go back it is the first one, unless that were before what
    happened just before it. In the hour that clocks skip it is taken as if they hadn't.
    """
    found: list[Moment] = []
    for stated, place in told:
        zone = zone_of(place)
        before = found[-1].time if found else None
        found.append(Moment(_in_utc(stated, zone, before), zone))
    return found


def _in_utc(stated: datetime, zone: str | None, before: datetime | None) -> datetime:
    if stated.tzinfo:
        return stated.astimezone(UTC)
    local = stated.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
    first, second = local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    return second if before and first < before <= second else first


def day_of(day: date, place: Place) -> tuple[datetime, datetime]:
    """A day's first moment at a place and that of the next day, in UTC."""
    zone = zone_of(place)
    edges = [
        datetime.combine(day + offset, time(), ZoneInfo(zone) if zone else UTC) for offset in (0 * _ONE_DAY, _ONE_DAY)
    ]
    return edges[0].astimezone(UTC), edges[1].astimezone(UTC)


def hour_at(country: str | None, postal_code: str | None, now: datetime) -> int:
    """What hour it is there, 0 to 23; that of UTC where the zone isn't known."""
    zone = zone_of(Place(country, None, postal_code))
    return now.astimezone(ZoneInfo(zone) if zone else UTC).hour


@cache
def _table() -> Mapping[str, Mapping[tuple[str, str], str]]:
    """By country: what is matched (country, region, postal) and its key, to the zone."""
    found: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for row in csv.DictReader(files(__package__).joinpath("zones.csv").read_text(encoding="utf-8").splitlines()):
        found[row["country"]][row["match"], row["key"].casefold() if row["match"] == "region" else row["key"]] = row[
            "zone"
        ]
    return dict(found)
