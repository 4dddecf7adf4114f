"""What attempts tell of an endpoint: when to leave it alone, and when to tell the shop."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from karla.domain.subscribers.records.deliveries import AttemptResult, DeliveryStatus, Outcome
from karla.domain.subscribers.records.lanes import LaneChange, LaneFailure, LaneState
from karla.vocabulary.events import Notice

LEASE = timedelta(seconds=30)
"""How long a claimed delivery is its claimer's: well over the time of an attempt and of writing it down."""

PUT_OFF = timedelta(hours=1)
"""How much later than the one before it a delivery is due that must wait for it.

Far more than a lease, so that it can't be taken for leased; it is let go once the one before it is settled.
"""

OPEN_AFTER = 10
"""So many failed attempts in a row open the breaker: from then on there is one probe at a time."""

SHORTEST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
JITTER = 0.1
_SUCCESS_NOTED = timedelta(seconds=1)
# Less than this may be a restart; the shop is told of what somebody has to look at.
FAILING_AFTER = timedelta(minutes=5)
FAILING_FROM = 3


def is_open(state: LaneState) -> bool:
    """Whether the breaker is open: nothing is sent but a probe after each pause."""
    return state.failures >= OPEN_AFTER


def pause(failing_for: timedelta, chance: float) -> timedelta:
    """How long an open breaker waits for its next probe: as long again as the endpoint has been failing.

    That doubles from probe to probe, from 5 s to 5 min, give or take 10 %; `chance` is in [0, 1).
    """
    seconds = min(max(failing_for, SHORTEST_PAUSE), LONGEST_PAUSE).total_seconds()
    return timedelta(seconds=seconds * (1 - JITTER + 2 * JITTER * chance))


def after_attempts(state: LaneState, results: Sequence[AttemptResult], now: datetime, chance: float) -> LaneChange:
    """The lane after these attempts, the first that ended first."""
    if state.paused_until and state.paused_until <= now:
        state = msgspec.structs.replace(state, paused_until=None)
    before, notices = state, list[Notice]()
    for result in results:
        match result.outcome:
            case Outcome.ACCEPTED:
                if state.reported_at:
                    notices.append(Notice.RECOVERED)
                state = _succeeded(state, now)
            case Outcome.UNSENT:
                state = _paused(_noted(state, result), now + result.pause, ends_probe=result.probe)
            case _:
                state = _failed(state, result, now, chance)
                if _worth_telling(state, result, now):
                    notices.append(Notice.FAILING)
                    state = msgspec.structs.replace(state, reported_at=now)
    resumed = is_open(before) and not is_open(state)
    return LaneChange(state=state, notices=notices, due_at=_due_again(state, results, now, resumed=resumed))


def frees_its_shipment(result: AttemptResult) -> bool:
    """Whether the next event of the same shipment may go, where they go in order."""
    return result.ordering_key is not None and result.status is not DeliveryStatus.PENDING


def _due_again(state: LaneState, results: Sequence[AttemptResult], now: datetime, *, resumed: bool) -> datetime | None:
    moments = [result.due_at for result in results if result.status is DeliveryStatus.PENDING]
    if resumed or any(frees_its_shipment(result) for result in results):
        moments.append(now)
    if state.paused_until:
        moments.append(state.paused_until)
    return min(moments, default=None)


def _succeeded(state: LaneState, now: datetime) -> LaneState:
    # A pause that the receiver asked for holds whatever else it answered; that of an open breaker is over.
    paused_until = None if is_open(state) else state.paused_until
    at = state.last_success_at
    # A lane that goes on as before isn't worth a row written for each of its events.
    if at is None or now - at >= _SUCCESS_NOTED:
        at = now
    return LaneState(paused_until=paused_until, last_success_at=at, last_failure=state.last_failure)


def _failed(state: LaneState, result: AttemptResult, now: datetime, chance: float) -> LaneState:
    state = msgspec.structs.replace(
        _noted(state, result),
        failures=state.failures + 1,
        failing_since=state.failing_since or result.attempt.started_at,
    )
    wait = result.pause
    if is_open(state) and state.failing_since:
        wait = max(wait, pause(now - state.failing_since, chance))
    return _paused(state, now + wait, ends_probe=result.probe) if wait else state


def _noted(state: LaneState, result: AttemptResult) -> LaneState:
    """What failed last, and why: also a fault of ours, which the shop has to know though it counts for nothing."""
    attempt = result.attempt
    return msgspec.structs.replace(
        state, last_failure=LaneFailure(attempt.started_at, attempt.status_code, attempt.error)
    )


def _paused(state: LaneState, until: datetime, *, ends_probe: bool) -> LaneState:
    """Of two pauses the longer one counts; but that of a probe under way ends with it."""
    if state.paused_until and not ends_probe:
        until = max(until, state.paused_until)
    return msgspec.structs.replace(state, paused_until=until)


def _worth_telling(state: LaneState, result: AttemptResult, now: datetime) -> bool:
    if state.reported_at or not state.failing_since or result.outcome is Outcome.GONE:
        return False
    # An event has been lost to the shop unless it looks: however few attempts that took.
    given_up = result.status is DeliveryStatus.FAILED
    return given_up or (state.failures >= FAILING_FROM and now - state.failing_since >= FAILING_AFTER)
