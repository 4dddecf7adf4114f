"""Pictures on shoppers' pages: small, Karla's own to serve, and of nothing that a shop or a carrier didn't name."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from karla.infra.clock import SystemClock
from karla.infra.http import Egress
from karla.infra.http.standin import Asked, Reply, Server
from karla.infra.images import MAX_SCANS, shrunk
from karla.infra.pictures import (
    FetchFailed,
    Named,
    PictureMissing,
    Pictures,
    PictureSigner,
    fetched,
    picture_url,
)
from karla.infra.pictures.fetching import MAX_BYTES
from karla.infra.pictures.keeping import KEPT, PAUSE
from karla.infra.sealing import Unreadable
from karla.infra.storage import ObjectStore
from tests.support.clocks import StandingClock
from tests.support.karla import Karla, ShopClient
from tests.support.pictures import picture_address as address

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def image(name: str = "PNG", size: tuple[int, int] = (800, 400), mode: str = "RGB", **options: Any) -> bytes:
    drawn = Image.new(mode, size, "red")
    drawn.paste("blue", (0, 0, size[0] // 2, size[1]))
    written = io.BytesIO()
    drawn.save(written, name, **options)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


class ImageServer(Server):
    """Serves what a test puts on it; all else isn't there."""

    def __init__(self) -> None:
        self.files: dict[str, Reply] = {}
        super().__init__(self._play)

    def _play(self, asked: Asked) -> Reply:
        return self.files.get(asked.path, Reply(status=404))

    def put(self, content: bytes, path: str | None = None) -> str:
        path = path or f"/{uuid4().hex}.png"
        self.files[path] = Reply(body=content, headers={"Content-Type": "text/plain"})
        return self.url + path

    def redirect(self, target: str) -> str:
        path = f"/{uuid4().hex}"
        self.files[path] = Reply(status=302, headers={"Location": target})
        return self.url + path


@pytest.fixture
async def images() -> AsyncIterator[ImageServer]:
    server = ImageServer()
    await server.up()
    yield server
    await server.close()


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def see(karla: Karla, url: str, **headers: str) -> httpx.Response:
    return await karla.http.get(url, headers=headers)


async def test_a_products_picture_is_small_and_may_be_kept_for_ever(
    karla: Karla, shop: ShopClient, images: ImageServer
) -> None:
    answer = await see(karla, await address(karla, shop, images.put(image())))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert opened(answer.content).format == "WEBP"
    assert opened(answer.content).size == (192, 96)
    again = await see(karla, str(answer.url), **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_photo_at_the_door_is_larger_and_for_its_receiver_alone(
    karla: Karla, shop: ShopClient, images: ImageServer
) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "SecretCamera", 6
    photo = image("JPEG", (2000, 1000), exif=exif)
    answer = await see(karla, await address(karla, shop, images.put(photo), "photo"))
    assert answer.headers["cache-control"].startswith("private,")
    assert opened(answer.content).size == (480, 960)
    assert b"SecretCamera" not in answer.content


async def test_what_is_transparent_stays_so_and_what_is_small_stays_small(
    karla: Karla, shop: ShopClient, images: ImageServer
) -> None:
    clear = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    written = io.BytesIO()
    clear.quantize().save(written, "GIF", transparency=0)
    answer = await see(karla, await address(karla, shop, images.put(written.getvalue())))
    shown = opened(answer.content)
    assert shown.size == (40, 20)
    assert shown.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("mode", "name"),
    [("1", "PNG"), ("L", "JPEG"), ("LA", "PNG"), ("P", "GIF"), ("CMYK", "JPEG"), ("I;16", "PNG"), ("RGBA", "WEBP")],
)
def test_colours_of_every_kind_become_a_picture(mode: str, name: str) -> None:
    written = io.BytesIO()
    Image.new(mode, (600, 300)).save(written, name)
    small = shrunk(written.getvalue(), 192)
    assert (small.width, small.height, small.content_type) == (192, 96, "image/webp")
    assert opened(small.content).mode in ("RGB", "RGBA")


def test_of_an_animation_the_first_picture_is_shown() -> None:
    first, second = Image.new("RGB", (300, 300), "red"), Image.new("RGB", (300, 300), "blue")
    written = io.BytesIO()
    first.save(written, "GIF", save_all=True, append_images=[second])
    shown = opened(shrunk(written.getvalue(), 192).content)
    assert getattr(shown, "n_frames", 1) == 1
    red, _, blue = shown.convert("RGB").getpixel((90, 90))  # type: ignore[misc]
    assert (red > 200, blue > 50) == (True, False)


