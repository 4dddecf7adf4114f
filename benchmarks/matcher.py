"""The matcher of carriers: how often it is right, and how long it takes."""

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from benchmarks.comparison import table
from benchmarks.plan import Plan
from benchmarks.results import Section
from karla.domain.shipments.rules.carriers import infer, match
from tests.support.carrier_cases import (
    Case,
    company_cases,
    mixed_cases,
    negative_cases,
    number_cases,
    url_cases,
)

_SAMPLE = Path(__file__).parent.parent / "tests" / "support" / "carrier_cases.jsonl"
_DRAWN = (number_cases, company_cases, url_cases, mixed_cases, negative_cases)
_SEED = 97


async def run(plan: Plan) -> Section:
    """The sample first, then cases drawn at random, of each kind as many."""
    count = plan.of(1_000, 50)
    sample = msgspec.json.Decoder(Case).decode_lines(_SAMPLE.read_bytes())
    sets = {"the sample": sample, **{draw.__name__: [*draw(Random(_SEED), count)] for draw in _DRAWN}}
    rows = [
        [name.replace("_", " "), f"{len(cases):,}", f"{100 * _right(cases):.1f} %", _false(cases)]
        for name, cases in sets.items()
    ]
    # Names of companies are remembered, so these are cases that were not there before.
    times = [_times(call, _drawn(count, _SEED + turn)) for turn, call in enumerate((_match, _infer), 1)]
    lines = [
        "The sample is an evaluation file of 60 lines; the other cases are drawn at random by `tests/support`:",
        "synthetic numbers with right check digits, names with words of service around them, tracking pages, several",
        "clues at once, and what names nobody. A false carrier is one named where none is meant.",
        "",
        *table(["cases", "how many", "right", "false carriers"], rows),
        "",
        *table(
            ["call", "median", "95th percentile"],
            [[name, *_shown(took)] for name, took in zip(("`match`, with reasons", "`infer`"), times, strict=True)],
        ),
        "",
        "At least 97 % right, no false carrier and a median below 1 ms are wanted.",
    ]
    await asyncio.sleep(0)
    return Section("matcher", "Carriers matched", "\n".join(lines))


def _drawn(count: int, seed: int) -> list[Case]:
    return [case for draw in _DRAWN for case in draw(Random(seed), count)]


def _right(cases: list[Case]) -> float:
    return sum(_match(case) in (case.accept or [case.expect]) for case in cases) / len(cases)


def _false(cases: list[Case]) -> str:
    """Of how many cases that name nobody."""
    nobodys = [case for case in cases if case.expect is None]
    return f"{sum(_match(case) is not None for case in nobodys)} of {len(nobodys):,}" if nobodys else "–"


def _match(case: Case) -> str | None:
    return match(case.tracking_number, case.tracking_url, case.tracking_company, case.country).reference


def _infer(case: Case) -> str | None:
    return infer(case.tracking_number, case.tracking_url, case.tracking_company, case.country)


def _times(call: Callable[[Case], str | None], cases: list[Case]) -> list[float]:
    took = []
    for case in cases:
        began = time.perf_counter()
        call(case)
        took.append(time.perf_counter() - began)
    return took


def _shown(took: list[float]) -> list[str]:
    return [f"{1e6 * one:.0f} µs" for one in (statistics.median(took), statistics.quantiles(took, n=20)[18])]
