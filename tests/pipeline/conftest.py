"""What the tests of the belt have in common: a shop at a bench, and a receiver whose clock is the bench's."""

from collections.abc import AsyncIterator

import pytest_asyncio

from karla.domain.tenants.records import Shop
from karla.infra.settings import Settings
from tests.support.benches import Bench, bench_of
from tests.support.karla import Karla
from tests.support.receiver import Receiver, receiving


@pytest_asyncio.fixture
async def shop(karla: Karla) -> Shop:
    return (await karla.shop()).shop


@pytest_asyncio.fixture
async def bench(shop: Shop, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    async with bench_of(shop, settings, database_url) as made:
        yield made


@pytest_asyncio.fixture
async def receiver(bench: Bench) -> AsyncIterator[Receiver]:
    async with receiving(lambda: bench.clock.now().timestamp()) as made:
        yield made
