"""How a stage of the belt runs: turn after turn, through failures, until told to stop."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import structlog

from karla.infra.errors import Unavailable

log = structlog.get_logger()

POLL_SECONDS = 1.0
_BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Loop:
    """Takes turns: again at once while there is more, else when woken or when the poll is due.

    `turn` does one batch and answers whether there may be more right now. If it fails, the loop waits,
    longer each time in a row, and goes on: whatever it claimed and lost comes due again by itself.
    """

    def __init__(self, name: str, turn: Callable[[], Awaitable[bool]], poll_seconds: float = POLL_SECONDS) -> None:
        self._name = name
        self._turn = turn
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()
        self._failures = 0

    def wake(self) -> None:
        """There may be something to do, or it is time to stop."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Take turns until `stop`; whoever sets that wakes the loop too."""
        while not stop.is_set():
            self._woken.clear()
            try:
                more = await self._turn()
                self._failures = 0
            except Exception as error:  # noqa: BLE001 - nothing ends the belt but its stop
                await self._back_off(error, stop)
                continue
            if not more:
                await _wait(self._woken, self._poll_seconds)

    async def _back_off(self, error: Exception, stop: asyncio.Event) -> None:
        seconds = _BACKOFF_SECONDS[min(self._failures, len(_BACKOFF_SECONDS) - 1)]
        self._failures += 1
        if isinstance(error, Unavailable):
            cause = error.__cause__ or error
            # It may be hung, or there and busy with a statement that takes too long: nobody can tell from here.
            what = "database too slow" if isinstance(cause, TimeoutError) else "database unreachable"
            log.warning(what, stage=self._name, error=type(cause).__name__, retry_in=seconds)
        else:
            log.error("stage failed", stage=self._name, retry_in=seconds, exc_info=error)
        await _wait(stop, seconds * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, guards nothing


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
