"""What follows an attempt for the delivery that it was made for."""

from datetime import datetime, timedelta

from karla.domain.subscribers.records.deliveries import DeliveryStatus, Outcome, RetryPolicy
from karla.infra.retry_after import retry_after_seconds

LONGEST_DELAY = timedelta(hours=14)
JITTER = 0.1
# A fault of our own is mended sooner than a receiver, and none of its attempts are used up meanwhile.
UNSENT_SECONDS = 5.0
# Operators may allow a retry or none. What waits behind a breaker gets its probes, and its shop is told, all the same;
# and a fault of ours that is soon mended loses nothing.
LEAST_WINDOW = timedelta(hours=1)
# A receiver that is overrun, or whose gateway says so for it.
_OVERRUN = frozenset({429, 502, 503, 504})
_TOO_MANY_REQUESTS = 429
_GONE = 410
_LONGEST_PAUSE = timedelta(hours=1)
_SHORTEST_PAUSE = timedelta(seconds=5)


def retry_delay(attempt: int, base_seconds: float, random_unit: float) -> timedelta:
    """How long to wait after failed attempt number `attempt`: base · 2^(attempt-1), at most 14 h, give or take 10 %.

    `random_unit` is in [0, 1). With a base of 30 s the waits are 30 s, 1, 2, 4, 8, 16, 32, 64, 128, 256 and
    512 min, then four times 14 h: the first attempt and 15 retries span 73 hours, three days.
    """
    doublings = min(attempt - 1, 64)
    seconds = min(base_seconds * 2**doublings, LONGEST_DELAY.total_seconds())
    return timedelta(seconds=seconds * (1 - JITTER + 2 * JITTER * random_unit))


def window(policy: RetryPolicy) -> timedelta:
    """From a delivery's first attempt to its last one, if all waits are the longest that they can be."""
    waits = (retry_delay(attempt, policy.base_seconds, 1) for attempt in range(1, policy.retries + 1))
    return sum(waits, timedelta())


def is_overdue(created_at: datetime, window: timedelta, now: datetime) -> bool:
    """Whether a delivery has been held back until its whole `window` was over, which counts as an hour at least."""
    return created_at <= now - max(window, LEAST_WINDOW)


def outcome_of(status_code: int | None) -> Outcome:
    """What an answer with this status is, None being no answer; a redirect is none that counts."""
    if status_code is None or status_code in _OVERRUN:
        return Outcome.STALLED
    if 200 <= status_code < 300:
        return Outcome.ACCEPTED
    return Outcome.GONE if status_code == _GONE else Outcome.REFUSED


def asked_delay(status_code: int, retry_after: str | None, now: datetime) -> timedelta:
    """How long a busy receiver (429, 502, 503, 504) wants to be left alone, by its `Retry-After`; else no time."""
    if status_code not in _OVERRUN or retry_after is None:
        return timedelta()
    seconds = retry_after_seconds(retry_after, now) or 0.0
    return timedelta(seconds=min(seconds, LONGEST_DELAY.total_seconds()))


def asked_pause(status_code: int, asked: timedelta) -> timedelta:
    """How long to leave the whole endpoint alone, having been asked for `asked`: up to an hour.

    So a header that is wrong stops nobody's events for long. A 429 that names no time means some seconds.
    """
    least = _SHORTEST_PAUSE if status_code == _TOO_MANY_REQUESTS else timedelta()
    return max(least, min(asked, _LONGEST_PAUSE))


def follow_up(
    attempt: int, outcome: Outcome, policy: RetryPolicy, wait: timedelta, now: datetime, *, overdue: bool = False
) -> tuple[DeliveryStatus, datetime]:
    """What becomes of a delivery after attempt number `attempt`, and when it is due next if it is.

    What was never sent is no attempt, so there is another one until the delivery is `overdue`.
    """
    match outcome:
        case Outcome.ACCEPTED:
            return DeliveryStatus.DELIVERED, now
        case Outcome.UNSENT if not overdue:
            return DeliveryStatus.PENDING, now + wait
        case Outcome.GONE | Outcome.UNSENT:
            return DeliveryStatus.FAILED, now
        case _ if attempt > policy.retries:
            return DeliveryStatus.FAILED, now
        case _:
            return DeliveryStatus.PENDING, now + wait
