"""Forecasts of arrival: how often the window is right, how wide it is, and how far off its likeliest day."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import NamedTuple

from benchmarks.comparison import table
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.transits import Counted, Parcel, judged, learnt, series
from karla.domain.tracking.rules.forecasting import forecast, window

_SEED = 43
_NOON = 12
_MOMENTS = (0, 2)
_FORECASTERS = ("Karla", "the truth", "what is usual")


class Judgement(NamedTuple):
    """One forecast and what came of it; `off` and `width` in days."""

    within: bool
    off: int
    width: int
    confidence: float


async def run(plan: Plan) -> Section:
    """Learn once, forecast each parcel when it is handed in, and two days later if it hasn't arrived."""
    random = Random(_SEED)
    world = series(random)
    counted = Counted([parcel for one in world for parcel in learnt(random, one)])
    parcels = [(one.kind, parcel) for one in world for parcel in judged(random, one, plan.of(400, 20))]
    rows = []
    for kind in dict.fromkeys(one.kind for one in world):
        for after in _MOMENTS:
            left = [parcel for of, parcel in parcels if of == kind and parcel.days >= after]
            rows += _rows(kind, after, left, counted)
    lines = [
        "Simulated parcels whose times follow known laws: carriers with and without Saturdays, none on Sundays, full",
        "hubs on Fridays, some parcels stuck for days, and lanes that become a day slower while they are forecast.",
        "Dense is 400 parcels learnt of a carrier's service on the lane, sparse 12; the first of a carrier finds only",
        "others on its lane, and a lane never seen only what is usual. The truth is the window of the law itself;",
        "what is usual is the table of priors alone, as a rival that learns nothing.",
        "",
        *table(
            [
                "parcels",
                "forecast",
                "by",
                "how many",
                "in the window",
                "window, days",
                "likeliest day off",
                "confidence",
            ],
            rows,
        ),
        "",
        *_calibration([one for _, parcel in parcels if (one := _by_karla(parcel, 0, counted))]),
        "",
        "At least 80 % in the window are wanted. Beside the statement that looks up what was learnt (one for up to 200",
        f"parcels) a forecast takes {_microseconds([one for _, one in parcels], counted):.0f} µs in the median.",
    ]
    await asyncio.sleep(0)
    return Section("forecasts", "Arrivals forecast", "\n".join(lines))


def _rows(kind: str, after: int, parcels: Sequence[Parcel], counted: Counted) -> list[list[str]]:
    judges: Sequence[Callable[[Parcel], Judgement | None]] = (
        lambda parcel: _by_karla(parcel, after, counted),
        lambda parcel: _by_truth(parcel, after),
        lambda parcel: _by_karla(parcel, after, None),
    )
    rows = []
    for name, judge in zip(_FORECASTERS, judges, strict=True):
        made = [judgement for parcel in parcels if (judgement := judge(parcel)) is not None]
        rows.append([kind, f"after {after} days" if after else "when handed in", name, f"{len(made):,}", *_shown(made)])
    return rows


def _shown(made: Sequence[Judgement]) -> list[str]:
    return [
        f"{100 * statistics.fmean(one.within for one in made):.1f} %",
        f"{statistics.fmean(one.width for one in made):.2f}",
        f"{statistics.fmean(one.off for one in made):.2f}",
        f"{statistics.fmean(one.confidence for one in made):.2f}",
    ]


def _by_karla(parcel: Parcel, after: int, counted: Counted | None) -> Judgement | None:
    known = counted.of(parcel.journey) if counted else []
    today = parcel.journey.handed_on + timedelta(days=after)
    made = forecast(parcel.journey, known, today, _NOON)
    if made is None:
        return None
    arrived = parcel.journey.handed_on + timedelta(days=parcel.days)
    return Judgement(
        within=made.first <= arrived <= made.last,
        off=abs((arrived - made.likeliest).days),
        width=(made.last - made.first).days + 1,
        confidence=made.confidence,
    )


def _by_truth(parcel: Parcel, after: int) -> Judgement:
    left = [0.0 if day < after else share for day, share in enumerate(parcel.truth)]
    first, last = window(left)
    return Judgement(
        within=first <= parcel.days <= last,
        off=abs(parcel.days - max(range(len(left)), key=left.__getitem__)),
        width=last - first + 1,
        confidence=sum(left[first : last + 1]) / sum(left),
    )


def _calibration(made: Sequence[Judgement]) -> list[str]:
    """How often forecasts of a confidence were right."""
    bounds = (0.5, 0.6, 0.7, 0.8, 0.9, 1.01)
    rows = []
    for low, high in zip((0.0, *bounds), bounds, strict=False):
        those = [one for one in made if low <= one.confidence < high]
        if those:
            said, right = statistics.fmean(o.confidence for o in those), statistics.fmean(o.within for o in those)
            rows.append([f"{low:.1f} to {min(high, 1):.1f}", f"{len(those):,}", f"{said:.2f}", f"{100 * right:.1f} %"])
    return table(["confidence", "forecasts", "in the mean", "in the window"], rows)


def _microseconds(parcels: Sequence[Parcel], counted: Counted) -> float:
    took = []
    for parcel in parcels[:: max(1, len(parcels) // 2_000)]:
        known = counted.of(parcel.journey)
        began = time.perf_counter()
        forecast(parcel.journey, known, parcel.journey.handed_on, _NOON)
        took.append(time.perf_counter() - began)
    return 1e6 * statistics.median(took)
