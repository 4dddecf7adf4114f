"""A world of its own for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.storefront.world import World


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.close()
