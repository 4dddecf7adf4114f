"""A photo of a door is shown with the order's link, and goes with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest_asyncio
from msgspec.structs import replace

from karla.entrypoints.api.app import with_services
from karla.infra.db import Database
from karla.infra.errors import Unavailable
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope
from tests.entrypoints.test_storefront_pictures import ImageServer, image, see
from tests.support.karla import Karla, ShopClient
from tests.support.pictures import picture_address as address
from tests.support.storefront import NUMBER, by_token, by_zip_code, happened, placed


class DatabaseAway(Database):
    """One that can't be reached."""

    def __init__(self) -> None:
        pass

    @asynccontextmanager
    async def read(self, scope: Scope) -> AsyncIterator[Connection]:
        raise Unavailable
        yield


@pytest_asyncio.fixture
async def images() -> AsyncIterator[ImageServer]:
    server = ImageServer()
    await server.up()
    yield server
    await server.close()


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def test_a_photo_goes_with_the_link_that_it_was_shown_to(
    karla: Karla, shop: ShopClient, images: ImageServer
) -> None:
    await shop.patch("", {"web_tracking_enabled": True})
    await placed(shop, {"tracking_number": NUMBER, "carrier_reference": "dhl"})
    told = {"photo_url": images.put(image("JPEG"))}
    await happened(shop, NUMBER, "DELIVERED_TO_NEIGHBOUR", "2026-03-16T09:00:00+00:00", additional_info=told)
    browser = await by_token(karla, shop)
    (parcel,) = (await browser.order())["shipments"]
    url = parcel["proof"]["photo_url"]
    seen = await see(karla, url)
    assert (seen.status_code, seen.headers["cache-control"]) == (200, "private, max-age=3600")
    (again,) = (await browser.order())["shipments"]
    assert again["proof"]["photo_url"] == url, "or no browser could keep it"

    assert (await shop.delete("/orders/10001/tokens")).status_code == 204
    for headers in ({}, {"If-None-Match": seen.headers["etag"]}, {"Accept": "image/*"}):
        gone = await see(karla, url, **headers)
        assert (gone.status_code, gone.headers["cache-control"]) == (404, "no-store")
    # The next link has an address of its own; number and ZIP code have none.
    (parcel,) = (await (await by_token(karla, shop)).order())["shipments"]
    assert parcel["proof"]["photo_url"] != url
    assert (await see(karla, parcel["proof"]["photo_url"])).status_code == 200
    (parcel,) = (await (await by_zip_code(karla, shop)).order())["shipments"]
    assert parcel["proof"] is None


async def test_while_the_database_is_away_a_page_shows_a_drawing_for_a_photo(
    karla: Karla, shop: ShopClient, images: ImageServer
) -> None:
    url = await address(karla, shop, images.put(image("JPEG")), "photo")
    transport = httpx.ASGITransport(app=with_services(replace(karla.services, db=DatabaseAway())))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://karla.test") as http:
        shown = await http.get(url, headers={"Accept": "image/webp,image/*"})
        told = await http.get(url)
    assert (shown.status_code, shown.headers["content-type"].partition(";")[0]) == (503, "image/svg+xml")
    assert shown.headers["cache-control"] == "no-store"
    assert told.status_code == 503
