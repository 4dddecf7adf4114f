"""Simulated parcels whose transit times follow known laws: what a forecaster is trained on, and judged by."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from karla.domain.tracking.records import History, Journey, Likeness
from karla.domain.tracking.rules.forecasting import days_taken
from karla.domain.tracking.rules.priors import HORIZON

SHOP = UUID(int=1)
BEGIN = date(2026, 1, 5)  # a Monday
LEARNT_DAYS, JUDGED_DAYS = 120, 28

_SATURDAY, _SUNDAY = 6, 7


class Law(NamedTuple):
    """How long the parcels of one carrier's service on a lane take, in days on which it works and delivers.

    `fastest` days at least, then each further day is needed with the chance `slack`; `stuck` of all take `trouble`
    days more. With `saturdays` it delivers on Saturdays too; what is handed in on a Friday is `friday` more likely to
    need a day more, as the hubs are full.
    """

    fastest: int
    slack: float
    stuck: float
    trouble: int
    saturdays: bool
    friday: float


class Series(NamedTuple):
    """Parcels of one carrier's service on a lane: so many were learnt, and from the middle of the judged ones on the
    law may be another one."""

    kind: str
    origin: str
    destination: str
    carrier: str
    service: str
    law: Law
    learnt: int
    later: Law | None = None


class Parcel(NamedTuple):
    """One parcel, with how likely each day of arrival was when it was handed in."""

    journey: Journey
    days: int
    truth: Sequence[float]


_LANES = {
    "within a country": ("DE DE", "FR FR", "US US", "PL PL", "GB GB", "NL NL"),
    "between neighbours": ("DE AT", "NL DE", "FR ES", "DE CH", "ES PT", "SE DK", "IT DE"),
    "far": ("DE US", "CN DE", "CN FR", "US GB", "DE AU", "TR DE"),
}
_FASTEST = {"within a country": (1, 2), "between neighbours": (2, 4), "far": (5, 9)}
_CARRIERS = ("dhl", "ups", "gls", "dpd", "fedex", "usps")
_SERVICES = ("PARCEL", "EXPRESS")
_LEARNT = {"dense": 400, "sparse": 12, "a carrier's first on its lane": 0, "a lane never seen": 0, "drifting": 400}


def series(random: Random) -> list[Series]:
    """Of each kind some; the lanes never seen are none of the others', and every other one has several carriers."""
    made = []
    for distance, lanes in _LANES.items():
        for place, lane in enumerate(lanes):
            origin, destination = lane.split()
            base = random.randint(*_FASTEST[distance])
            carriers = random.sample(_CARRIERS, 4)
            kinds = ["a lane never seen"] * 2 if place == len(lanes) - 1 else [*[*_LEARNT][:3], "drifting"]
            for carrier, kind in zip(carriers, kinds, strict=False):
                for service in _SERVICES:
                    law = _law(random, base, express=service == "EXPRESS")
                    later = law._replace(fastest=law.fastest + 1) if kind == "drifting" else None
                    made.append(Series(kind, origin, destination, carrier, service, law, _LEARNT[kind], later))
    return made


def _law(random: Random, base: int, *, express: bool) -> Law:
    return Law(
        fastest=max(1, base - 1 if express else base + random.randint(-1, 1)),
        slack=random.uniform(0.05, 0.2) if express else random.uniform(0.15, 0.5),
        stuck=random.uniform(0.01, 0.05),
        trouble=random.randint(4, 9),
        saturdays=random.random() < 0.7,
        friday=random.uniform(0, 0.3),
    )


def learnt(random: Random, one: Series) -> Iterator[Parcel]:
    """The parcels of it that have arrived before any is judged."""
    for _ in range(one.learnt):
        yield _parcel(random, one, one.law, BEGIN + timedelta(days=random.randrange(LEARNT_DAYS)))


def judged(random: Random, one: Series, count: int) -> Iterator[Parcel]:
    """Those that are forecast."""
    for _ in range(count):
        day = LEARNT_DAYS + random.randrange(JUDGED_DAYS)
        law = one.later if one.later and day >= LEARNT_DAYS + JUDGED_DAYS // 2 else one.law
        yield _parcel(random, one, law, BEGIN + timedelta(days=day))


def _parcel(random: Random, one: Series, law: Law, handed_on: date) -> Parcel:
    if handed_on.isoweekday() == _SUNDAY:
        handed_on += timedelta(days=1)
    truth = _arrivals(law, handed_on.isoweekday())
    days = random.choices(range(len(truth)), truth)[0]
    journey = Journey(
        shop_id=SHOP,
        origin=one.origin,
        destination=one.destination,
        carrier=one.carrier,
        service=one.service,
        handed_on=handed_on,
    )
    return Parcel(journey, days, truth)


def _arrivals(law: Law, weekday: int) -> list[float]:
    """How likely each day after a weekday is; what would come after the horizon comes on its last day."""
    working = [day for day in range(1, HORIZON + 30) if _works(law, (weekday + day - 1) % 7 + 1)]
    likely = [0.0] * (HORIZON + 1)
    slack = min(0.9, law.slack + (law.friday if weekday == _SATURDAY - 1 else 0))
    for more in range(30):
        share = slack**more * (1 - slack)
        for late, part in ((0, 1 - law.stuck), (law.trouble, law.stuck)):
            needed = law.fastest + more + late
            likely[min(working[needed - 1], HORIZON)] += share * part
    return [share / sum(likely) for share in likely]


def _works(law: Law, weekday: int) -> bool:
    return weekday < _SATURDAY or (weekday == _SATURDAY and law.saturdays)


class Counted:
    """What was learnt, counted as `commands.transits` counts it."""

    def __init__(self, parcels: Sequence[Parcel]) -> None:
        self._counts: Mapping[tuple[object, ...], dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for parcel in parcels:
            took = days_taken(parcel.journey, parcel.journey.handed_on + timedelta(days=parcel.days))
            if took:
                days, steps = took
                for likeness, key in _keys(parcel.journey):
                    self._counts[key][days if likeness is Likeness.WEEKDAY else steps] += 1

    def of(self, journey: Journey) -> list[History]:
        """What is known of parcels like it."""
        return [
            History(likeness=likeness, shared=False, counts=tuple(self._counts[key].items()))
            for likeness, key in _keys(journey)
            if key in self._counts
        ]


def _keys(journey: Journey) -> Iterator[tuple[Likeness, tuple[object, ...]]]:
    lane = (journey.origin, journey.destination)
    yield Likeness.LANE, lane
    yield Likeness.CARRIER, (*lane, journey.carrier)
    yield Likeness.SERVICE, (*lane, journey.carrier, journey.service)
    yield Likeness.WEEKDAY, (*lane, journey.carrier, journey.service, journey.handed_on.isoweekday())
