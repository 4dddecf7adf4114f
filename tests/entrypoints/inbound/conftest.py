"""Shops connected with providers that push."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.entrypoints.inbound.accounts import PROVIDERS, Account, connected
from tests.support.karla import Karla


@pytest_asyncio.fixture(params=PROVIDERS)
async def account(request: pytest.FixtureRequest, karla: Karla) -> AsyncIterator[Account]:
    async with connected(karla, request.param) as made:
        yield made


@pytest_asyncio.fixture
async def aftership(karla: Karla) -> AsyncIterator[Account]:
    async with connected(karla, "aftership") as made:
        yield made
