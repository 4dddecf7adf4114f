"""A shop with a webhook at a receiver that knows its secret."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver, receiving


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest_asyncio.fixture
async def webhook(shop: ShopClient, receiver: Receiver) -> str:
    """The path of a webhook at the receiver, who knows its secret."""
    answer = (await shop.post("/webhooks", {"url": receiver.url})).json()
    receiver.secrets.append(answer["secret"])
    return f"/webhooks/{answer['uuid']}"
