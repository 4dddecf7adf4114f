"""What a shop sees of attempts that never left, as our own way out failed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest_asyncio

from karla.domain.subscribers.records.webhooks import Ordering
from karla.infra.http import EgressUnavailable
from karla.infra.settings import Settings
from karla.pipeline.belt import Belt
from tests.support.benches import Bench, bench_of
from tests.support.endpoints import Endpoints
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient

FOUR_DAYS = timedelta(days=4)


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


@pytest_asyncio.fixture
async def bench(shop: ShopClient, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    async with bench_of(shop.shop, settings, database_url) as made:
        yield made


class Road:
    """A webhook of the shop, and the way out to it, which may be closed."""

    def __init__(self, bench: Bench, shop: ShopClient, path: str) -> None:
        self.endpoints = Endpoints(bench.clock)
        self._bench = bench
        self._shop = shop
        self._path = path
        self._belt = Belt(bench.settings, bench.db, self.endpoints, bench.clock)

    async def try_for(self, times: int) -> None:
        """Let the belt try, and six seconds pass."""
        for _ in range(times):
            await self._belt.drain()
            self._bench.clock.advance(timedelta(seconds=6))

    async def delivery(self) -> dict[str, Any]:
        """The only one, as the API shows it."""
        (told,) = (await self._shop.get(f"{self._path}/deliveries")).json()
        shown: dict[str, Any] = told
        return shown

    async def attempts(self) -> list[tuple[int, bool, int | None, str | None]]:
        """Number, whether it was sent, and what came of it."""
        shown = (await self.delivery())["attempts"]
        return [(one["number"], one["sent"], one["status_code"], one["error"]) for one in shown]

    async def health(self) -> dict[str, Any]:
        """How the webhook has been doing, as the API shows it."""
        told: dict[str, Any] = (await self._shop.get(self._path)).json()["health"]
        return told


@pytest_asyncio.fixture
async def road(bench: Bench, shop: ShopClient) -> Road:
    webhook = await bench.webhook("http://127.0.0.1:9/a", "shipments")
    await bench.happen()
    return Road(bench, shop, f"/webhooks/{webhook.id}")


async def test_the_reason_is_shown_and_no_attempt_is_used_up(road: Road) -> None:
    road.endpoints.always("/a", EgressUnavailable("proxy_connect"))
    await road.try_for(5)
    assert await road.attempts() == [(1, False, None, "proxy_connect")]
    health = await road.health()
    assert (health["failures"], health["failing_since"]) == (0, None)
    assert (health["last_failure"]["error"], health["last_failure"]["status_code"]) == ("proxy_connect", None)


async def test_the_latest_of_several_in_a_row_stands_for_all(road: Road) -> None:
    refused, silent = EgressUnavailable("proxy_refused"), EgressUnavailable("proxy_timeout")
    road.endpoints.answer("/a", silent, refused, 500, silent)
    await road.try_for(40)
    assert await road.attempts() == [
        (1, False, None, "proxy_refused"),
        (1, True, 500, None),
        (2, False, None, "proxy_timeout"),
        (2, True, 200, None),
    ]
    assert (await road.delivery())["status"] == "delivered"


async def test_what_can_not_be_sent_for_all_of_its_time_has_failed_for_that_reason(road: Road, bench: Bench) -> None:
    road.endpoints.always("/a", EgressUnavailable("proxy_refused"))
    await road.try_for(3)
    assert (await road.delivery())["status"] == "pending"
    bench.clock.advance(FOUR_DAYS)
    await road.try_for(3)
    own = str(bench.scope.shop).encode()
    assert sum(own in request.body for request in road.endpoints.journal) == 4
    shown = await road.delivery()
    assert (shown["status"], shown["next_attempt_at"]) == ("failed", None)
    assert shown["finished_at"]
    assert await road.attempts() == [(1, False, None, "proxy_refused")]


async def test_a_shipments_next_event_goes_once_the_one_before_it_is_given_up(bench: Bench, shop: ShopClient) -> None:
    webhook = await bench.webhook("http://127.0.0.1:9/a", ordering=Ordering.SHIPMENT)
    road = Road(bench, shop, f"/webhooks/{webhook.id}")
    road.endpoints.always("/a", EgressUnavailable("proxy_connect"))
    parcel = order_file(bench.shop.id, at=bench.clock.now())
    await happen(bench.db, shipment_event(parcel, "OUT_FOR_DELIVERY", at=bench.clock.now()))
    await road.try_for(2)
    bench.clock.advance(FOUR_DAYS - timedelta(days=1))
    await happen(bench.db, shipment_event(parcel, "SUCCESSFULLY_DELIVERED", at=bench.clock.now()))
    await road.try_for(2)
    bench.clock.advance(timedelta(days=1))
    await road.try_for(1)
    road.endpoints.always("/a", 200)
    await road.try_for(1)
    told = (await shop.get(f"/webhooks/{webhook.id}/deliveries")).json()
    assert [(one["ref"].rpartition("/")[2], one["status"]) for one in told] == [
        ("SUCCESSFULLY_DELIVERED", "delivered"),
        ("OUT_FOR_DELIVERY", "failed"),
    ]
