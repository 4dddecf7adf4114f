"""How often an account may ask at all."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
_BURST_SHARE: Final = 0.05
_LEAST_BURST: Final = 5


def allowance(per_day: int | None, calls: int, now: datetime) -> int | None:
    """How many calls may be made by now, of which `calls` were made today; None, for an account that has no limit.

    A day's calls are spread over the day, so that some are left in its evening. A small part may be used ahead.
    """
    if per_day is None:
        return None
    midnight = datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), UTC)
    due = per_day * ((now - midnight) / _DAY)
    burst = max(_LEAST_BURST, per_day * _BURST_SHARE)
    return max(0, min(per_day, math.floor(due + burst)) - calls)


def when_allowed(per_day: int | None, calls: int, now: datetime) -> datetime:
    """When the next call may be made by an account that has used up what it may by now."""
    if per_day is None or allowance(per_day, calls, now):
        return now
    midnight = datetime.combine(now.astimezone(UTC).date(), datetime.min.time(), UTC)
    if calls >= per_day:
        return midnight + _DAY
    burst = max(_LEAST_BURST, per_day * _BURST_SHARE)
    return min(midnight + _DAY, midnight + _DAY * ((calls + 1 - burst) / per_day))


def calls_on(day: date, calls: int, now: datetime) -> int:
    """How many of the calls that were counted on `day` count today."""
    return calls if day == now.astimezone(UTC).date() else 0
