"""The test clock by the client."""

from datetime import UTC, datetime, timedelta

import pytest

from karla.client import Invalid
from tests.client.conftest import Caller

THEN = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)


async def test_the_clock_is_stopped_moved_sped_up_and_released(client: Caller) -> None:
    assert (await client(lambda c: c.clock.get())).set_at is None
    stopped = await client(lambda c: c.clock.freeze(THEN))
    assert (stopped.now, stopped.running, stopped.factor) == (THEN, False, 0.0)
    assert (await client(lambda c: c.clock.advance(timedelta(days=1)))).now == THEN + timedelta(days=1)
    assert (await client(lambda c: c.clock.advance(90))).now == THEN + timedelta(days=1, seconds=90)
    assert (await client(lambda c: c.clock.freeze())).now == THEN + timedelta(days=1, seconds=90)
    running = await client(lambda c: c.clock.speed(3600))
    assert (running.running, running.factor) == (True, 3600.0)
    assert (await client(lambda c: c.clock.set(action="freeze", at=THEN))).now == THEN
    released = await client(lambda c: c.clock.release())
    assert (released.running, released.factor, released.set_at) == (True, 1.0, None)
    assert released.now == released.real


async def test_a_step_that_is_made_again_under_one_key_is_made_once(client: Caller) -> None:
    await client(lambda c: c.clock.freeze(THEN))
    for _ in range(2):
        moved = await client(lambda c: c.clock.advance(60, idempotency_key="a-step-of-the-test"))
        assert moved.now == THEN + timedelta(minutes=1)
    assert (await client(lambda c: c.clock.get())).now == THEN + timedelta(minutes=1)


async def test_nonsense_is_told_by_its_place(client: Caller) -> None:
    with pytest.raises(Invalid) as caught:
        await client(lambda c: c.clock.advance(-1))
    assert [fault.loc for fault in caught.value.faults] == [["body", "by_seconds"]]
