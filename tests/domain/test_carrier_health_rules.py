"""How a carrier is doing, by what came of asking it: figures from buckets, and a verdict that doesn't cry wolf."""

from datetime import timedelta
from typing import Any

import pytest

from karla.domain.connections.records import ConnectionStatus
from karla.domain.tracking.records import Outcome, Span, State
from karla.domain.tracking.rules.health import (
    AGE_BOUNDS,
    CALL_BOUNDS,
    age_seconds,
    ages_of,
    buckets_of,
    call_ms,
    quantile,
    success_rate,
    verdict_on,
)
from tests.support.clocks import NOON

NOTHING = Span()
ACTIVE = ConnectionStatus.ACTIVE


def span(slowest_ms: int | None = None, **outcomes: int) -> Span:
    """So many questions of each outcome, each of which took `slowest_ms` where that is given."""
    counts = {Outcome(name): count for name, count in outcomes.items()}
    calls = [] if slowest_ms is None else [slowest_ms] * sum(counts.values())
    return Span(outcomes=counts, call_buckets=buckets_of(calls, CALL_BOUNDS), slowest_ms=slowest_ms)


def state(recent: Span, day: Span | None = None, account: ConnectionStatus | None = ACTIVE) -> State:
    return verdict_on(account, recent, day or recent).state


def test_a_value_on_a_bound_is_within_its_bucket_and_the_last_one_has_no_bound() -> None:
    assert buckets_of([0, 10, 10.5, 20, 21, 4_000], (10, 20)) == [2, 2, 2]
    assert buckets_of([], (10, 20)) == [0, 0, 0]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([5] * 10, 0.5, 2.5),
        ([15] * 10, 0.5, 12.5),
        ([5] * 50 + [15] * 50, 0.5, 10),
        ([5] * 10 + [15] * 90, 0.95, 15),
        ([500], 0.5, 260),
        ([500] * 10, 0.95, 476),
    ],
)
def test_a_share_is_estimated_within_its_bucket_and_never_beyond_the_greatest(
    values: list[float], share: float, expected: float | None
) -> None:
    bounds = (10, 20)
    found = quantile(buckets_of(values, bounds), bounds, share, max(values, default=None))
    assert found == (None if expected is None else pytest.approx(expected, abs=0.5))


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_the_estimate_is_in_the_bucket_of_the_true_value(share: float) -> None:
    values = sorted((number * 7919) % 15_000 for number in range(1_000))
    true = values[int(share * len(values)) - 1]
    found = quantile(buckets_of(values, CALL_BOUNDS), CALL_BOUNDS, share, values[-1])
    assert found is not None
    edges = [0, *CALL_BOUNDS]
    low = max(edge for edge in edges if edge < true)
    assert low <= found <= next((edge for edge in edges if edge >= true), values[-1])


def test_buckets_that_were_stored_before_there_were_more_bounds_are_read() -> None:
    assert call_ms(Span(call_buckets=(4, 4), slowest_ms=90), 0.5) == 50
    assert age_seconds(Span(age_buckets=(), oldest_seconds=None), 0.5) is None


def test_that_a_carrier_knows_nothing_new_is_an_answer() -> None:
    assert success_rate(span(told=1, unchanged=1, not_found=1, busy=1)) == 0.75
    assert success_rate(span(told=1, refused=1, unauthorised=1, unreachable=1)) == 0.25
    assert success_rate(NOTHING) is None


def test_a_scans_age_is_the_time_until_it_was_known() -> None:
    placed_at = NOON - timedelta(hours=2)
    scans = [NOON - timedelta(minutes=30), NOON, placed_at]
    assert ages_of(scans, placed_at, NOON) == [1_800, 0, 7_200]


