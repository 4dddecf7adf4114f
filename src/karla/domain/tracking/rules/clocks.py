"""What a shop's test clock shows, and what becomes of it when it is stopped, moved or sped up."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Final
from uuid import UUID

from karla.domain.tracking.records import ShopClock
from karla.infra.errors import Fault, Invalid

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""A clock shows nothing before and nothing after these; one that gets to the later one stays there."""
LONGEST_STEP: Final = timedelta(days=400)
FASTEST: Final = 1_000_000.0
"""How many seconds one may last at most."""

_MICROSECOND: Final = timedelta(microseconds=1)


def shown(clock: ShopClock | None, real: datetime) -> datetime:
    """What the clock shows at a real moment, and the moment itself without a clock.

    Before the moment that it was set at, as by another machine's idea of the time, it shows what it was set to.
    """
    if clock is None:
        return real
    since = max(_microseconds(real - clock.set_at), 0)
    # In whole numbers: a fast clock gets out of the calendar within years, and `real_time` has to meet it exactly.
    passed = min(floor(since * Fraction(clock.factor)), _microseconds(LATEST - clock.showed_at))
    return clock.showed_at + timedelta(microseconds=passed)


def real_time(clock: ShopClock | None, shown: datetime, now: datetime) -> datetime | None:
    """The first real moment from `now` on at which the clock shows this one or a later one.

    None: it never will, as it stands still before it, or stops first.
    """
    if clock is None:
        return max(shown, now)
    ahead = _microseconds(shown - clock.showed_at)
    if ahead <= 0:
        return now
    if clock.factor == 0 or shown > LATEST:
        return None
    try:
        return max(now, clock.set_at + timedelta(microseconds=ceil(ahead / Fraction(clock.factor))))
    except OverflowError:  # a slow one takes longer than the calendar has years
        return None


def frozen(clock: ShopClock | None, shop_id: UUID, now: datetime, at: datetime | None) -> ShopClock:
    """The clock stopped, at what it shows or at another moment, which may be an earlier one; Invalid for a wild one."""
    if at is None:
        return _set(clock, shop_id, now, shown(clock, now), 0)
    if at.tzinfo is None:
        raise _invalid("at", "Must be a date and time with an offset", "datetime_invalid")
    if not EARLIEST <= at <= LATEST:
        raise _invalid("at", f"Must lie between {EARLIEST.year} and {LATEST.year}", "datetime_out_of_range")
    return _set(clock, shop_id, now, at, 0)


def advanced(clock: ShopClock | None, shop_id: UUID, now: datetime, by: timedelta) -> ShopClock:
    """The clock moved ahead: one that runs goes on running, and one that is new stands still after the step.

    Invalid for a step that is none, that is longer than `LONGEST_STEP`, or that leads beyond `LATEST`.
    """
    if by <= timedelta(0):
        raise _invalid("by_seconds", "Must be greater than 0", "too_small")
    if by > LONGEST_STEP:
        raise _invalid("by_seconds", f"Must be at most {LONGEST_STEP.total_seconds():.0f}", "too_large")
    after = shown(clock, now) + by
    if after > LATEST:
        raise _invalid("by_seconds", f"Must not lead beyond {LATEST.year}", "datetime_out_of_range")
    return _set(clock, shop_id, now, after, clock.factor if clock else 0)


def sped(clock: ShopClock | None, shop_id: UUID, now: datetime, factor: float) -> ShopClock:
    """The clock running, from what it shows on, at so many seconds a second; Invalid for none, or too many."""
    if not factor > 0:
        raise _invalid("factor", "Must be greater than 0", "too_small")
    if factor > FASTEST:
        raise _invalid("factor", f"Must be at most {FASTEST:.0f}", "too_large")
    return _set(clock, shop_id, now, shown(clock, now), factor)


def _set(clock: ShopClock | None, shop_id: UUID, now: datetime, showed_at: datetime, factor: float) -> ShopClock:
    """The clock as it is from now on; it is never set at an earlier moment than before."""
    set_at = max(now, clock.set_at) if clock else now
    return ShopClock(shop_id=shop_id, set_at=set_at, showed_at=showed_at, factor=factor)


def _microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def _invalid(member: str, text: str, word: str) -> Invalid:
    name = member.replace("_", " ")
    return Invalid(message=f"The {name} is not valid.", faults=[Fault(("body", member), text, word)])
