"""The space between the calls of one account."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from karla.infra.clock import Clock

Pause: TypeAlias = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""


class Pacer:
    """Lets calls begin one after the other, `per_second` at most, however many are under way; None is no limit."""

    def __init__(self, per_second: float | None, clock: Clock, pause: Pause) -> None:
        self._between = timedelta(seconds=1 / per_second) if per_second else timedelta(0)
        self._clock = clock
        self._pause = pause
        self._next: datetime | None = None

    @property
    def free_at(self) -> datetime:
        """When the next call may begin."""
        now = self._clock.now()
        return max(self._next, now) if self._next else now

    async def slot(self) -> None:
        """Wait until a call may begin."""
        now = self._clock.now()
        begin = max(self._next, now) if self._next else now
        self._next = begin + self._between
        if begin > now:
            await self._pause((begin - now).total_seconds())
