"""A page that stays open while its link is revoked is told nothing more from the next heartbeat on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from karla.entrypoints.api import app as api
from karla.entrypoints.api.watching import Watch
from tests.support.asgi import http_scope
from tests.support.karla import Karla, ShopClient
from tests.support.storefront import Browser, by_token, by_zip_code, placed, shop_with_page

HEARTBEAT = b": heartbeat\n\n"


class OpenPage:
    """One stream of an order, from an API whose heart beats fast."""

    def __init__(self, karla: Karla, shopper: Browser) -> None:
        watch = Watch(karla.services.db, heartbeat_seconds=0.05)
        self._app = api.with_services(msgspec.structs.replace(karla.services, watch=watch))
        self._shopper = shopper
        self._told = asyncio.Queue[dict[str, Any]]()
        self._leaving = asyncio.Event()
        self._asked = False

    async def __aenter__(self) -> "OpenPage":
        path = f"{self._shopper.path}/order/live"
        scope = http_scope("GET", path, authorization=f"Bearer {self._shopper.bearer}")
        self._answering = asyncio.create_task(self._answer(scope))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leaving.set()
        async with asyncio.timeout(20):
            await self._answering

    async def _answer(self, scope: dict[str, Any]) -> None:
        await self._app(scope, self._receive, self._told.put)  # type: ignore[arg-type]

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._leaving.wait()
        return {"type": "http.disconnect"}

    async def status(self) -> int:
        async with asyncio.timeout(20):
            return int((await self._told.get())["status"])

    async def messages(self) -> AsyncIterator[bytes]:
        """What it is told, until the stream ends."""
        more = True
        async with asyncio.timeout(20):
            while more:
                message = await self._told.get()
                more = message.get("more_body", False)
                if body := message.get("body"):
                    yield body


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    shop = await shop_with_page(karla)
    await placed(shop)
    return shop


async def session_by_token(karla: Karla, shop: ShopClient) -> Browser:
    """One whose page holds a session that the order's link opened."""
    token = (await by_token(karla, shop)).bearer
    answer = await karla.http.post(f"/v1/shops/{shop.slug}/storefront/sessions", json={"token": token})
    assert answer.status_code == 200, answer.text
    return Browser(karla.http, shop, answer.json()["session"])


async def revoke(shop: ShopClient) -> None:
    assert (await shop.delete("/orders/10001/tokens")).status_code == 204


@pytest.mark.parametrize("by", [by_token, session_by_token])
async def test_a_revoked_link_ends_the_open_page(karla: Karla, shop: ShopClient, by: Any) -> None:
    shopper = await by(karla, shop)
    async with OpenPage(karla, shopper) as page:
        assert await page.status() == 200
        told = page.messages()
        assert [await anext(told) for _ in range(2)] == [b"retry: 3000\n\n", HEARTBEAT]
        await revoke(shop)
        # A heart that was about to beat meanwhile may have.
        assert [message async for message in told if message != HEARTBEAT] == []
    again = await shopper.call("GET", "/order/live")
    assert (again.status_code, again.json()["key"]) == (401, "session_invalid")


async def test_who_came_by_number_and_zip_code_goes_on(karla: Karla, shop: ShopClient) -> None:
    async with OpenPage(karla, await by_zip_code(karla, shop)) as page:
        assert await page.status() == 200
        told = page.messages()
        assert await anext(told) == b"retry: 3000\n\n"
        await by_token(karla, shop)
        await revoke(shop)
        assert [await anext(told) for _ in range(3)] == [HEARTBEAT] * 3
