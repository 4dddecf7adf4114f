"""What the tests of the belt have in common: a shop at a bench, and a receiver whose clock is the bench's."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio

from karla.domain.tenants.records import Shop
from karla.infra.settings import Settings
from tests.pipeline.told_carriers import Carrier
from tests.support.benches import Bench, bench_of
from tests.support.karla import Karla
from tests.support.order_rooms import order_rooms
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


@pytest_asyncio.fixture
async def dhl(karla: Karla, database_url: str) -> AsyncIterator[Carrier]:
    async with order_rooms((await karla.shop()).shop.id, database_url) as rooms:
        carrier = Carrier(rooms)
        yield carrier
        await carrier.end()


@pytest_asyncio.fixture
async def shops(karla: Karla, database_url: str) -> AsyncIterator[list[Carrier]]:
    """Four, that know nothing of each other."""
    async with AsyncExitStack() as stack:
        carriers = [
            Carrier(await stack.enter_async_context(order_rooms((await karla.shop()).shop.id, database_url)))
            for _ in range(4)
        ]
        yield carriers
        for carrier in carriers:
            await carrier.end()
