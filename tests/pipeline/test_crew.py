"""How a crew shares its slots and takes failure."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from karla.domain.subscribers.records.lanes import Rooms
from karla.infra.errors import Unavailable
from karla.pipeline.crew import Catch, Crew
from karla.pipeline.shares import Pace, Shares

SLOW, QUICK = uuid4(), uuid4()
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
        wanted: Counter[UUID] = Counter()
        for row in self.due:
            wanted[row] += wanted.total() < limit and wanted[row] < rooms.of(row)
        for row in (taken := list(wanted.elements())):
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
async def running(crew: Crew[UUID, UUID]) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(crew.run(stop, grace_seconds=5))
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


def fill(shares: Shares, *lanes: UUID) -> Counter[UUID]:
    """Let these lanes, which never have enough, take what they may, in turns; who has how much then."""
    taken: Counter[UUID] = Counter()
    while True:
        before = taken.total()
        for lane in lanes:
            if shares.free and shares.of(lane) > 0:
                shares.take(lane)
                taken[lane] += 1
        if taken.total() == before:
            return taken


def grown(shares: Shares, lane: UUID, pace: Pace, times: int) -> None:
    shares.take(lane)
    for _ in range(times):
        shares.take(lane)
        shares.give_back(lane, pace)


class TestShares:
    def test_a_lane_starts_small_and_grows_with_each_quick_success(self) -> None:
        shares = Shares(100)
        assert fill(shares, QUICK)[QUICK] == 8
        shares.give_back(QUICK, Pace.QUICK)
        assert shares.of(QUICK) == 2

    def test_alone_it_comes_to_three_quarters_of_the_slots(self) -> None:
        shares = Shares(100)
        grown(shares, QUICK, Pace.QUICK, 200)
        assert fill(shares, QUICK)[QUICK] + 1 == 75

    @pytest.mark.parametrize("lanes", [2, 5, 20])
    def test_many_share_equally_and_leave_a_slot_for_another(self, lanes: int) -> None:
        shares = Shares(100)
        several = [uuid4() for _ in range(lanes)]
        for lane in several:
            grown(shares, lane, Pace.QUICK, 200)
        taken = fill(shares, *several)
        assert max(taken.values()) - min(taken.values()) <= 1
        assert shares.free >= 1
        assert shares.of(uuid4()) >= 1

    def test_stalls_halve_it_down_to_one(self) -> None:
        shares = Shares(100)
        shares.take(SLOW)
        rooms = []
        for _ in range(5):
            shares.take(SLOW)
            shares.give_back(SLOW, Pace.STALLED)
            rooms.append(shares.of(SLOW))
        assert rooms == [3, 1, 0, 0, 0]
        shares.give_back(SLOW, Pace.STALLED)
        assert shares.of(SLOW) == 1

    def test_slow_answers_leave_it_as_it_is(self) -> None:
        shares = Shares(100)
        grown(shares, SLOW, Pace.SLOW, 50)
        assert shares.of(SLOW) == 7

    def test_a_lane_at_rest_keeps_its_window(self) -> None:
        shares = Shares(100)
        for lane, pace in ((QUICK, Pace.QUICK), (SLOW, Pace.STALLED)):
            shares.take(lane)
            shares.give_back(lane, pace)
        assert (shares.of(QUICK), shares.of(SLOW)) == (9, 4)
