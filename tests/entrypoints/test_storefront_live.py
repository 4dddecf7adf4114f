"""A page that stays open learns of what happens to its order, and however many are open, one statement asks."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
import pytest_asyncio

from karla.domain.shipments.queries.changes import changed_orders
from karla.entrypoints.api.storefront.live import messages
from karla.entrypoints.api.watching import IN_ALL, PER_ADDRESS, PER_ORDER, Watch
from karla.infra.access import scope_of
from karla.infra.errors import TooManyRequests
from karla.infra.settings import Settings
from tests.support.clocks import NOON
from tests.support.karla import Karla, ShopClient
from tests.support.serving import served
from tests.support.storefront import NUMBER, Browser, by_token, by_zip_code, happened, placed, shop_with_page

LABEL = {"tracking_number": NUMBER, "carrier_reference": "dhl", "tracking_placed_at": "2026-03-13T09:00:00+00:00"}


@pytest.fixture(scope="module")
def address(settings: Settings, database_url: str) -> Iterator[str]:
    with served(settings, database_url) as url:
        yield url


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    shop = await shop_with_page(karla)
    await placed(shop, LABEL)
    return shop


class Live:
    """One open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def changed(self) -> str:
        """The time of the next change; StopAsyncIteration at the end."""
        async with asyncio.timeout(20):
            while not (line := await anext(self._lines)).startswith("data: "):
                pass
        return str(msgspec.json.decode(line.removeprefix("data: "))["updated_at"])

    async def opened(self) -> None:
        """Wait until it is open."""
        async with asyncio.timeout(20):
            while not (await anext(self._lines)).startswith("retry: "):
                pass


@contextlib.asynccontextmanager
async def live(address: str, shopper: Browser, **params: str) -> AsyncIterator[Live]:
    async with (
        httpx.AsyncClient(base_url=address) as http,
        http.stream("GET", f"{shopper.path}/order/live", headers=shopper.headers, params=params) as response,
    ):
        made = Live(response)
        if response.status_code == 200:
            await made.opened()
        yield made


async def test_a_new_event_is_told_to_the_open_page(karla: Karla, shop: ShopClient, address: str) -> None:
    shopper = await by_zip_code(karla, shop)
    async with live(address, shopper) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-store"
        await happened(shop, NUMBER, "OUT_FOR_DELIVERY", "2026-03-16T09:00:00+00:00")
        told = await stream.changed()
    order = await shopper.order()
    assert (order["state"], order["updated_at"]) == ("out_for_delivery", told)


async def test_what_happened_before_the_page_was_connected_is_told_at_once(
    karla: Karla, shop: ShopClient, address: str
) -> None:
    shopper = await by_token(karla, shop)
    known = (await shopper.order())["updated_at"]
    await happened(shop, NUMBER, "OUT_FOR_DELIVERY", "2026-03-16T09:00:00+00:00")
    async with live(address, shopper, since=known) as stream:
        assert await stream.changed() == (await shopper.order())["updated_at"] > known


async def test_other_orders_are_nobodys_news(karla: Karla, shop: ShopClient, address: str) -> None:
    await placed(shop, number="10002")
    shopper = await by_token(karla, shop)
    async with live(address, shopper) as stream:
        await placed(shop, number="10002", order_name="another")
        await happened(shop, NUMBER, "OUT_FOR_DELIVERY", "2026-03-16T09:00:00+00:00")
        assert await stream.changed() == (await shopper.order())["updated_at"]


async def test_an_order_has_only_so_many(karla: Karla, shop: ShopClient, address: str) -> None:
    shopper = await by_token(karla, shop)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(PER_ORDER):
            await stack.enter_async_context(live(address, shopper))
        async with live(address, shopper) as refused:
            await refused.response.aread()
            assert (refused.response.status_code, refused.response.json()["key"]) == (429, "streams_exhausted")
            assert int(refused.response.headers["retry-after"]) > 0
        assert (await shopper.order())["state"] == "preparing"


async def test_many_who_ask_at_once_get_no_more(karla: Karla, shop: ShopClient, address: str) -> None:
    shopper = await by_token(karla, shop)
    asked = asyncio.Barrier(9 * PER_ORDER)

    async def follow() -> bool:
        """Whether the stream is open; it is left when all have asked."""
        async with (
            httpx.AsyncClient(base_url=address) as http,
            http.stream("GET", f"{shopper.path}/order/live", headers=shopper.headers) as response,
        ):
            lines = response.aiter_lines()
            is_open = await anext(lines, None) == "retry: 3000"
            await asked.wait()
            return is_open

    async with asyncio.timeout(30):
        assert sum(await asyncio.gather(*(follow() for _ in range(asked.parties)))) == PER_ORDER


async def test_a_shop_that_shows_no_page_tells_no_news(karla: Karla, shop: ShopClient) -> None:
    shopper = await by_zip_code(karla, shop)
    await shop.patch("", {"web_tracking_enabled": False})
    answer = await shopper.call("GET", "/order/live")
    assert (answer.status_code, answer.json()["key"]) == (404, "page_switched_off")


async def test_it_ends_when_the_server_stops(karla: Karla, settings: Settings, database_url: str) -> None:
    shop = await shop_with_page(karla)
    await placed(shop)
    shopper = await by_token(karla, shop)
    serving = served(settings, database_url)
    async with live(serving.__enter__(), shopper) as stream:
        stopping = asyncio.create_task(asyncio.to_thread(serving.__exit__, None, None, None))
        with pytest.raises(StopAsyncIteration):
            await stream.changed()
        async with asyncio.timeout(7):
            await stopping


