"""How every stage of the belt runs: turn after turn, many rows at once, through failures, until told to stop."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import structlog

from karla.infra.errors import Unavailable

log = structlog.get_logger()

POLL_SECONDS = 1.0
_BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# Results that come within this time are finished together.
_GATHER_SECONDS = 0.005

Row = TypeVar("Row")
Result = TypeVar("Result")


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
            log.warning(
                "database unreachable",
                stage=self._name,
                error=type(error.__cause__ or error).__name__,
                retry_in=seconds,
            )
        else:
            log.error("stage failed", stage=self._name, retry_in=seconds, exc_info=error)
        await _wait(stop, seconds * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, guards nothing


class Job(Protocol[Row, Result]):
    """What a crew does: three steps, of which the first and the last are one transaction each."""

    async def claim(self, limit: int, passed_over: Collection[UUID]) -> Sequence[Row]:
        """Lease up to `limit` due rows, none of the lanes `passed_over`."""
        ...

    async def handle(self, row: Row) -> Result:
        """Do the slow thing for one row; an exception leaves the row to come due again after its lease."""
        ...

    async def finish(self, results: Sequence[Result]) -> None:
        """Write down what came of it."""
        ...

    def lane(self, row: Row) -> UUID:
        """Whose row it is: lanes share the slots fairly."""
        ...


class Crew(Generic[Row, Result]):
    """Handles many rows at once: claims while slots are free, and finishes what is done in batches.

    No lane takes more slots than it leaves free, give or take one claim: alone it has what it needs, and
    one whose rows are slow leaves room for the others.
    """

    def __init__(self, name: str, job: Job[Row, Result], slots: int, poll_seconds: float = POLL_SECONDS) -> None:
        self._name = name
        self._job = job
        self._slots = slots
        self._batch = max(1, slots // 4)
        self._running: set[asyncio.Task[None]] = set()
        self._lanes: Counter[UUID] = Counter()
        self._done: list[Result] = []
        self._gathering: asyncio.TimerHandle | None = None
        self._claiming = Loop(f"{name}: claim", self._claim, poll_seconds)
        self._finishing = Loop(f"{name}: finish", self._finish, poll_seconds)

    def wake(self) -> None:
        """There may be rows that are due, or it is time to stop."""
        self._claiming.wake()

    async def run(self, stop: asyncio.Event, grace_seconds: float) -> None:
        """Work until `stop`; what is in flight then has `grace_seconds` to end, and is finished."""
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._finishing.run(ended), name=f"{self._name}: finish")
            await self._claiming.run(stop)
            if self._running:
                await asyncio.wait(self._running, timeout=grace_seconds)
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            ended.set()
            self._finishing.wake()
        try:
            await self._finish()
        except Unavailable as error:
            log.warning(
                "results lost", stage=self._name, results=len(self._done), error=type(error.__cause__ or error).__name__
            )

    async def drain(self) -> None:
        """Work until nothing is due now and all is finished; not while `run` is running."""
        while await self._claim() or self._running:
            if self._running:
                await asyncio.wait(self._running)
            await self._finish()

    async def _claim(self) -> bool:
        """Claim what is due; whether there may be more that a slot is free for."""
        free = self._slots - self._lanes.total()
        limit = min(free, self._batch)
        # Results that can't be written down are no reason to make ever more of them.
        if not limit or len(self._done) > self._slots:
            return False
        crowded = [lane for lane, taken in self._lanes.items() if taken >= free]
        rows = await self._job.claim(limit, crowded)
        for row in rows:
            self._start(row)
        return len(rows) == limit and limit < free

    async def _finish(self) -> bool:
        """Finish what is done; whether more has come meanwhile."""
        results = self._done[:]
        if results:
            await self._job.finish(results)
            del self._done[: len(results)]
            if len(results) > self._slots:
                self._claiming.wake()
        return len(self._done) >= self._batch

    def _start(self, row: Row) -> None:
        lane = self._job.lane(row)
        self._lanes[lane] += 1
        task = asyncio.create_task(self._handle(row, lane))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _handle(self, row: Row, lane: UUID) -> None:
        try:
            self._done.append(await self._job.handle(row))
        except Exception:
            log.exception("row failed", stage=self._name)
        finally:
            self._lanes[lane] -= 1
            if not self._lanes[lane]:
                del self._lanes[lane]
            self._tell()

    def _tell(self) -> None:
        """A slot is free and a result is there: say so at once if there are many, else soon."""
        if len(self._done) >= self._batch:
            self._gathered()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._gathered)

    def _gathered(self) -> None:
        if self._gathering:
            self._gathering.cancel()
            self._gathering = None
        self._finishing.wake()
        self._claiming.wake()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
