"""How often an account may ask at all."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Final

from karla.domain.tracking.records import Budget

_DAY: Final = timedelta(days=1)
_BURST_SHARE: Final = 0.05
_LEAST_BURST: Final = 5


def allowance(budget: Budget, calls: int, now: datetime) -> int | None:
    """How many calls may be made by now, of which `calls` were made today; None is no limit.

    A day's calls are spread over the day, so that some are left in its evening. A small part may be used ahead.
    """
    if budget.per_day is None:
        return None
    midnight = datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), UTC)
    due = budget.per_day * ((now - midnight) / _DAY)
    burst = max(_LEAST_BURST, budget.per_day * _BURST_SHARE)
    return max(0, min(budget.per_day, math.floor(due + burst)) - calls)


def when_allowed(budget: Budget, calls: int, now: datetime) -> datetime:
    """When the next call may be made by an account that has used up what it may by now."""
    if budget.per_day is None or allowance(budget, calls, now):
        return now
    midnight = datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), UTC)
    if calls >= budget.per_day:
        return midnight + _DAY
    burst = max(_LEAST_BURST, budget.per_day * _BURST_SHARE)
    return min(midnight + _DAY, midnight + _DAY * ((calls + 1 - burst) / budget.per_day))


def calls_on(day: date, calls: int, now: datetime) -> int:
    """How many of the calls that were counted on `day` count today."""
    return calls if day == now.astimezone(UTC).date() else 0