async def test_nobody_listens_without_a_session(karla: Karla, shop: ShopClient) -> None:
    path = f"/v1/shops/{shop.slug}/storefront/order/live"
    answer = await karla.http.get(path, headers={"Authorization": "Bearer nothing"})
    assert (answer.status_code, answer.json()["key"]) == (401, "session_invalid")


# --- the one watcher of a process


async def orders_of(karla: Karla, shop: ShopClient, number: int) -> list[UUID]:
    told = await asyncio.gather(*(placed(shop, number=f"W-{place}") for place in range(number)))
    return [UUID(order["uuid"]) for order in told]


async def test_thousands_of_pages_cost_one_statement(karla: Karla, shop: ShopClient) -> None:
    orders = await orders_of(karla, shop, 40)
    shop_id = shop.shop.id
    keys: dict[tuple[UUID, UUID], None] = {(shop_id, order_id): None for order_id in orders}
    scope = scope_of([shop_id])
    async with karla.services.db.read(scope) as connection:
        known = await changed_orders(scope, connection, keys)
        assert await changed_orders(scope, connection, known) == {}
    async with Watch(karla.services.db) as watch, contextlib.AsyncExitStack() as stack:
        watchers = [
            stack.enter_context(watch.entered(shop_id, order_id, f"198.51.100.{place}", known[shop_id, order_id]))
            for place, order_id in enumerate(orders)
        ]
        # Orders that are nowhere: as many as may be, and nothing comes of them.
        others = [stack.enter_context(watch.entered(shop_id, uuid4(), "", NOON)) for _ in range(1_900)]
        await placed(shop, number="W-7", order_name="changed")
        watch.wake()
        async with asyncio.timeout(20):
            await watchers[7].woken.wait()
        assert watch.asked <= 2
        assert watchers[7].changed_at is not None
        assert watchers[7].changed_at > known[shop_id, orders[7]]
        assert not [watcher for place, watcher in enumerate(watchers) if watcher.woken.is_set() and place != 7]
        assert not [watcher for watcher in others if watcher.woken.is_set()]


async def test_a_change_is_found_also_where_no_bell_rings(karla: Karla, shop: ShopClient) -> None:
    (order_id,) = await orders_of(karla, shop, 1)
    async with Watch(karla.services.db) as watch:
        with watch.entered(shop.shop.id, order_id, "", NOON - timedelta(days=400)) as watcher:
            async with asyncio.timeout(20):
                await watcher.woken.wait()
            assert watcher.changed_at is not None


async def test_places_are_given_back(karla: Karla) -> None:
    watch = Watch(karla.services.db)
    shop_id, order_id = uuid4(), uuid4()
    with contextlib.ExitStack() as stack:
        for _ in range(PER_ORDER):
            stack.enter_context(watch.entered(shop_id, order_id, "", NOON))
        with pytest.raises(TooManyRequests):
            watch.demand_place(shop_id, order_id, "")
        for _ in range(PER_ADDRESS):
            stack.enter_context(watch.entered(shop_id, uuid4(), "198.51.100.7", NOON))
        with pytest.raises(TooManyRequests):
            watch.demand_place(shop_id, uuid4(), "198.51.100.7")
        watch.demand_place(shop_id, uuid4(), "198.51.100.8")
        for _ in range(IN_ALL - PER_ORDER - PER_ADDRESS):
            stack.enter_context(watch.entered(shop_id, uuid4(), "", NOON))
        with pytest.raises(TooManyRequests):
            watch.demand_place(shop_id, uuid4(), "198.51.100.8")
    watch.demand_place(shop_id, order_id, "198.51.100.7")


class TestQuiet:
    """With heartbeats that come sooner than those of a server."""

    async def told(self, karla: Karla, *, allowed: bool) -> AsyncGenerator[bytes, None]:
        watch = Watch(karla.services.db, heartbeat_seconds=0.05)

        async def may_go_on() -> bool:
            return allowed

        with watch.entered(uuid4(), uuid4(), "", NOON) as watcher:
            async for message in messages(watch, watcher, None, may_go_on):
                yield message

    async def test_silence_has_heartbeats(self, karla: Karla) -> None:
        told = self.told(karla, allowed=True)
        async with asyncio.timeout(20), contextlib.aclosing(told):
            assert [await anext(told) for _ in range(3)] == [b"retry: 3000\n\n", *[b": heartbeat\n\n"] * 2]

    async def test_a_change_is_not_told_to_whose_link_was_revoked(self, karla: Karla) -> None:
        # Long before the next heartbeat.
        watch = Watch(karla.services.db, heartbeat_seconds=3600)

        async def revoked() -> bool:
            return False

        with watch.entered(uuid4(), uuid4(), "", NOON) as watcher:
            watcher.changed_at = NOON
            watcher.woken.set()
            async with asyncio.timeout(20):
                told = [message async for message in messages(watch, watcher, None, revoked)]
        assert told == [b"retry: 3000\n\n"]

    async def test_it_ends_for_whose_session_has_ended(self, karla: Karla) -> None:
        async with asyncio.timeout(20):
            assert [message async for message in self.told(karla, allowed=False)] == [b"retry: 3000\n\n"]
