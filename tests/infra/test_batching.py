"""Calls that share a transaction: each gets its own result, and pays for nobody else."""

import asyncio
from collections.abc import Sequence

import pytest

from karla.infra.batching import Coalescer
from karla.infra.errors import Conflict, Unavailable


class Counter:
    """Doubles numbers; holds the first batch until it is let go, and remembers every batch."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.begun: asyncio.Queue[None] = asyncio.Queue()
        self.let_go = asyncio.Event()
        if not held:
            self.let_go.set()

    async def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        self.begun.put_nowait(None)
        await self.let_go.wait()
        if 13 in items:
            raise RuntimeError("the whole batch fails")
        return [Conflict("odd", str(item)) if item % 2 else item * 2 for item in items]


async def outcomes(coalescer: Coalescer[int, int], *items: int) -> list[int | BaseException]:
    return await asyncio.gather(*(coalescer.submit(item) for item in items), return_exceptions=True)


async def test_every_caller_gets_the_result_of_its_own_item() -> None:
    counter = Counter()
    assert await outcomes(Coalescer(counter), *range(0, 200, 2)) == list(range(0, 400, 4))


async def test_what_comes_meanwhile_goes_together_in_its_order() -> None:
    counter = Counter(held=True)
    coalescer: Coalescer[int, int] = Coalescer(counter, max_batch=4, lanes=1)
    first = asyncio.create_task(coalescer.submit(0))
    await counter.begun.get()
    rest = [asyncio.create_task(coalescer.submit(item)) for item in range(2, 20, 2)]
    await asyncio.sleep(0)
    assert counter.batches == [[0]]
    counter.let_go.set()
    assert await asyncio.gather(first, *rest) == list(range(0, 40, 4))
    assert counter.batches == [[0], [2, 4, 6, 8], [10, 12, 14, 16], [18]]


async def test_what_comes_right_after_one_another_goes_together() -> None:
    counter = Counter()
    coalescer: Coalescer[int, int] = Coalescer(counter, gathering_seconds=60)
    tasks = []
    for item in range(0, 20, 2):
        tasks.append(asyncio.create_task(coalescer.submit(item)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert await asyncio.gather(*tasks) == list(range(0, 40, 4))
    assert counter.batches == [list(range(0, 20, 2))]


async def test_nobody_waits_for_long_while_ever_more_come() -> None:
    counter = Counter()
    coalescer: Coalescer[int, int] = Coalescer(counter, max_batch=1_000_000)
    tasks = []
    async with asyncio.timeout(2):
        while counter.begun.empty():
            tasks.append(asyncio.create_task(coalescer.submit(2)))
            await asyncio.sleep(0)
    assert set(await asyncio.gather(*tasks)) == {4}


async def test_a_full_batch_sets_off_at_once() -> None:
    counter = Counter()
    coalescer: Coalescer[int, int] = Coalescer(counter, max_batch=3)
    tasks = [asyncio.create_task(coalescer.submit(item)) for item in (2, 4, 6)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert counter.batches == [[2, 4, 6]]
    assert await asyncio.gather(*tasks) == [4, 8, 12]


async def test_one_lane_gathers_at_a_time() -> None:
    counter = Counter()
    assert await outcomes(Coalescer(counter, lanes=2), 2, 4, 6) == [4, 8, 12]
    assert counter.batches == [[2, 4, 6]]


async def test_lanes_go_side_by_side() -> None:
    counter = Counter(held=True)
    coalescer: Coalescer[int, int] = Coalescer(counter, max_batch=1, lanes=2)
    tasks = [asyncio.create_task(coalescer.submit(item)) for item in (2, 4, 6)]
    await counter.begun.get()
    await counter.begun.get()
    await asyncio.sleep(0)
    assert counter.batches == [[2], [4]]
    counter.let_go.set()
    assert await asyncio.gather(*tasks) == [4, 8, 12]


async def test_an_item_s_own_error_is_its_caller_s_alone() -> None:
    counter = Counter()
    two, error, four = await outcomes(Coalescer(counter), 2, 3, 4)
    assert (two, four) == (4, 8)
    assert isinstance(error, Conflict)
    assert error.message == "3"
    assert len(counter.batches) == 1


async def test_a_batch_that_fails_as_a_whole_is_done_one_by_one() -> None:
    counter = Counter()
    two, error, four = await outcomes(Coalescer(counter), 2, 13, 4)
    assert (two, four) == (4, 8)
    assert isinstance(error, RuntimeError)
    assert counter.batches == [[2, 13, 4], [2], [13], [4]]


async def test_it_goes_on_after_a_failure_and_after_a_rest() -> None:
    coalescer: Coalescer[int, int] = Coalescer(Counter(), lanes=1)
    with pytest.raises(RuntimeError):
        await coalescer.submit(13)
    assert await coalescer.submit(2) == 4
    assert await coalescer.submit(4) == 8


async def test_a_caller_that_goes_away_leaves_the_others() -> None:
    counter = Counter(held=True)
    coalescer: Coalescer[int, int] = Coalescer(counter)
    gone, waits = (asyncio.create_task(coalescer.submit(item)) for item in (2, 4))
    await counter.begun.get()
    gone.cancel()
    await asyncio.sleep(0)
    counter.let_go.set()
    assert await waits == 8
    assert gone.cancelled()
    assert counter.batches == [[2, 4]]


async def test_a_result_too_few_leaves_nobody_waiting() -> None:
    async def forgetful(items: Sequence[int]) -> Sequence[int]:
        return list(items)[1:]

    for outcome in await outcomes(Coalescer(forgetful), 1, 2):
        assert isinstance(outcome, RuntimeError)


async def test_a_batch_without_a_database_fails_at_once() -> None:
    batches: list[Sequence[int]] = []

    async def away(items: Sequence[int]) -> Sequence[int]:
        batches.append(items)
        raise Unavailable

    for outcome in await outcomes(Coalescer(away), 1, 2, 3):
        assert isinstance(outcome, Unavailable)
    assert batches == [[1, 2, 3]]
