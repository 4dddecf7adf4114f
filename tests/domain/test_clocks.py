"""A shop's test clock: what it shows when, and what stopping, moving and speeding up make of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from math import inf, nan
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from karla.domain.tracking.records import ShopClock
from karla.domain.tracking.rules.clocks import (
    EARLIEST,
    FASTEST,
    LATEST,
    LONGEST_STEP,
    advanced,
    frozen,
    real_time,
    shown,
    sped,
)
from karla.infra.errors import Invalid
from tests.support.clocks import NOON

SHOP = UUID("6b1f7a0e-0c52-4f0a-9b0c-2f8d5f1b7a11")
THEN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY


def clock(factor: float = 0, showed_at: datetime = THEN, set_at: datetime = NOON) -> ShopClock:
    return ShopClock(shop_id=SHOP, set_at=set_at, showed_at=showed_at, factor=factor)


@pytest.mark.parametrize(
    ("one", "after", "expected"),
    [
        (None, timedelta(0), NOON),
        (None, HOUR, NOON + HOUR),
        (clock(), timedelta(0), THEN),
        (clock(), DAY, THEN),
        (clock(1), HOUR, THEN + HOUR),
        (clock(3600), SECOND, THEN + HOUR),
        (clock(0.5), HOUR, THEN + HOUR / 2),
        # Another machine is behind.
        (clock(3600), -HOUR, THEN),
        # The end of its calendar, and far beyond what any calendar has.
        (clock(FASTEST), YEAR, LATEST),
        (clock(FASTEST), 5000 * YEAR, LATEST),
        (clock(showed_at=LATEST), DAY, LATEST),
        (clock(60, showed_at=LATEST - HOUR), timedelta(minutes=1), LATEST),
    ],
)
def test_what_it_shows(one: ShopClock | None, after: timedelta, expected: datetime) -> None:
    assert shown(one, NOON + after) == expected


@pytest.mark.parametrize(
    ("one", "moment", "now", "expected"),
    [
        (None, NOON + HOUR, NOON, NOON + HOUR),
        (None, NOON - HOUR, NOON, NOON),
        (clock(), THEN, NOON + DAY, NOON + DAY),
        (clock(), THEN - HOUR, NOON, NOON),
        (clock(), THEN + SECOND, NOON, None),
        (clock(3600), THEN + DAY, NOON, NOON + 24 * SECOND),
        (clock(3600), THEN + DAY, NOON + 10 * SECOND, NOON + 24 * SECOND),
        (clock(3600), THEN + DAY, NOON + HOUR, NOON + HOUR),
        (clock(1), LATEST, NOON, NOON + (LATEST - THEN)),
        (clock(1), LATEST + SECOND, NOON, None),
        (clock(1e-300), THEN + SECOND, NOON, None),
        (clock(1e-9), THEN + YEAR, NOON, None),
    ],
)
def test_when_it_will_show_a_moment(
    one: ShopClock | None, moment: datetime, now: datetime, expected: datetime | None
) -> None:
    assert real_time(one, moment, now) == expected


times = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(UTC))
factors = st.floats(0, FASTEST) | st.sampled_from([0.0, 1.0, 60.0, 3600.0, FASTEST])
clocks = st.builds(clock, factor=factors, showed_at=times, set_at=times)


@given(clocks, times, times)
def test_it_shows_a_moment_when_it_says_so_and_not_sooner(one: ShopClock, moment: datetime, now: datetime) -> None:
    at = real_time(one, moment, now)
    if at is None:
        assert one.factor < 1
        assert shown(one, LATEST) < moment
        return
    assert at >= now
    assert shown(one, at) >= moment
    if at > now:
        assert shown(one, at - timedelta(microseconds=1)) < moment


@given(clocks, times, times)
def test_it_never_runs_backwards(one: ShopClock, at: datetime, later: datetime) -> None:
    first, second = sorted([at, later])
    assert EARLIEST <= shown(one, first) <= shown(one, second) <= LATEST


@given(st.none() | clocks, times, st.floats(0.001, FASTEST))
def test_stopping_and_speeding_up_move_no_hand(one: ShopClock | None, now: datetime, factor: float) -> None:
    before = shown(one, now)
    for after in (frozen(one, SHOP, now, None), sped(one, SHOP, now, factor)):
        assert shown(after, now) == before
    assert shown(frozen(one, SHOP, now, None), now + YEAR) == before


@given(st.none() | clocks, times, st.lists(st.floats(0.001, 86400), max_size=5))
def test_steps_add_up(one: ShopClock | None, now: datetime, seconds: list[float]) -> None:
    steps = [timedelta(seconds=many) for many in seconds]
    end = shown(one, now) + sum(steps, timedelta(0))
    assume(end <= LATEST)
    after = one
    for step in steps:
        after = advanced(after, SHOP, now, step)
    assert shown(after, now) == end


def test_a_step_leaves_a_running_clock_running_and_a_new_one_stopped() -> None:
    running = advanced(clock(60), SHOP, NOON + SECOND, HOUR)
    assert running == clock(60, THEN + timedelta(minutes=61), NOON + SECOND)
    assert advanced(clock(), SHOP, NOON + SECOND, HOUR).factor == 0
    assert advanced(None, SHOP, NOON, HOUR) == clock(0, NOON + HOUR)


def test_it_is_stopped_at_any_moment_also_an_earlier_one() -> None:
    for at in (THEN - YEAR, THEN + YEAR, EARLIEST, LATEST):
        assert frozen(clock(60), SHOP, NOON + DAY, at) == clock(0, at, NOON + DAY)
    local = datetime(2026, 1, 5, 10, 0, tzinfo=timezone(HOUR))
    assert shown(frozen(None, SHOP, NOON, local), NOON) == THEN


def test_a_change_that_waited_for_another_one_counts_from_that_ones_moment() -> None:
    """Its own moment is the earlier one: it began first, and then had to wait."""
    quicker = advanced(clock(FASTEST), SHOP, NOON + SECOND, HOUR)
    late = advanced(quicker, SHOP, NOON, HOUR)
    assert (late.set_at, late.showed_at) == (quicker.set_at, quicker.showed_at + HOUR)


@pytest.mark.parametrize(
    ("change", "member", "word"),
    [
        (lambda: advanced(None, SHOP, NOON, timedelta(0)), "by_seconds", "too_small"),
        (lambda: advanced(clock(60), SHOP, NOON, -SECOND), "by_seconds", "too_small"),
        (lambda: advanced(clock(60), SHOP, NOON, LONGEST_STEP + SECOND), "by_seconds", "too_large"),
        (lambda: advanced(clock(0, LATEST - HOUR), SHOP, NOON, 2 * HOUR), "by_seconds", "datetime_out_of_range"),
        (lambda: sped(None, SHOP, NOON, 0), "factor", "too_small"),
        (lambda: sped(None, SHOP, NOON, -1), "factor", "too_small"),
        (lambda: sped(None, SHOP, NOON, nan), "factor", "too_small"),
        (lambda: sped(None, SHOP, NOON, inf), "factor", "too_large"),
        (lambda: sped(None, SHOP, NOON, FASTEST + 1), "factor", "too_large"),
        (lambda: frozen(None, SHOP, NOON, EARLIEST - SECOND), "at", "datetime_out_of_range"),
        (lambda: frozen(None, SHOP, NOON, LATEST + SECOND), "at", "datetime_out_of_range"),
        (lambda: frozen(None, SHOP, NOON, THEN.replace(tzinfo=None)), "at", "datetime_invalid"),
    ],
)
def test_nonsense_is_refused(change: Callable[[], ShopClock], member: str, word: str) -> None:
    with pytest.raises(Invalid) as caught:
        change()
    (fault,) = caught.value.faults
    assert (fault.loc, fault.type) == (("body", member), word)


def test_the_longest_step_and_the_greatest_speed_are_taken() -> None:
    assert shown(advanced(clock(), SHOP, NOON, LONGEST_STEP), NOON) == THEN + LONGEST_STEP
    assert sped(clock(), SHOP, NOON, FASTEST).factor == FASTEST
