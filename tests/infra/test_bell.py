"""Rings that reach every process that listens, and none that holds up a commit."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from karla.infra.bell import Bell, Ringer

CHANNEL = "karla_test"


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as made:
        yield made


class Ear:
    """Counts rings."""

    def __init__(self) -> None:
        self.rings = 0
        self.heard = asyncio.Event()

    def hear(self) -> None:
        self.rings += 1
        self.heard.set()

    async def next(self) -> None:
        async with asyncio.timeout(10):
            await self.heard.wait()
        self.heard.clear()


async def test_many_who_ask_at_once_make_few_rings(database_url: str, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    ear = Ear()
    bell = Bell(database_url)
    bell.on(CHANNEL, ear.hear)
    await bell.start()
    await ear.next()
    assert bell.listening
    ringer = Ringer(pool, CHANNEL)
    for _ in range(100):
        ringer.ring()
    await ear.next()
    await ringer.close()
    ringer.ring()
    await ear.next()
    await ringer.close()
    assert ear.rings == 3
    await bell.stop()


async def test_what_may_have_been_missed_counts_as_a_ring(database_url: str) -> None:
    ear = Ear()
    url = f"{database_url}{'&' if '?' in database_url else '?'}application_name=bell-test"
    bell = Bell(url)
    bell.on(CHANNEL, ear.hear)
    await bell.start()
    await ear.next()
    cutter = await asyncpg.connect(database_url)
    await cutter.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bell-test'")
    await cutter.close()
    await ear.next()
    assert bell.listening
    await bell.stop()


async def test_a_ringer_without_a_database_keeps_quiet(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await pool.close()
    ringer = Ringer(pool, CHANNEL)
    ringer.ring()
    await ringer.close()
