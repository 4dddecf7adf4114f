"""What follows an attempt."""

from datetime import timedelta

import pytest

from karla.domain.subscribers.records.deliveries import DeliveryStatus, Outcome, RetryPolicy
from karla.domain.subscribers.rules.retries import (
    asked_delay,
    asked_pause,
    follow_up,
    is_overdue,
    outcome_of,
    retry_delay,
    window,
)
from tests.support.clocks import NOON

LEASE = timedelta(seconds=30)
ANYWHERE = "http://127.0.0.1:9/hooks"


class TestRetries:
    def test_schedule(self) -> None:
        waits = [retry_delay(attempt, 30, 0.5) for attempt in range(1, 16)]
        minutes = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 840, 840, 840, 840]
        assert waits == [timedelta(minutes=minute) for minute in minutes]
        assert timedelta(hours=72) < sum(waits, timedelta()) < timedelta(hours=74)

    @pytest.mark.parametrize(("chance", "seconds"), [(0.0, 27), (0.25, 28.5), (0.5, 30), (0.75, 31.5)])
    def test_jitter(self, chance: float, seconds: float) -> None:
        assert retry_delay(1, 30, chance) == timedelta(seconds=seconds)

    def test_no_wait_is_longer_than_the_cap_and_its_jitter(self) -> None:
        assert retry_delay(10_000, 30, 0.999) < timedelta(hours=15.4)

    @pytest.mark.parametrize(
        ("status_code", "header", "expected"),
        [
            (429, "120", timedelta(minutes=2)),
            (503, "5", timedelta(seconds=5)),
            (429, "999999999", timedelta(hours=14)),
            (502, "60", timedelta(minutes=1)),
            (504, "60", timedelta(minutes=1)),
            (500, "120", timedelta()),
            (504, None, timedelta()),
            (429, None, timedelta()),
            (429, "Mon, 16 Mar 2026 12:02:00 GMT", timedelta(minutes=2)),
            (503, "Mon, 16 Mar 2026 12:02:00 GMT", timedelta(minutes=2)),
            (503, "Monday, 16-Mar-26 12:02:00 GMT", timedelta(minutes=2)),
            (503, "Sun, 15 Mar 2026 12:00:00 GMT", timedelta()),
            (503, "Mon, 16 Mar 2099 12:00:00 GMT", timedelta(hours=14)),
            (503, "soon", timedelta()),
            (429, "-5", timedelta()),
            (429, "٣", timedelta()),
        ],
    )
    def test_what_a_busy_receiver_asks_for(self, status_code: int, header: str | None, expected: timedelta) -> None:
        assert asked_delay(status_code, header, NOON) == expected

    @pytest.mark.parametrize("status_code", [429, 502, 503, 504, None])
    def test_who_is_overrun_is_sent_less(self, status_code: int | None) -> None:
        assert outcome_of(status_code) is Outcome.STALLED

    @pytest.mark.parametrize(
        ("attempt", "status_code", "expected"),
        [
            (1, 200, DeliveryStatus.DELIVERED),
            (1, 204, DeliveryStatus.DELIVERED),
            (16, 299, DeliveryStatus.DELIVERED),
            (1, 302, DeliveryStatus.PENDING),
            (1, 199, DeliveryStatus.PENDING),
            (1, 410, DeliveryStatus.FAILED),
            (1, 404, DeliveryStatus.PENDING),
            (15, 500, DeliveryStatus.PENDING),
            (15, None, DeliveryStatus.PENDING),
            (16, 500, DeliveryStatus.FAILED),
            (16, None, DeliveryStatus.FAILED),
        ],
    )
    def test_what_follows(self, attempt: int, status_code: int | None, expected: DeliveryStatus) -> None:
        wait = timedelta(minutes=1)
        status, due_at = follow_up(attempt, outcome_of(status_code), RetryPolicy(15, 30), wait, NOON)
        assert status is expected
        assert due_at == (NOON + wait if status is DeliveryStatus.PENDING else NOON)

    def test_what_was_never_sent_is_no_attempt(self) -> None:
        wait = timedelta(seconds=5)
        assert follow_up(99, Outcome.UNSENT, RetryPolicy(15, 30), wait, NOON) == (DeliveryStatus.PENDING, NOON + wait)

    def test_what_could_not_be_sent_is_given_up_when_its_time_is_over(self) -> None:
        policy = RetryPolicy(15, 30)
        told = follow_up(1, Outcome.UNSENT, policy, timedelta(seconds=5), NOON, overdue=True)
        assert told == (DeliveryStatus.FAILED, NOON)

    @pytest.mark.parametrize(
        ("age", "span", "overdue"),
        [(79, 80, False), (80, 80, True), (0.9, 0, False), (1, 0, True)],
    )
    def test_its_time_is_an_hour_at_least(self, age: float, span: float, overdue: bool) -> None:
        assert is_overdue(NOON - timedelta(hours=age), timedelta(hours=span), NOON) is overdue

    @pytest.mark.parametrize(
        ("status_code", "asked", "pause"),
        [(429, 0, 5), (429, 60, 60), (429, 7200, 3600), (503, 0, 0), (503, 60, 60), (500, 0, 0), (200, 0, 0)],
    )
    def test_how_long_the_whole_endpoint_is_left_alone(self, status_code: int, asked: int, pause: int) -> None:
        assert asked_pause(status_code, timedelta(seconds=asked)) == timedelta(seconds=pause)

    def test_the_window_is_the_longest_that_it_can_take(self) -> None:
        assert window(RetryPolicy(2, 10)) == timedelta(seconds=33)
        assert timedelta(hours=79) < window(RetryPolicy(15, 30)) < timedelta(hours=81)
