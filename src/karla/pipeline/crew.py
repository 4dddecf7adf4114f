"""A stage of the belt that handles many rows at once, in its share of slots for each lane and shop."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

import structlog

from karla.domain.subscribers.records.lanes import Rooms
from karla.infra.errors import Unavailable
from karla.pipeline.loop import POLL_SECONDS, Loop
from karla.pipeline.shares import Offer, Pace, Shares, Ticket

log = structlog.get_logger()

# Results that come within this time are written down together, and their slots filled together.
_GATHER_SECONDS = 0.01
# What is due but held by another transaction is looked at again after this time.
_HELD_SECONDS = 0.01
# So many rows are begun before the loop looks at its sockets again: a turn asks the database several times, and each
# answer would else wait until all that the turn before has claimed is on its way.
_AT_ONCE = 8

Row = TypeVar("Row")
Result = TypeVar("Result")


class Catch(NamedTuple, Generic[Row]):
    """What a claim brought, and after how many seconds there may be more for it: None is not before a wake-up."""

    rows: Sequence[Row]
    again_in: float | None


class Job(Protocol[Row, Result]):
    """What a crew does."""

    async def turn(self, results: Sequence[Result], limit: int, rooms: Rooms) -> Catch[Row]:
        """Write down what came of rows, and lease up to `limit` due ones, each with a slot taken from `rooms`.

        One transaction, so that a lane that both concern is asked for once.
        """
        ...

    async def handle(self, row: Row) -> Result:
        """Do the slow thing for one row; an exception leaves the row to come due again after its lease."""
        ...

    def lane(self, row: Row) -> UUID:
        """Whose row it is: the lane that a slot was taken for."""
        ...

    def pace(self, result: Result) -> Pace:
        """How it went, for the lane's share."""
        ...


class Crew(Generic[Row, Result]):
    """Turn after turn: writes down what is done, and claims what is due while slots are free."""

    def __init__(self, name: str, job: Job[Row, Result], slots: int, poll_seconds: float = POLL_SECONDS) -> None:
        self._name = name
        self._job = job
        self._slots = slots
        self._batch = max(1, slots // 4)
        self._shares = Shares(slots)
        self._running: set[asyncio.Task[None]] = set()
        self._working = 0
        self._claimed: deque[tuple[Row, Ticket]] = deque()
        self._done: list[Result] = []
        self._overdue = False
        self._starting: asyncio.Handle | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._due: asyncio.TimerHandle | None = None
        self._loop = Loop(name, self.turn, poll_seconds)

    def wake(self) -> None:
        """There may be rows that are due, or it is time to stop."""
        self._loop.wake()

    async def run(self, stop: asyncio.Event, grace_seconds: float) -> None:
        """Work until `stop`; what is in flight then has `grace_seconds` to end, and is written down."""
        await self._loop.run(stop)
        self._look_again(None)
        try:
            async with asyncio.timeout(grace_seconds):
                while self._running:
                    await asyncio.wait(self._running, timeout=_GATHER_SECONDS)
                    await self.write_down()
        except (TimeoutError, Unavailable):
            self._claimed.clear()
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
        try:
            await self.write_down()
        except Unavailable as error:
            log.warning(
                "results lost", stage=self._name, results=len(self._done), error=type(error.__cause__ or error).__name__
            )

    async def drain(self) -> None:
        """Work until nothing is due now and all is written down; not while `run` is running."""
        while await self.turn() or self._running or self._done or self._overdue:
            if self._running:
                await asyncio.wait(self._running)
        self._look_again(None)

    async def turn(self) -> bool:
        """One transaction: what is done, and what is due and has a slot; whether there may be more of it now."""
        results, limit = self._done[:], self._shares.free
        # Results that can't be written down are no reason to make ever more of them.
        if len(results) > self._slots:
            limit = 0
        self._overdue = False
        if not results and not limit:
            return False
        with Offer(self._shares) as offer:
            rows, again_in = await self._job.turn(results, limit, offer)
            del self._done[: len(results)]
            self._claimed.extend((row, offer.use(self._job.lane(row))) for row in rows)
        if not self._starting:
            self._start()
        self._overdue = again_in is not None and again_in <= 0
        more = self._overdue and bool(rows)
        self._look_again(None if more else again_in)
        return len(self._done) >= self._batch or (more and len(rows) < limit)

    async def write_down(self) -> None:
        """Only that: nothing is claimed."""
        results = self._done[:]
        if results:
            with Offer(self._shares) as offer:
                await self._job.turn(results, 0, offer)
            del self._done[: len(results)]

    def _look_again(self, seconds: float | None) -> None:
        if self._due:
            self._due.cancel()
            self._due = None
        if seconds is not None:
            self._due = asyncio.get_running_loop().call_later(max(seconds, _HELD_SECONDS), self.wake)

    def _start(self) -> None:
        """Set some of what is claimed going, and the rest once the loop has looked at its sockets."""
        self._starting = None
        for _ in range(min(_AT_ONCE, len(self._claimed), self._slots - self._working)):
            self._working += 1
            task = asyncio.create_task(self._work())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        if self._claimed and self._working < self._slots:
            self._starting = asyncio.get_running_loop().call_soon(self._start)

    async def _work(self) -> None:
        """Hold a slot as long as there are rows that nobody has begun."""
        try:
            while self._claimed:
                await self._handle(*self._claimed.popleft())
        finally:
            self._working -= 1

    async def _handle(self, row: Row, ticket: Ticket) -> None:
        pace = Pace.SLOW
        try:
            result = await self._job.handle(row)
            pace = self._job.pace(result)
            self._done.append(result)
        except Exception:
            log.exception("row failed", stage=self._name)
        finally:
            self._shares.give_back(ticket, pace)
            self._tell()

    def _tell(self) -> None:
        """A slot is free and a result is there: take a turn at once if there are many, else soon."""
        if len(self._done) >= self._batch:
            self._gathered()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._gathered)

    def _gathered(self) -> None:
        if self._gathering:
            self._gathering.cancel()
            self._gathering = None
        self.wake()
