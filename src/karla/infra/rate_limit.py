"""Token buckets: so many calls a minute for each key, refilled evenly."""

import math
from collections import OrderedDict
from collections.abc import Hashable

import msgspec

from karla.infra.clock import Clock

_KEYS_AT_MOST = 50_000


class Allowance(msgspec.Struct, frozen=True):
    """What a caller may still do, in the words of the RateLimit headers."""

    limit: int
    remaining: int
    reset_seconds: int
    granted: bool

    @property
    def headers(self) -> dict[str, str]:
        """`RateLimit-*`, and `Retry-After` when refused."""
        headers = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }
        return headers if self.granted else {**headers, "Retry-After": str(max(1, self.reset_seconds))}


class RateLimit:
    """Buckets of one process; a key that was quiet for a minute has a full one."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._limit = per_minute
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> Allowance:
        """Take one token of `key` if there is one."""
        now = self._clock.now().timestamp()
        tokens, seen = self._buckets.get(key, (float(self._limit), now))
        passed = max(0.0, now - seen)  # a clock that is set back takes nothing away
        tokens = min(self._limit, tokens + passed * self._limit / 60)
        granted = tokens >= 1
        tokens -= 1 if granted else 0
        self._buckets[key] = (tokens, now)
        self._buckets.move_to_end(key)
        while len(self._buckets) > _KEYS_AT_MOST:
            self._buckets.popitem(last=False)
        wait = 0.0 if tokens >= 1 else (1 - tokens) * 60 / self._limit
        return Allowance(self._limit, int(tokens), math.ceil(wait), granted)
