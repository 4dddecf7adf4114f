"""Token buckets: so many calls a minute for each key, refilled evenly."""

import math
from collections.abc import Hashable

import msgspec

from karla.infra.clock import Clock

_KEYS_AT_MOST = 50_000
_FULL_SECONDS = 60.0


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


class _Bucket:
    __slots__ = ("seen", "tokens")

    def __init__(self, tokens: float, seen: float) -> None:
        self.tokens = tokens
        self.seen = seen


class RateLimit:
    """Buckets of one process; a key that was quiet for a minute has a full one."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._limit = per_minute
        self._clock = clock
        self._buckets: dict[Hashable, _Bucket] = {}

    def take(self, key: Hashable, per_minute: int | None = None) -> Allowance:
        """Take one token of `key` if there is one, and tell how things stand then.

        `per_minute` is a lower limit of its own.
        """
        limit = self._limit_of(per_minute)
        granted, tokens = self._spend(key, limit)
        return self._allowance(limit, tokens, granted)

    def refusal(self, key: Hashable, per_minute: int | None = None) -> Allowance | None:
        """The same for most who ask: they are let through, which is None, and want to know no more."""
        limit = self._limit_of(per_minute)
        granted, tokens = self._spend(key, limit)
        return None if granted else self._allowance(limit, tokens, granted)

    def _limit_of(self, per_minute: int | None) -> int:
        return self._limit if per_minute is None or per_minute > self._limit else per_minute

    def _spend(self, key: Hashable, limit: int) -> tuple[bool, float]:
        now = self._clock.now().timestamp()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._new(key, limit, now)
        passed = now - bucket.seen
        bucket.seen = now
        tokens = bucket.tokens
        if passed > 0:  # a clock that is set back takes nothing away
            tokens += passed * limit / 60
        tokens = min(tokens, limit)
        granted = tokens >= 1
        if granted:
            tokens -= 1
        bucket.tokens = tokens
        return granted, tokens

    def _allowance(self, limit: int, tokens: float, granted: bool) -> Allowance:
        wait = 0.0 if tokens >= 1 else (1 - tokens) * 60 / limit
        return Allowance(limit, int(tokens), math.ceil(wait), granted)

    def _new(self, key: Hashable, limit: int, now: float) -> _Bucket:
        if len(self._buckets) >= _KEYS_AT_MOST:
            # Those that are full again are as good as none; if there are too few of them, the oldest ones go.
            kept = [(one, bucket) for one, bucket in self._buckets.items() if now - bucket.seen < _FULL_SECONDS]
            self._buckets = dict(kept[-_KEYS_AT_MOST // 2 :])
        return self._buckets.setdefault(key, _Bucket(limit, now))
