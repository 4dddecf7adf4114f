"""A served Karla, and both clients behind one face: what holds for one has to hold for the other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from karla.client import AsyncKarla, Karla, Retries
from karla.infra.settings import Settings
from tests.support.karla import Karla as RunningKarla
from tests.support.karla import ShopClient
from tests.support.serving import served


class Caller:
    """One of the two clients; a test's `call` gets it and says what to do."""

    def __init__(self, client: Karla | AsyncKarla) -> None:
        self.client = client

    async def __call__(self, call: Callable[[Any], Any]) -> Any:
        """What one call answers."""
        if isinstance(self.client, Karla):
            return await asyncio.to_thread(call, self.client)
        return await call(self.client)

    async def list(self, call: Callable[[Any], Any], at_most: int | None = None) -> list[Any]:
        """What an iterator of the client gives, or its first items."""
        if isinstance(self.client, Karla):
            return await asyncio.to_thread(_taken, call, self.client, at_most)
        found: list[Any] = []
        items = call(self.client)
        async for item in items:
            found.append(item)
            if len(found) == at_most:
                break
        await items.aclose()
        return found

    async def close(self) -> None:
        if isinstance(self.client, Karla):
            self.client.close()
        else:
            await self.client.close()


def _taken(call: Callable[[Any], Any], client: Karla, at_most: int | None) -> list[Any]:
    found: list[Any] = []
    items = call(client)
    for item in items:
        found.append(item)
        if len(found) == at_most:
            break
    items.close()
    return found


Open = Callable[..., Caller]


@pytest.fixture(params=[Karla, AsyncKarla], ids=["sync", "async"])
async def open_client(request: pytest.FixtureRequest) -> AsyncIterator[Open]:
    """Opens a client of the kind that is tested; it is closed at the end."""
    opened: list[Caller] = []

    def opening(base_url: str, username: str = "shop", key: str = "karla_key", **options: Any) -> Caller:
        opened.append(Caller(request.param(base_url, username, key, **options)))
        return opened[-1]

    yield opening
    for caller in opened:
        await caller.close()


@pytest.fixture(scope="session")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    """Where a Karla is served."""
    with served(settings, database_url) as url:
        yield url


@pytest.fixture
async def shop(karla: RunningKarla) -> ShopClient:
    """A new shop with an admin's key."""
    return await karla.shop()


@pytest.fixture
def client(open_client: Open, address: str, shop: ShopClient) -> Caller:
    """A client of that shop."""
    return open_client(address, shop.username, shop.key, shop=shop.slug, retries=Retries(attempts=2))
