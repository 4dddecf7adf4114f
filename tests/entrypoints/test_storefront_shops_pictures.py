"""A shop's logo and background come from Karla, so that no page asks anybody else for them."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from PIL import Image

from karla.infra.pictures import Pictures
from karla.infra.pictures.drawings import MAX_BYTES, is_drawing
from karla.infra.storage import ObjectStore
from tests.entrypoints.test_storefront_pictures import ImageServer, image, opened, see
from tests.support.clocks import StandingClock
from tests.support.karla import Karla, ShopClient
from tests.support.storefront import shop_with_page

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


@pytest_asyncio.fixture
async def images() -> AsyncIterator[ImageServer]:
    server = ImageServer()
    await server.up()
    yield server
    await server.close()


async def brand(karla: Karla, shop: ShopClient) -> Any:
    return (await karla.http.get(f"/v1/shops/{shop.slug}/storefront/shop")).json()["brand"]


async def test_a_logo_is_small_and_keeps_what_is_transparent(karla: Karla, images: ImageServer) -> None:
    written = io.BytesIO()
    Image.new("RGBA", (1600, 400), (0, 0, 0, 0)).save(written, "PNG")
    shop = await shop_with_page(karla, logo_url=images.put(written.getvalue()), logo_dark_url=images.put(image()))
    design = await brand(karla, shop)
    for name in ("logo_url", "logo_dark_url"):
        assert design[name].startswith(f"http://karla.test/v1/shops/{shop.slug}/storefront/pictures/")
    answer = await see(karla, design["logo_url"])
    shown = opened(answer.content)
    assert (answer.headers["content-type"], shown.size) == ("image/webp", (480, 120))
    assert shown.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_background_is_as_wide_as_a_screen(karla: Karla, images: ImageServer) -> None:
    shop = await shop_with_page(karla, background_url=images.put(image("JPEG", (3840, 1000))))
    answer = await see(karla, (await brand(karla, shop))["background_url"])
    assert (answer.headers["content-type"], opened(answer.content).size) == ("image/webp", (1920, 500))


async def test_the_logo_of_the_shop_itself_is_karlas_to_serve_too(karla: Karla, images: ImageServer) -> None:
    shop = await shop_with_page(karla)
    await shop.patch("", {"logo_url": images.put(image())})
    answer = await see(karla, (await brand(karla, shop))["logo_url"])
    assert opened(answer.content).size == (480, 240)


async def test_a_page_names_nobody_elses_host(karla: Karla, images: ImageServer) -> None:
    shop = await shop_with_page(karla, logo_url=images.put(image()), background_url=images.put(image("JPEG")))
    page = await karla.http.get(f"/track/{shop.slug}")
    assert page.status_code == 200
    assert page.text.count("/storefront/pictures/") == 2
    assert images.url not in page.text + str(page.headers)
    demo = await karla.http.get(f"/track/{shop.slug}/demo")
    assert images.url not in demo.text + str(demo.headers)


async def test_a_drawn_logo_is_handed_on_and_may_do_nothing(karla: Karla, images: ImageServer) -> None:
    shop = await shop_with_page(karla, logo_url=images.put(SVG))
    url = (await brand(karla, shop))["logo_url"]
    for _ in range(2):
        answer = await see(karla, url)
        assert (answer.status_code, answer.content) == (200, SVG)
        assert answer.headers["content-type"].partition(";")[0] == "image/svg+xml"
        policy = answer.headers["content-security-policy"]
        assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(images.journal) == 1


async def test_a_drawing_is_a_logo_and_nothing_else(karla: Karla, images: ImageServer) -> None:
    shop = await shop_with_page(karla, background_url=images.put(SVG))
    answer = await see(karla, (await brand(karla, shop))["background_url"])
    assert (answer.status_code, answer.json()["key"]) == (404, "picture_not_found")


async def test_a_logo_that_is_missing_is_read_as_the_shops_name(karla: Karla, images: ImageServer) -> None:
    shop = await shop_with_page(karla, logo_url=f"{images.url}/gone.png")
    answer = await see(karla, (await brand(karla, shop))["logo_url"], Accept="image/webp,image/*")
    assert (answer.status_code, answer.json()["key"]) == (404, "picture_not_found")


@pytest.mark.parametrize(
    ("content", "good"),
    [
        (SVG, True),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --><!-- b -->\n" + SVG, True),
        (b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/a.dtd">' + SVG, True),
        (b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + SVG, False),
        (SVG.replace(b"<path", b"<!Entity x><path"), False),
        (b"<html><svg></svg></html>", False),
        (b"<svgx></svgx>", False),
        (b"text " + SVG, False),
        (SVG + b" " * MAX_BYTES, False),
        (b"\x1f\x8b\x08", False),
        (b"<!--" * 50_000, False),
        (b"<!-- a -->" * 25_000, False),
    ],
    ids=list("abcdefghijkl"),
)
def test_what_a_drawing_may_be(content: bytes, good: bool) -> None:
    assert is_drawing(content) is good


async def test_a_shop_with_slow_pictures_keeps_no_other_waiting(tmp_path: Path) -> None:
    slow, quick = uuid4(), uuid4()
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def hang() -> bytes:
        begun.release()
        await go_on.wait()
        return image()

    async def have() -> bytes:
        return image()

    async with Pictures(ObjectStore.open(None, tmp_path), StandingClock()) as pictures:

        def asked(shop_id: UUID, number: int) -> asyncio.Task[bytes]:
            return asyncio.create_task(pictures.picture(shop_id, "product", f"https://a/{number}", hang))

        waiting = [asked(slow, number) for number in range(20)]
        await begun.acquire()
        async with asyncio.timeout(20):
            assert opened(await pictures.picture(quick, "product", "https://a/b", have)).size == (192, 96)
        go_on.set()
        assert len(await asyncio.gather(*waiting)) == 20
