"""How a carrier is doing, by what came of asking it."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from karla.domain.connections.records import ConnectionStatus
from karla.domain.tracking.records import Outcome, Span, State, Verdict

CALL_BOUNDS: Final = (50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
"""Milliseconds up to which a call is counted in each bucket; one more counts what takes longer."""
AGE_BOUNDS: Final = (60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800)
"""Seconds up to which a scan's age is counted in each bucket; one more counts what is older."""

RECENTLY: Final = timedelta(hours=3)
LATELY: Final = timedelta(hours=24)
OVERDUE: Final = timedelta(hours=1)
"""A parcel that waits so long after it was due is behind its time."""

GOOD: Final = (Outcome.TOLD, Outcome.UNCHANGED, Outcome.NOT_FOUND)
"""That a carrier knows nothing of a parcel, or nothing new, is an answer."""

# Of fewer questions a share says little, and of very few nothing.
_ENOUGH: Final = 20
_FEW: Final = 3
_DOWN_BELOW: Final = 0.1
_DEGRADED_BELOW: Final = 0.9
_SLOW_MS: Final = 10_000
_TROUBLES: Final = {
    Outcome.UNREACHABLE: "it could not be reached",
    Outcome.BUSY: "it took no more calls",
    Outcome.UNAUTHORISED: "it did not take the credentials",
    Outcome.REFUSED: "it refused the question",
}


def buckets_of(values: Sequence[float], bounds: Sequence[int]) -> list[int]:
    """How many of the values are in each bucket; a value on a bound is within it."""
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect_left(bounds, value)] += 1
    return counts


def quantile(counts: Sequence[int], bounds: Sequence[int], share: float, greatest: float | None) -> float | None:
    """About how great the value is up to which this share of all lie; None where nothing was counted.

    Within a bucket the values are taken to lie evenly. `greatest` is the greatest of all.
    """
    wanted = sum(counts) * share
    before = 0
    for place, count in enumerate(counts):
        if count and before + count >= wanted:
            low = bounds[place - 1] if place else 0
            end = bounds[place] if place < len(bounds) else max(low, greatest or 0)
            high = end if greatest is None else max(low, min(end, greatest))
            return low + (high - low) * (wanted - before) / count
        before += count
    return None


def call_ms(span: Span, share: float) -> int | None:
    """Within how many milliseconds this share of the questions had what came of them."""
    found = quantile(span.call_buckets, CALL_BOUNDS, share, span.slowest_ms)
    return None if found is None else round(found)


def age_seconds(span: Span, share: float) -> int | None:
    """How many seconds old at most this share of the scans were when they were heard of."""
    found = quantile(span.age_buckets, AGE_BOUNDS, share, span.oldest_seconds)
    return None if found is None else round(found)


def good(span: Span) -> int:
    """How many of the questions were answered."""
    return sum(span.outcomes.get(outcome, 0) for outcome in GOOD)


def success_rate(span: Span) -> float | None:
    """Which share of the questions was answered, 0 to 1; None where nothing was asked."""
    return good(span) / span.asked if span.asked else None


def ages_of(scans: Sequence[datetime], placed_at: datetime, heard_at: datetime) -> list[float]:
    """How many seconds old these scans were when they were heard of.

    Those from before the shop handed in the parcel are left out: that they are old is nobody's delay. A scan of the
    future, by a clock or a zone that is off, is as fresh as can be.
    """
    return [max(0.0, (heard_at - scan).total_seconds()) for scan in scans if scan >= placed_at]


def verdict_on(account: ConnectionStatus | None, recent: Span, day: Span) -> Verdict:
    """How a carrier is doing: by the last hours where enough was asked in them, else by the last day.

    A small shop asks little, which must not cry wolf: of few questions some may fail, and if all of them do, that is
    no more than a trouble.
    """
    if account is ConnectionStatus.REFUSED:
        return Verdict(State.DOWN, "The account's credentials are refused: connect it anew.")
    if account is ConnectionStatus.PAUSED:
        return Verdict(State.QUIET, "The account is paused.")
    for span, when in ((recent, "in the last three hours"), (day, "in the last day")):
        if span.asked >= _ENOUGH:
            return _by_share(span, when)
    return _of_few(day)


def _of_few(day: Span) -> Verdict:
    if not day.asked:
        return Verdict(State.QUIET, "Nothing was asked in the last day.")
    told = f"{good(day)} of {day.asked} questions answered in the last day"
    if good(day):
        return Verdict(State.HEALTHY, f"{told}: too few to tell more.")
    if day.asked < _FEW:
        return Verdict(State.QUIET, f"{told}: too few to tell anything.")
    return Verdict(State.DEGRADED, f"{told}; {_trouble(day)}.")


def _by_share(span: Span, when: str) -> Verdict:
    told = f"{good(span)} of {span.asked} questions answered {when}"
    refused = span.outcomes.get(Outcome.REFUSED, 0)
    if refused * 2 > span.asked:
        return Verdict(State.DEGRADED, f"{told}; {_trouble(span)}.")
    # A refused question is mostly one about a wrong number: that is no fault of a carrier that answers all others.
    share = good(span) / (span.asked - refused)
    if share < _DEGRADED_BELOW:
        return Verdict(State.DOWN if share < _DOWN_BELOW else State.DEGRADED, f"{told}; {_trouble(span)}.")
    slow = call_ms(span, 0.95)
    if slow is not None and slow > _SLOW_MS:
        return Verdict(State.DEGRADED, f"{told}, but one in twenty took {slow / 1_000:.0f} seconds or longer.")
    return Verdict(State.HEALTHY, f"{told}.")


def _trouble(span: Span) -> str:
    """What went wrong most often."""
    worst = max(_TROUBLES, key=lambda outcome: span.outcomes.get(outcome, 0))
    return f"mostly {_TROUBLES[worst]}"
