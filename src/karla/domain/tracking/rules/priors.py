"""How long parcels usually take, by the kind of their way, and on which days is delivered."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

HORIZON: Final = 60
"""So many days after handing in at most a parcel is expected, or learnt from."""
SUNDAY: Final = 7

_TAIL_RATIO: Final = 0.8


class Way(StrEnum):
    """What kind of way a parcel goes."""

    DOMESTIC = "domestic"
    NEIGHBOURS = "neighbours"
    CONTINENTAL = "continental"
    INTERCONTINENTAL = "intercontinental"
    UNKNOWN = "unknown"
    OUT_FOR_DELIVERY = "out_for_delivery"


class Prior(msgspec.Struct, frozen=True):
    """What is usual: the share of parcels by days on which is delivered, from 0 on, and parcels of which make."""

    shares: Sequence[float]
    words: str


def way_between(origin: str, destination: str) -> Way:
    """The kind of way between two countries (alpha-2); '' is not known."""
    if not origin or not destination:
        return Way.UNKNOWN
    if origin == destination:
        return Way.DOMESTIC
    if any({origin, destination} <= market for market in _facts().markets):
        return Way.NEIGHBOURS
    continents = _facts().continent_of
    known = continents.get(origin), continents.get(destination)
    if None in known:
        return Way.UNKNOWN
    return Way.CONTINENTAL if known[0] == known[1] else Way.INTERCONTINENTAL


def prior_of(way: Way, service: str) -> Prior:
    """What is usual on such a way with this service."""
    express = is_express(service)
    told = _facts().shares[way]
    kind = "express parcels" if express and way is not Way.OUT_FOR_DELIVERY else "parcels"
    return Prior(_with_tail(tuple(told.express if express else told.standard)), f"{kind} {told.words}")


def is_express(service: str) -> bool:
    """Whether a service calls itself quicker than others."""
    return _facts().express.search(service) is not None


def closed_on(country: str) -> int:
    """The weekday on which nothing is delivered there, 1 is Monday."""
    return _facts().closed.get(country, SUNDAY)


def steps_between(handed_on: date, arrived_on: date, closed: int) -> int:
    """On how many days was delivered from the one after handing in to that of arrival."""
    return _steps(handed_on.isoweekday(), closed)[min((arrived_on - handed_on).days, HORIZON)]


def by_calendar(steps: Sequence[float], weekday: int, closed: int) -> list[float]:
    """Shares by days on which is delivered as shares by days of the calendar, from that of handing in to `HORIZON`.

    What would come later is left out.
    """
    made = [0.0] * (HORIZON + 1)
    taken = -1
    for day, step in enumerate(_steps(weekday, closed)):
        if step > taken:
            taken = step
            made[day] = steps[step] if step < len(steps) else 0.0
    return made


@cache
def _steps(weekday: int, closed: int) -> tuple[int, ...]:
    """By days since a weekday: on how many of them was delivered, the first one aside."""
    steps = [0]
    for day in range(1, HORIZON + 1):
        steps.append(steps[-1] + ((weekday + day - 1) % 7 + 1 != closed))
    return tuple(steps)


@cache
def _with_tail(percent: tuple[int, ...]) -> tuple[float, ...]:
    """The shares of all days up to the horizon: each one that isn't given is a part of the one before it."""
    given = [share / 100 for share in percent]
    count = HORIZON + 1 - len(given)
    first = (1 - sum(given)) * (1 - _TAIL_RATIO) / (1 - _TAIL_RATIO**count)
    return (*given, *(first * _TAIL_RATIO**place for place in range(count)))


class _Shares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: str
    standard: tuple[int, ...]
    express: tuple[int, ...]


class _Facts(msgspec.Struct, frozen=True):
    shares: Mapping[Way, _Shares]
    closed: Mapping[str, int]
    express: re.Pattern[str]
    continent_of: Mapping[str, str]
    markets: Sequence[frozenset[str]]


@cache
def _facts() -> _Facts:
    told = tomllib.loads(files(__package__).joinpath("priors.toml").read_text(encoding="utf-8"))
    return _Facts(
        shares=msgspec.convert(told["shares"], dict[Way, _Shares]),
        closed={country: int(day) for day, countries in told["closed"].items() for country in countries.split()},
        express=re.compile(rf"\b({'|'.join(told['express']['words'])})\b", re.IGNORECASE),
        continent_of={code: name for name, codes in told["continents"].items() for code in codes.split()},
        markets=[frozenset(codes.split()) for codes in told["markets"].values()],
    )
