"""How a stage of the belt takes turns and takes failure."""

import asyncio

from structlog.testing import capture_logs

from karla.pipeline.loop import Loop

NEVER = 3600.0


async def test_a_loop_goes_on_after_any_failure() -> None:
    stop = asyncio.Event()
    turns: list[int] = []

    async def turn() -> bool:
        turns.append(1)
        if len(turns) == 1:
            raise LookupError
        stop.set()
        return False

    loop = Loop("test", turn, poll_seconds=0)
    with capture_logs() as lines:
        async with asyncio.timeout(10):
            await loop.run(stop)
    assert len(turns) == 2
    assert [line["event"] for line in lines] == ["stage failed"]


async def test_a_ring_during_a_turn_is_heard_after_it() -> None:
    stop = asyncio.Event()
    turns: list[int] = []

    async def turn() -> bool:
        turns.append(1)
        loop.wake()
        if len(turns) == 2:
            stop.set()
        return False

    loop = Loop("test", turn, poll_seconds=NEVER)
    async with asyncio.timeout(10):
        await loop.run(stop)
    assert len(turns) == 2
