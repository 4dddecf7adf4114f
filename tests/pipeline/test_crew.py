"""How a crew shares its slots and takes failure."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from structlog.testing import capture_logs

from karla.domain.subscribers.records.lanes import Rooms, Standing
from karla.infra.errors import Unavailable
from karla.pipeline.crew import Catch, Crew
from karla.pipeline.shares import Pace

SLOW, QUICK = uuid4(), uuid4()
MANY = [uuid4() for _ in range(64)]
SHOPS = {lane: uuid4() for lane in (SLOW, QUICK, *MANY)}
NEVER = 3600.0


class Rows:
    """A job whose rows of the slow lane end when they are let go; it keeps what was finished."""

    def __init__(self, *rows: UUID) -> None:
        self.due = deque(rows)
        self.finished: Counter[UUID] = Counter()
        self.most: Counter[UUID] = Counter()
        self.let_go = asyncio.Event()
        self.changed = asyncio.Event()
        self.batches: list[int] = []
        self.failures = 0
        self._now: Counter[UUID] = Counter()

    async def turn(self, results: Sequence[UUID], limit: int, rooms: Rooms) -> Catch[UUID]:
        if results:
            self._finish(results)
        taken: list[UUID] = []
        for row in self.due:
            if len(taken) < limit and rooms.take(SHOPS[row], row, Standing.WELL):
                taken.append(row)
        for row in taken:
            self.due.remove(row)
        return Catch(taken, 0.0 if any(rooms.of(row) for row in self.due) else None)

    def lane(self, row: UUID) -> UUID:
        return row

    async def handle(self, row: UUID) -> UUID:
        self._now[row] += 1
        self.most[row] = max(self.most[row], self._now[row])
        self.changed.set()
        if row == SLOW:
            await self.let_go.wait()
        self._now[row] -= 1
        return row

    def pace(self, result: UUID) -> Pace:
        return Pace.SLOW if result == SLOW else Pace.QUICK

    def _finish(self, results: Sequence[UUID]) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable
        self.finished.update(results)
        self.batches.append(len(results))
        self.changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def running(crew: Crew[UUID, UUID], grace_seconds: float = 5) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(crew.run(stop, grace_seconds))
    try:
        yield stop
    finally:
        stop.set()
        crew.wake()
        await task


async def test_a_slow_lane_leaves_room_for_the_others() -> None:
    job = Rows(*[SLOW] * 100, *[QUICK] * 50)
    crew = Crew("test", job, slots=16, poll_seconds=NEVER)
    async with running(crew):
        await job.until(lambda: job.finished[QUICK] == 50)
        assert not job.finished[SLOW]
        assert job.most[SLOW] < 16
        job.let_go.set()
        await job.until(lambda: job.finished[SLOW] == 100)


async def test_a_lane_alone_gets_most_of_the_slots() -> None:
    job = Rows(*[SLOW] * 100)
    async with running(Crew("test", job, slots=16, poll_seconds=NEVER)):
        await job.until(lambda: job.most[SLOW] >= 8)
        assert job.most[SLOW] <= 12
        job.let_go.set()
        await job.until(lambda: job.finished[SLOW] == 100)


async def test_one_slot_is_enough() -> None:
    job = Rows(*[QUICK] * 20)
    await Crew("test", job, slots=1).drain()
    assert job.finished[QUICK] == 20


async def test_results_are_finished_together() -> None:
    job = Rows(*[QUICK] * 200)
    await Crew("test", job, slots=64).drain()
    assert sum(job.batches) == 200
    assert len(job.batches) <= 15


async def test_results_survive_a_database_that_is_away() -> None:
    job = Rows(*[QUICK] * 20)
    job.failures = 2
    with capture_logs() as lines:
        async with running(Crew("test", job, slots=8, poll_seconds=NEVER)):
            await job.until(lambda: job.finished[QUICK] == 20)
    assert [line["event"] for line in lines] == ["database unreachable"] * 2


async def test_told_to_stop_it_waits_for_what_is_in_flight() -> None:
    job = Rows(SLOW)
    crew = Crew("test", job, slots=4, poll_seconds=NEVER)
    async with running(crew) as stop:
        await job.until(lambda: job.most[SLOW] == 1)
        stop.set()
        crew.wake()
        job.let_go.set()
    assert job.finished[SLOW] == 1


class Waiting(Rows):
    """A job all of whose rows wait; it notes at which look of the loop at its sockets each began."""

    def __init__(self, *rows: UUID) -> None:
        super().__init__(*rows)
        self.began: Counter[int] = Counter()
        self.looks = 0

    async def handle(self, row: UUID) -> UUID:
        self.began[self.looks] += 1
        self.changed.set()
        await self.let_go.wait()
        return row

    async def look(self) -> None:
        while True:
            self.looks += 1
            await asyncio.sleep(0)


async def test_while_many_rows_begin_the_loop_looks_at_its_sockets() -> None:
    job = Waiting(*MANY)
    looking = asyncio.create_task(job.look())
    try:
        async with running(Crew("test", job, slots=64, poll_seconds=NEVER)):
            await job.until(lambda: job.began.total() == 64)
            assert max(job.began.values()) <= 16
            job.let_go.set()
            await job.until(lambda: job.finished.total() == 64)
    finally:
        looking.cancel()


async def test_when_its_grace_is_over_it_begins_no_more_rows() -> None:
    job = Waiting(*MANY)
    crew = Crew("test", job, slots=64, poll_seconds=NEVER)
    async with running(crew, grace_seconds=0) as stop:
        await job.until(lambda: bool(job.began))
        stop.set()
        crew.wake()
    begun = job.began.total()
    for _ in MANY:
        await asyncio.sleep(0)
    assert job.began.total() == begun
    assert not job.finished
