"""What workers do to each other and to their own end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.rules.lanes import LEASE
from karla.domain.tenants.records import Shop
from karla.infra import bell as bells
from karla.infra.bell import Bell
from karla.infra.errors import Unavailable
from karla.infra.settings import Settings
from karla.pipeline.belt import Belt
from tests.support.benches import Bench, bench_of, cut_connections
from tests.support.receiver import Receiver, receiving

NEVER = 3600.0
A_MINUTE = timedelta(minutes=1)


class TestWorkers:
    async def test_what_a_dead_worker_held_comes_due_again(self, bench: Bench, receiver: Receiver) -> None:
        await bench.subscribed(receiver)
        (event_id,) = await bench.happen()
        await bench.relay()
        await bench.claim()
        await bench.pass_time(LEASE - timedelta(seconds=1))
        assert not receiver.journal
        await bench.pass_time(timedelta(seconds=1))
        assert [got.event_id for got in receiver.journal] == [event_id]

    async def test_the_bell_starts_it_at_once(self, bench: Bench, receiver: Receiver, database_url: str) -> None:
        await bench.subscribed(receiver)
        belt = Belt(bench.settings, bench.db, bench.egress, bench.clock, poll_seconds=NEVER)
        async with running(belt), hearing(belt, database_url):
            for count in range(1, 6):
                await bench.happen()
                await receiver.until(count)

    async def test_without_the_bell_it_looks_by_itself(self, bench: Bench, receiver: Receiver) -> None:
        await bench.subscribed(receiver)
        belt = Belt(bench.settings, bench.db, bench.egress, bench.clock, poll_seconds=0.02)
        async with running(belt):
            await bench.happen()
            await receiver.until(1)

    async def test_told_to_stop_it_finishes_what_is_in_flight(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.hang()
        await bench.happen()
        belt = Belt(bench.settings, bench.db, bench.egress, bench.clock)
        async with running(belt) as stop:
            await receiver.until(1)
            stop.set()
            receiver.release()
        assert (await bench.only_delivery(webhook)).status is DeliveryStatus.DELIVERED

    async def test_it_outlives_its_connections(self, shop: Shop, settings: Settings, database_url: str) -> None:
        url = f"{database_url}{'&' if '?' in database_url else '?'}application_name=cut-me"
        async with bench_of(shop, settings, url) as bench, receiving(lambda: bench.clock.now().timestamp()) as receiver:
            webhook = await bench.subscribed(receiver)
            belt = Belt(bench.settings, bench.db, bench.egress, bench.clock, poll_seconds=0.02)
            with capture_logs():
                async with running(belt):
                    await bench.happen()
                    await receiver.until(1)
                    receiver.hang()
                    await bench.happen()
                    await receiver.until(2)
                    await cut_connections(database_url, "cut-me")
                    receiver.release()
                    await happens_again(bench)
                    await receiver.until(3)
            assert {one.status for one in await bench.deliveries(webhook)} == {DeliveryStatus.DELIVERED}


async def happens_again(bench: Bench) -> None:
    """An event on a pool whose connections were cut: the first tries may meet a dead one."""
    for _ in range(20):
        with contextlib.suppress(Unavailable):
            await bench.happen()
            return
    pytest.fail("the pool does not recover")


@contextlib.asynccontextmanager
async def running(belt: Belt) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(belt.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(12):
            await task


@contextlib.asynccontextmanager
async def hearing(belt: Belt, url: str) -> AsyncIterator[None]:
    bell = Bell(url)
    bell.on(bells.WORK, belt.wake)
    await bell.start()
    try:
        yield
    finally:
        await bell.stop()
