"""Which web pages may call a shop's storefront by script."""

from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from karla.domain.tenants.records import ShopRef
from karla.entrypoints.api.access import Keyring
from karla.entrypoints.api.app import with_services
from karla.entrypoints.api.storefront.origins import REMEMBERED, Origins
from karla.infra.errors import Unavailable
from tests.support.clocks import StandingClock
from tests.support.karla import Karla, ShopClient

SHOP, BLOG, STRANGER = "https://nordlicht.example", "https://blog.example:8443", "https://evil.example"
ASKING = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


class NoKeyring(Keyring):
    """One whose database can't be reached."""

    def __init__(self) -> None:
        pass

    async def shop(self, slug: str) -> ShopRef:
        raise Unavailable


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    shop = await karla.shop()
    await shop.patch("", {"web_tracking_enabled": True, "shop_url": f"{SHOP}/de"})
    await shop.put(
        "/settings/trackpages",
        {"data": {"domain": f"track.{shop.slug}.example", "embedding": {"origins": [BLOG]}}},
    )
    return shop


async def call(
    karla: Karla, shop: ShopClient, origin: str | None, method: str = "GET", **options: Any
) -> httpx.Response:
    path = options.pop("path", f"/v1/shops/{shop.slug}/storefront/shop")
    headers = {**options.pop("headers", {}), **({"Origin": origin} if origin else {})}
    return await karla.http.request(method, path, headers=headers, **options)


def allowed(answer: httpx.Response) -> str | None:
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]
    origin: str | None = answer.headers.get("Access-Control-Allow-Origin")
    return origin


async def test_a_shops_own_pages_may_read_the_answer(karla: Karla, shop: ShopClient) -> None:
    for origin in ("http://karla.test", SHOP, BLOG, f"https://track.{shop.slug}.example"):
        answer = await call(karla, shop, origin)
        assert (answer.status_code, allowed(answer)) == (200, origin)
        assert "etag" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin",
    [
        STRANGER,
        "null",
        "http://nordlicht.example",
        "https://nordlicht.example:444",
        "https://nordlicht.example.evil.example",
        "https://blog.example",
        "https://sub.nordlicht.example",
        "https://NORDLICHT.example",
    ],
)
async def test_others_may_not(karla: Karla, shop: ShopClient, origin: str) -> None:
    answer = await call(karla, shop, origin)
    assert (answer.status_code, allowed(answer)) == (200, None)
    preflight = await call(karla, shop, origin, "OPTIONS", headers=ASKING)
    assert (preflight.status_code, allowed(preflight)) == (204, None)
    assert "Access-Control-Allow-Methods" not in preflight.headers


async def test_another_shops_pages_may_not(karla: Karla, shop: ShopClient) -> None:
    other = await karla.shop()
    await other.patch("", {"web_tracking_enabled": True, "shop_url": "https://other.example"})
    assert allowed(await call(karla, shop, "https://other.example")) is None
    assert allowed(await call(karla, other, "https://other.example")) == "https://other.example"


async def test_a_browser_that_asks_first_is_told_what_it_may_send(karla: Karla, shop: ShopClient) -> None:
    answer = await call(karla, shop, SHOP, "OPTIONS", headers=ASKING)

    assert (answer.status_code, answer.content, allowed(answer)) == (204, b"", SHOP)
    assert {"POST", "PUT"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    names = set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert names == {"authorization", "content-type", "accept-language", "if-none-match"}
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


async def test_scripts_can_read_what_went_wrong(karla: Karla, shop: ShopClient) -> None:
    base = f"/v1/shops/{shop.slug}/storefront"
    unread = await call(karla, shop, SHOP, params={"theme": "neon"})
    lost = await call(karla, shop, SHOP, path=f"{base}/nothing")
    garbled = await call(karla, shop, SHOP, "POST", path=f"{base}/sessions", content=b"{")
    assert [unread.status_code, lost.status_code, garbled.status_code] == [422, 404, 400]
    assert [allowed(answer) for answer in (unread, lost, garbled)] == [SHOP] * 3


async def test_without_an_origin_nothing_is_said_of_origins_but_that_they_matter(
    karla: Karla, shop: ShopClient
) -> None:
    assert allowed(await call(karla, shop, None)) is None


async def test_a_shop_that_is_none_has_no_origins(karla: Karla, shop: ShopClient) -> None:
    answer = await call(karla, shop, SHOP, path="/v1/shops/nobody/storefront/shop")
    assert (answer.status_code, allowed(answer)) == (404, None)


@pytest.mark.parametrize("path", ["/v1/shops/{}/storefront/shop", "/track/{}/embed"])
async def test_what_can_be_no_shop_is_not_looked_for(karla: Karla, shop: ShopClient, path: str) -> None:
    asked: list[str] = []

    class Listening(Keyring):
        def __init__(self) -> None:
            pass

        async def shop(self, slug: str) -> ShopRef:
            asked.append(slug)
            raise Unavailable

    services = replace(karla.services, keyring=Listening())
    http = httpx.AsyncClient(transport=httpx.ASGITransport(with_services(services)), base_url="http://karla.test")  # type: ignore[arg-type]
    async with http:
        for slug in ("nobody", "n" * 64):
            await http.request("OPTIONS", path.format(slug), headers={"Origin": SHOP, **ASKING})
    assert asked == ["nobody"]


async def test_the_rest_of_the_api_is_for_no_browser(karla: Karla, shop: ShopClient) -> None:
    answer = await call(karla, shop, SHOP, path=f"/v1/shops/{shop.slug}/settings", headers=shop.headers)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_embedded_page_is_shared_with_the_same_origins(karla: Karla, shop: ShopClient) -> None:
    answer = await call(karla, shop, SHOP, "OPTIONS", path=f"/track/{shop.slug}/embed", headers=ASKING)
    assert (answer.status_code, allowed(answer)) == (204, SHOP)


async def test_new_origins_count_within_seconds(karla: Karla, shop: ShopClient) -> None:
    clock = StandingClock()
    services = replace(karla.services, clock=clock)
    origins = Origins()
    assert BLOG in await origins.of(shop.slug, services)

    await shop.put("/settings/trackpages", {"data": {}})
    assert BLOG in await origins.of(shop.slug, services)
    clock.advance(REMEMBERED)
    assert await origins.of(shop.slug, services) == {"http://karla.test", SHOP}


async def test_while_the_database_is_away_the_origins_are_those_of_before(karla: Karla, shop: ShopClient) -> None:
    clock = StandingClock()
    origins = Origins()
    known = await origins.of(shop.slug, replace(karla.services, clock=clock))

    clock.advance(REMEMBERED)
    gone = replace(karla.services, clock=clock, keyring=NoKeyring())

    assert await origins.of(shop.slug, gone) == known
    assert await origins.of("nobody-knew-it", gone) == frozenset()