def test_scans_from_before_the_parcel_was_ours_tell_no_age_and_those_of_the_future_are_fresh() -> None:
    scans = [NOON - timedelta(days=3), NOON + timedelta(hours=1)]
    assert ages_of(scans, NOON - timedelta(hours=2), NOON) == [0]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({"told": 20}, State.HEALTHY),
        ({"unchanged": 15, "not_found": 5}, State.HEALTHY),
        ({"told": 90, "unreachable": 10}, State.HEALTHY),
        ({"told": 89, "unreachable": 11}, State.DEGRADED),
        ({"told": 50, "busy": 50}, State.DEGRADED),
        ({"told": 10, "unreachable": 90}, State.DEGRADED),
        ({"told": 9, "unreachable": 91}, State.DOWN),
        ({"unreachable": 20}, State.DOWN),
        ({"busy": 20}, State.DOWN),
        ({"unauthorised": 20}, State.DOWN),
    ],
)
def test_by_the_share_that_was_answered(outcomes: dict[str, int], expected: State) -> None:
    assert state(span(**outcomes)) is expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({"told": 60, "refused": 40}, State.HEALTHY),
        ({"told": 50, "refused": 50}, State.HEALTHY),
        ({"told": 40, "refused": 60}, State.DEGRADED),
        ({"refused": 100}, State.DEGRADED),
        ({"refused": 40, "unreachable": 60}, State.DOWN),
    ],
)
def test_wrong_numbers_are_no_trouble_of_the_carriers_unless_most_are_refused(
    outcomes: dict[str, int], expected: State
) -> None:
    assert state(span(**outcomes)) is expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({}, State.QUIET),
        ({"unreachable": 1}, State.QUIET),
        ({"unreachable": 2}, State.QUIET),
        ({"unreachable": 3}, State.DEGRADED),
        ({"busy": 19}, State.DEGRADED),
        ({"told": 1, "unreachable": 18}, State.HEALTHY),
        ({"told": 1}, State.HEALTHY),
    ],
)
def test_of_few_questions_it_does_not_cry_wolf(outcomes: dict[str, int], expected: State) -> None:
    assert state(span(**outcomes)) is expected


def test_the_last_hours_decide_where_enough_was_asked_in_them() -> None:
    bad_night = span(told=30, unreachable=70)
    assert state(span(told=20), bad_night) is State.HEALTHY
    assert state(span(told=19), bad_night) is State.DEGRADED
    assert state(span(unreachable=20), span(told=500, unreachable=20)) is State.DOWN
    assert state(NOTHING, NOTHING) is State.QUIET


def test_a_carrier_that_answers_very_slowly_is_degraded() -> None:
    assert state(span(slowest_ms=9_000, told=40)) is State.HEALTHY
    slow = verdict_on(ACTIVE, span(slowest_ms=15_000, told=40), NOTHING)
    assert (slow.state, "one in twenty took" in slow.reason) == (State.DEGRADED, True)


def test_an_account_that_is_refused_or_paused_says_so_whatever_was_asked() -> None:
    well = span(told=100)
    assert state(well, account=ConnectionStatus.REFUSED) is State.DOWN
    assert state(well, account=ConnectionStatus.PAUSED) is State.QUIET
    assert state(well, account=None) is State.HEALTHY


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ({}, "Nothing was asked in the last day."),
        ({"told": 5}, "5 of 5 questions answered in the last day: too few to tell more."),
        ({"busy": 2}, "0 of 2 questions answered in the last day: too few to tell anything."),
        ({"told": 100}, "100 of 100 questions answered in the last three hours."),
        (
            {"told": 50, "unreachable": 30, "busy": 20},
            "50 of 100 questions answered in the last three hours; mostly it could not be reached.",
        ),
        ({"refused": 5}, "0 of 5 questions answered in the last day; mostly it refused the question."),
        (
            {"unauthorised": 25},
            "0 of 25 questions answered in the last three hours; mostly it did not take the credentials.",
        ),
    ],
)
def test_it_says_why(outcomes: dict[str, Any], reason: str) -> None:
    asked = span(**outcomes)
    assert verdict_on(ACTIVE, asked, asked).reason == reason


def test_bounds_only_ever_grow() -> None:
    """Rows that are stored were counted by them: new ones go to the end."""
    assert CALL_BOUNDS[:9] == (50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
    assert AGE_BOUNDS[:10] == (60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 172_800)