async def test_a_picture_is_fetched_once_however_many_ask(karla: Karla, shop: ShopClient, images: ImageServer) -> None:
    url = await address(karla, shop, images.put(image()))
    answers = await asyncio.gather(*(see(karla, url) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    await images.down()
    assert (await see(karla, url)).status_code == 200
    assert len(images.journal) == 1


@pytest.mark.parametrize(
    "content", [b"", b"<html>not here</html>", SVG, image()[:200], b"\0" * (MAX_BYTES + 1)], ids=len
)
async def test_what_is_no_image_is_not_found_and_not_asked_for_again(
    karla: Karla, shop: ShopClient, images: ImageServer, content: bytes
) -> None:
    url = await address(karla, shop, images.put(content))
    for _ in range(3):
        answer = await see(karla, url)
        assert (answer.status_code, answer.json()["key"]) == (404, "picture_not_found")
        assert answer.headers["cache-control"] == "public, max-age=300"
    assert len(images.journal) == 1


async def test_a_bomb_is_not_decoded(karla: Karla, shop: ShopClient, images: ImageServer) -> None:
    written = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    assert len(written.getvalue()) < 100_000
    assert (await see(karla, await address(karla, shop, images.put(written.getvalue())))).status_code == 404


async def test_a_jpeg_that_is_drawn_over_and_over_is_not_decoded(
    karla: Karla, shop: ShopClient, images: ImageServer
) -> None:
    drawn = image("JPEG", (64, 64), progressive=True)
    end, last = drawn.rindex(b"\xff\xd9"), drawn.rindex(b"\xff\xda")
    assert (await see(karla, await address(karla, shop, images.put(drawn)))).status_code == 200
    again = drawn[:end] + drawn[last:end] * MAX_SCANS + drawn[end:]
    assert (await see(karla, await address(karla, shop, images.put(again)))).status_code == 404
    uploaded = await shop.call("POST", "/images/product", files={"image": ("a.jpg", again)})
    assert uploaded.status_code == 422


async def test_redirects_are_followed_but_not_for_ever(karla: Karla, shop: ShopClient, images: ImageServer) -> None:
    there = images.redirect(images.redirect(images.put(image())))
    assert (await see(karla, await address(karla, shop, there))).status_code == 200
    images.files["/round"] = Reply(status=302, headers={"Location": "/round"})
    assert (await see(karla, await address(karla, shop, f"{images.url}/round"))).status_code == 404
    assert (await see(karla, await address(karla, shop, images.redirect("file:///etc/passwd")))).status_code == 404


async def test_a_shops_own_upload_is_shown_small_too(karla: Karla, shop: ShopClient) -> None:
    uploaded = await shop.call("POST", "/images/product", files={"image": ("a.png", image())})
    answer = await see(karla, await address(karla, shop, uploaded.json()["url"]))
    assert opened(answer.content).size == (192, 96)
    gone = await address(karla, shop, f"{karla.services.settings.base_url}/images/{'a' * 43}.png")
    assert (await see(karla, gone)).status_code == 404


async def test_nobody_can_make_karla_fetch_what_a_shop_did_not_name(
    karla: Karla, shop: ShopClient, images: ImageServer
) -> None:
    source, other = images.put(image()), await karla.shop()
    url = await address(karla, shop, source)
    head, signature, name = url.rsplit("/", 2)
    stranger = PictureSigner(["of a stranger, who has no key of this Karla"])
    forged = picture_url(karla.services.settings.base_url, shop.slug, Named("product", source), stranger)
    attempts = [
        url.replace(shop.slug, other.slug),
        f"{head}/{signature}/photo{name.removeprefix('product')}",
        f"{head}/{signature}/{name[:-2]}AA",
        f"{head}/{signature[:-2]}AA/{name}",
        f"{head}/{signature}/product-",
        f"{head}/{'A' * 22}/product-AAAA",
        f"{head}/%C3%BC/product-%C3%BC",
        str(forged),
    ]
    for attempt in attempts:
        answer = await see(karla, attempt)
        assert (answer.status_code, answer.json()["key"]) == (404, "picture_not_found"), attempt
    assert images.journal == []


def test_an_address_tells_nothing_of_the_source_and_is_always_the_same() -> None:
    signer = PictureSigner(["the secret key of this test, of some length"])
    photo = Named("photo", "https://carrier.example/photo?key=secret", uuid4())
    url = picture_url("https://karla.test", "nord", photo, signer)
    assert url is not None
    assert url == picture_url("https://karla.test", "nord", photo, PictureSigner(signer_secrets()))
    assert "carrier" not in url
    signature, name = url.rsplit("/", 2)[1:]
    rotated = PictureSigner(["a newer secret key of this test, of some length", *signer_secrets()])
    assert rotated.read("nord", signature, name) == photo
    assert picture_url("https://karla.test", "nord", photo, rotated) != url
    with pytest.raises(Unreadable):
        PictureSigner(["a newer secret key of this test, of some length"]).read("nord", signature, name)


def signer_secrets() -> list[str]:
    return ["the secret key of this test, of some length"]


@pytest.mark.parametrize(
    "source", ["", "data:image/png;base64,AAAA", "/a.png", "https://a/" + "b" * 2048, "https://\ud800"]
)
def test_what_is_no_address_on_the_web_has_no_picture(source: str) -> None:
    signer = PictureSigner(signer_secrets())
    assert picture_url("https://karla.test", "nord", Named("product", source), signer) is None


async def test_private_places_are_out_of_reach(images: ImageServer) -> None:
    port = images.url.rpartition(":")[2]
    async with Egress(allow_private=False) as egress:
        for source in (
            images.put(image()),
            f"https://127.0.0.1:{port}/a.png",
            "https://[::1]/a",
            "https://169.254.169.254",
        ):
            with pytest.raises(FetchFailed, match="not public"):
                await fetched(egress, source, plain_http=False)
    assert images.journal == []


@pytest.mark.parametrize("source", ["https://", "http://[", "https://user:s3cret@karla.example/", "https://a b/"])
async def test_a_broken_address_is_only_a_missing_picture(source: str) -> None:
    async with Egress(allow_private=True) as egress:
        with pytest.raises(FetchFailed) as caught:
            await fetched(egress, source, plain_http=False, seconds=1)
    assert "s3cret" not in str(caught.value)


async def test_a_slow_server_is_not_waited_for(images: ImageServer) -> None:
    images.hang()
    async with Egress(allow_private=True) as egress:
        with pytest.raises(FetchFailed, match="too slow"):
            await fetched(egress, images.put(image()), plain_http=True, seconds=0.05)


def failing(times: int, calls: list[int]) -> Callable[[], Awaitable[bytes]]:
    async def fetch() -> bytes:
        calls.append(1)
        if len(calls) <= times:
            raise FetchFailed("status 503")
        return image()

    return fetch


async def test_after_some_minutes_it_is_tried_again(tmp_path: Path) -> None:
    clock, calls = StandingClock(), list[int]()
    async with Pictures(ObjectStore.open(None, tmp_path), clock) as pictures:
        fetch, shop_id = failing(1, calls), uuid4()
        for _ in range(2):
            with pytest.raises(PictureMissing):
                await pictures.picture(shop_id, "product", "https://a/b", fetch)
        assert len(calls) == 1
        clock.advance(PAUSE + timedelta(seconds=1))
        assert opened(await pictures.picture(shop_id, "product", "https://a/b", fetch)).size == (192, 96)


async def test_a_kept_picture_has_an_end(tmp_path: Path) -> None:
    objects, calls, shop_id = ObjectStore.open(None, tmp_path), list[int](), uuid4()
    await objects.put("images/logo.png", image(), "image/png")
    for days, fetched_by_then in ((KEPT.days - 1, 1), (KEPT.days + 1, 2)):
        clock = StandingClock(SystemClock().now() + timedelta(days=days))
        async with Pictures(objects, clock) as pictures:
            await pictures.picture(shop_id, "photo", "https://a/b", failing(0, calls))
            await pictures.tidy()
            await pictures.picture(shop_id, "photo", "https://a/b", failing(0, calls))
        assert len(calls) == fetched_by_then
    assert await objects.get("images/logo.png"), "what a shop uploaded is the shop's"


async def test_who_goes_away_takes_the_picture_from_nobody_else(tmp_path: Path) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def fetch() -> bytes:
        begun.set()
        await go_on.wait()
        return image()

    async with Pictures(ObjectStore.open(None, tmp_path), StandingClock()) as pictures:
        shop_id = uuid4()
        first = asyncio.create_task(pictures.picture(shop_id, "product", "https://a/b", fetch))
        await begun.wait()
        second = asyncio.create_task(pictures.picture(shop_id, "product", "https://a/b", fetch))
        await asyncio.sleep(0)
        first.cancel()
        go_on.set()
        assert opened(await second).size == (192, 96)


async def test_closing_leaves_nothing_under_way(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def fetch() -> bytes:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    pictures = Pictures(ObjectStore.open(None, tmp_path), StandingClock())
    asked = asyncio.create_task(pictures.picture(uuid4(), "product", "https://a/b", fetch))
    await begun.wait()
    await pictures.close()
    with pytest.raises(asyncio.CancelledError):
        await asked
