"""When a call is made again: pure decisions on top of a clock, chance and sleep that are handed in."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime

import msgspec

_PASSING = frozenset([408, 425, 429, 500, 502, 503, 504])
_STILL_RUNNING = "idempotency_in_progress"


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """How often a call is made at most, and how long it may take with all its waits; times are in seconds.

    The wait before attempt n+1 is anything up to `first` · 2^(n-1), and never more than `longest`. What Karla asks
    for in `Retry-After` comes on top. An attempt that would begin after `deadline` is not made.
    """

    attempts: int = 5
    first: float = 0.5
    longest: float = 20.0
    deadline: float = 60.0
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = asyncio.sleep

    def wait(self, failures: int, asked: float | None) -> float:
        """Seconds to the next attempt after so many failed ones, with full jitter."""
        ceiling = min(self.longest, self.first * 2.0 ** min(failures - 1, 60))
        return (asked or 0.0) + self.chance() * ceiling


class Trial:
    """One call on its way."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._ends = retries.clock() + retries.deadline
        self.attempts = 0

    def remaining(self) -> float:
        """Seconds until the deadline; what an attempt may take at most."""
        return self._ends - self._retries.clock()

    def pause(self, asked: float | None = None) -> float | None:
        """Seconds to wait after an attempt that failed; None when it was the last."""
        self.attempts += 1
        if self.attempts >= self._retries.attempts:
            return None
        wait = self._retries.wait(self.attempts, asked)
        return wait if wait < self.remaining() else None


def passes(status: int, key: str) -> bool:
    """Whether such an error goes away by itself. Every call may be repeated: POST carries an Idempotency-Key."""
    return status in _PASSING or (status == 409 and key == _STILL_RUNNING)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks to wait; a date counts from the answer's own."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        until = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):  # TypeError: only one of the two names its zone
        return None
    return max(0.0, until.total_seconds())
