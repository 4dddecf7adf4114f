"""When a parcel is expected that no carrier promises: by how long others like it took."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Final

from karla.domain.tracking.records import Forecast, History, Journey, Likeness
from karla.domain.tracking.rules.priors import (
    HORIZON,
    Way,
    by_calendar,
    closed_on,
    prior_of,
    steps_between,
    way_between,
)
from karla.vocabulary.carriers import CARRIERS

ENOUGH: Final = 10
"""From so many parcels on, a forecast is said to be by them."""
EVENING: Final = 20
"""From this hour on nothing is expected on the same day any more."""
SHARED_PARCELS: Final = 20
SHARED_SHOPS: Final = 3
"""Times of several shops are counted together only where at least so many parcels of so many shops are."""

# A coarser level weighs as much as so many parcels of the finer one.
_WEIGHT: Final = 5
# A window leaves out the first and the last tenth.
_EARLY: Final = 0.1
_LATE: Final = 0.9
# What is usual, and nothing else, is worth so much of what parcels like this one show.
_LEAST_TRUST: Final = 0.7
_DOUBTS: Final = 10
_WORTH: Final[Mapping[Likeness, float]] = {
    Likeness.LANE: 0.3,
    Likeness.CARRIER: 0.6,
    Likeness.SERVICE: 1.0,
    Likeness.WEEKDAY: 1.0,
}
_FROM_COARSE: Final = tuple(_WORTH)
_WEEKDAYS: Final = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ROUGHLY: Final = (10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, SHARED_PARCELS)
_ONE_DAY: Final = timedelta(days=1)


def forecast(journey: Journey, known: Sequence[History], today: date, hour: int) -> Forecast | None:
    """When the parcel is expected that hasn't arrived by this day and hour (0 to 23) of its destination.

    None for one that is under way for longer than anything is known of. Of a likeness that is known from this shop
    and from several, the one with more parcels counts.
    """
    levels = _levels(known)
    started = journey.out_on or journey.handed_on
    likely = shares(journey, levels)
    passed = (today - started).days + (hour >= EVENING)
    if passed > HORIZON:
        return None
    left = [0.0 if day < passed else share for day, share in enumerate(likely)]
    survived = sum(left)
    if survived <= 0:
        return None
    left = [share / survived for share in left]
    first, last = window(left)
    known_of = _known_of(journey, levels) * survived
    trust = _LEAST_TRUST + (1 - _LEAST_TRUST) * known_of / (known_of + _DOUBTS)
    return Forecast(
        first=started + first * _ONE_DAY,
        last=started + last * _ONE_DAY,
        likeliest=started + max(range(len(left)), key=left.__getitem__) * _ONE_DAY,
        confidence=round(min(1.0, sum(left[first : last + 1])) * trust, 2),
        basis=_basis(journey, levels),
    )


def shares(journey: Journey, levels: Mapping[Likeness, History]) -> list[float]:
    """How likely each day is, counted from handing in, or from when it went out; together about 1.

    Each level leans on the coarser one as if that were some parcels of its own, so that few of them don't sway it,
    and many overrule it.
    """
    closed = closed_on(journey.destination)
    if journey.out_on:
        out = prior_of(Way.OUT_FOR_DELIVERY, journey.service)
        return by_calendar(out.shares, journey.out_on.isoweekday(), closed)
    weekday = journey.handed_on.isoweekday()
    usual = prior_of(way_between(journey.origin, journey.destination), journey.service)
    likely = by_calendar(usual.shares, weekday, closed)
    for likeness in _FROM_COARSE:
        history = levels.get(likeness)
        if history is None:
            continue
        told = [0.0] * (HORIZON + 1)
        for days, number in history.counts:
            told[min(max(days, 0), HORIZON)] += number
        if likeness is not Likeness.WEEKDAY:
            told = by_calendar(told, weekday, closed)
        total = sum(told)
        likely = [(number + _WEIGHT * share) / (total + _WEIGHT) for number, share in zip(told, likely, strict=True)]
    return likely


def window(likely: Sequence[float]) -> tuple[int, int]:
    """The first and the last day, both within, of the time that leaves out a tenth of the parcels on either side."""
    by_then = list(accumulate(likely))
    early, late = _EARLY * by_then[-1], _LATE * by_then[-1]
    first = next(day for day, share in enumerate(by_then) if share > early)
    last = next(day for day, share in enumerate(by_then) if share >= late - 1e-9)
    return first, max(first, last)


def moved(before: tuple[datetime | None, datetime | None], after: tuple[datetime, datetime], now: datetime) -> bool:
    """Whether a forecast window is another by a day or more; a beginning that has passed anyhow is no other one."""
    first, last = before
    if first is None or last is None:
        return True
    begins = max(after[0], now) - max(first, now)
    return abs(begins) >= _ONE_DAY or abs(after[1] - last) >= _ONE_DAY


def days_taken(journey: Journey, arrived_on: date) -> tuple[int, int] | None:
    """How long a parcel took, in days of the calendar and in days on which is delivered; None for what can't be."""
    days = (arrived_on - journey.handed_on).days
    if not 0 <= days <= HORIZON:
        return None
    return days, steps_between(journey.handed_on, arrived_on, closed_on(journey.destination))


def _levels(known: Sequence[History]) -> dict[Likeness, History]:
    levels: dict[Likeness, History] = {}
    for history in known:
        before = levels.get(history.likeness)
        if history.parcels and (before is None or history.parcels > before.parcels):
            levels[history.likeness] = history
    return levels


def _known_of(journey: Journey, levels: Mapping[Likeness, History]) -> float:
    """By how many parcels the forecast is, those that are less alike counting less."""
    if journey.out_on:
        return 10 * _DOUBTS  # that vans come back full is known of all of them
    return max((_WORTH[likeness] * history.parcels for likeness, history in levels.items()), default=0.0)


def _basis(journey: Journey, levels: Mapping[Likeness, History]) -> str:
    for likeness in () if journey.out_on else reversed(_FROM_COARSE):
        history = levels.get(likeness)
        if history and history.parcels >= ENOUGH:
            return f"{_number(history)} {_alike(journey, likeness)}"
    way = Way.OUT_FOR_DELIVERY if journey.out_on else way_between(journey.origin, journey.destination)
    return f"a usual time for {prior_of(way, journey.service).words}"


def _number(history: History) -> str:
    """Exactly for a shop's own parcels; how many others have is their business."""
    if not history.shared:
        return f"{history.parcels:,}"
    return f"at least {next((bound for bound in _ROUGHLY if bound <= history.parcels), ENOUGH):,}"


def _alike(journey: Journey, likeness: Likeness) -> str:
    words = "parcels"
    if likeness is not Likeness.LANE:
        carrier = CARRIERS.get(journey.carrier)
        name = carrier.name if carrier else journey.carrier
        words += f" of {name}"
        if likeness is not Likeness.CARRIER and journey.service.casefold() not in ("", name.casefold()):
            words += f" ({journey.service})"
    if journey.origin == journey.destination:
        words += f" within {journey.destination}"
    elif journey.origin:
        words += f" from {journey.origin} to {journey.destination}"
    else:
        words += f" to {journey.destination}"
    if likeness is Likeness.WEEKDAY:
        words += f" handed in on a {_WEEKDAYS[journey.handed_on.isoweekday()]}"
    return words
