"""Where a picture can't be had a page shows a drawn parcel, and no broken one."""

from xml.etree import ElementTree as ET

import httpx
import pytest
import pytest_asyncio

from karla.infra.http.standin import Asked, Reply, Server
from karla.infra.pictures import Kind
from tests.support.karla import Karla, ShopClient
from tests.support.pictures import picture_address

BROWSERS = (
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,*/*;q=0.5",
)


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def missing(karla: Karla, shop: ShopClient, kind: Kind, accept: str) -> httpx.Response:
    """What is told of a picture that its server doesn't have."""

    def nothing(_: Asked) -> Reply:
        return Reply(status=404)

    server = Server(nothing)
    await server.up()
    try:
        source = f"{server.url}/gone.png"
        url = await picture_address(karla, shop, source, kind)
        return await karla.http.get(url, headers={"Accept": accept})
    finally:
        await server.close()


@pytest.mark.parametrize("kind", ["product", "photo"])
@pytest.mark.parametrize("accept", BROWSERS)
async def test_a_browser_is_given_a_drawing(karla: Karla, shop: ShopClient, kind: Kind, accept: str) -> None:
    answer = await missing(karla, shop, kind, accept)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (404, "image/svg+xml")
    assert ET.fromstring(answer.content).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own
    assert len(answer.content) < 600
    # It may be there after a while, and whoever asks otherwise gets an error.
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "Accept" in answer.headers["vary"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert b"style" not in answer.content


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
async def test_a_program_is_told_an_error(karla: Karla, shop: ShopClient, accept: str) -> None:
    answer = await missing(karla, shop, "product", accept)
    assert (answer.status_code, answer.json()["key"]) == (404, "picture_not_found")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "Accept" in answer.headers["vary"]


async def test_what_karla_did_not_sign_is_nothing_at_all(karla: Karla, shop: ShopClient) -> None:
    path = f"/v1/shops/{shop.slug}/storefront/pictures/{'A' * 22}/product-AAAA"
    answer = await karla.http.get(path, headers={"Accept": BROWSERS[0]})
    assert (answer.status_code, answer.json()["key"]) == (404, "picture_not_found")
    assert "cache-control" not in answer.headers
