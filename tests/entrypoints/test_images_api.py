"""Uploads of images, and how everyone else sees them."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from karla.infra.access import NOWHERE
from karla.infra.settings import Settings
from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient

FORMATS = {"PNG": ("image/png", "png"), "JPEG": ("image/jpeg", "jpg"), "WEBP": ("image/webp", "webp")}
FORMATS |= {"GIF": ("image/gif", "gif")}


def picture(name: str = "PNG", size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, size[0] // 2, size[1]))
    written = io.BytesIO()
    image.save(written, name, **options)
    return written.getvalue()


def secrets_within() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "SecretCamera"
    return picture("JPEG", exif=exif, comment=b"SecretComment")


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def kept(folder: Path) -> set[Path]:
    return set(folder.iterdir())


async def upload(shop: ShopClient, content: bytes, image_type: str = "logo") -> httpx.Response:
    return await shop.call("POST", f"/images/{image_type}", files={"image": ("a.bin", content)})


async def uploaded(shop: ShopClient, content: bytes, image_type: str = "logo") -> str:
    answer = await upload(shop, content, image_type)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop(Role.EDITOR)


@pytest.fixture
def objects(settings: Settings) -> Path:
    return settings.data_dir / "objects" / "images"


@pytest.mark.parametrize("name", FORMATS)
async def test_an_image_keeps_its_format_and_is_seen_by_everyone(karla: Karla, shop: ShopClient, name: str) -> None:
    content_type, extension = FORMATS[name]
    answer = await upload(shop, picture(name))

    assert answer.status_code == 201
    body = answer.json()
    assert (body["image_type"], body["shop_slug"]) == ("logo", shop.slug)
    address, _, ending = body["url"].rpartition(".")
    assert ending == extension
    assert address.startswith("http://karla.test/images/")
    assert len(address.rpartition("/")[2]) == 43

    seen = await karla.http.get(body["url"])
    assert seen.status_code == 200
    assert seen.headers["content-type"] == content_type
    assert opened(seen.content).format == name
    right_half = opened(seen.content).convert("RGB").crop((25, 5, 40, 15)).resize((1, 1))
    assert [channel > 250 for channel in right_half.tobytes()] == [True, False, False]


async def test_an_image_can_do_no_harm_and_is_kept_by_browsers(karla: Karla, shop: ShopClient) -> None:
    url = await uploaded(shop, picture())
    seen = await karla.http.get(url)

    assert seen.headers["x-content-type-options"] == "nosniff"
    assert seen.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert seen.headers["content-disposition"] == "inline"
    assert seen.headers["cache-control"] == "public, max-age=31536000, immutable"

    for known in (seen.headers["etag"], f'"x", W/{seen.headers["etag"]}', "*"):
        again = await karla.http.get(url, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == seen.headers["etag"]
    assert (await karla.http.get(url, headers={"If-None-Match": '"x"'})).status_code == 200


async def test_a_photo_is_turned_upright_and_tells_nothing_else(karla: Karla, shop: ShopClient) -> None:
    photo = secrets_within()
    seen = (await karla.http.get(await uploaded(shop, photo, "claim"))).content

    assert b"Secret" in photo
    assert b"Secret" not in seen
    assert not opened(seen).getexif()
    assert opened(seen).size == (20, 40)


async def test_what_hangs_on_behind_an_image_is_dropped(karla: Karla, shop: ShopClient) -> None:
    seen = await karla.http.get(await uploaded(shop, picture() + b"<script>alert(1)</script>"))

    assert b"script" not in seen.content


async def test_an_animation_stays_one(karla: Karla, shop: ShopClient) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)

    seen = opened((await karla.http.get(await uploaded(shop, written.getvalue()))).content)

    assert getattr(seen, "n_frames", 1) == 3
    seen.seek(2)
    assert seen.convert("RGB").getpixel((5, 5)) == (0, 0, 255)


async def test_the_vendors_client_sends_a_text_of_the_same_name_first(shop: ShopClient) -> None:
    body = (
        b"--b\r\ncontent-disposition: form-data; name=\"image\"\r\n\r\nInstance of 'MultipartFile'\r\n"
        b'--b\r\ncontent-type: application/octet-stream\r\ncontent-disposition: form-data; name="image"\r\n\r\n'
        + picture()
        + b"\r\n--b--\r\n"
    )
    answer = await shop.call(
        "POST", "/images/logo", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert answer.status_code == 201


@pytest.mark.parametrize("image_type", ["background", "claim", "logo", "signature", "product", "voucher"])
async def test_every_type_is_taken(shop: ShopClient, image_type: str) -> None:
    assert (await upload(shop, picture(), image_type)).json()["image_type"] == image_type


async def test_an_unknown_type_is_refused(shop: ShopClient) -> None:
    answer = await upload(shop, picture(), "avatar")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["path", "image_type"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture("BMP"),
        picture()[:-40],
        picture("JPEG", size=(400, 400))[:900],
        picture("PNG", size=(8000, 6000)),
    ],
    ids=["empty", "gif head", "svg", "bmp", "cut png", "cut jpeg", "bomb"],
)
async def test_what_is_no_good_image_is_refused(shop: ShopClient, content: bytes) -> None:
    answer = await upload(shop, content)

    assert answer.status_code == 422
    assert answer.json()["key"] == "image_invalid"
    assert answer.json()["errors"][0]["field"] == "image"


@pytest.mark.parametrize("size", [10 * 1024 * 1024 + 1, 12 * 1024 * 1024])
async def test_a_file_above_ten_megabytes_is_too_large(shop: ShopClient, size: int) -> None:
    answer = await upload(shop, b"\0" * size)

    assert (answer.status_code, answer.json()["key"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", b"garbage", 400),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="image"', 400),
        ("multipart/form-data; boundary=b", b"--b\r\n\x00\xff: x\r\n\r\nx\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=" + "b" * 500, b"--b", 400),
        ("multipart/form-data", picture(), 400),
        ("image/png", picture(), 400),
        ("application/json", b"{}", 400),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nno headers\r\n--b--\r\n", 422),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\ntext\xff\r\n--b--\r\n',
            422,
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\nx\r\n--b--\r\n',
            422,
        ),
        ("multipart/form-data; boundary=b", b"--b\r\nA: b\r\n\r\n\r\n" * 200 + b"--b--\r\n", 400),
    ],
)
async def test_a_form_without_the_file_is_refused(
    shop: ShopClient, content_type: str, body: bytes, status: int
) -> None:
    answer = await shop.call("POST", "/images/logo", content=body, headers={"Content-Type": content_type})

    assert answer.status_code == status
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "name",
    ["a" * 43 + ".png", "nope", "..%2F..%2Fsecret.key", "%00.png", "a" * 43 + ".svg", "%ff"],
)
async def test_an_unknown_address_is_not_found(karla: Karla, name: str) -> None:
    answer = await karla.http.get(f"/images/{name}")

    assert answer.status_code == 404


async def test_an_image_that_the_store_has_lost_is_not_found(karla: Karla, shop: ShopClient, objects: Path) -> None:
    url = await uploaded(shop, picture())
    (objects / url.rpartition("/")[2]).unlink()

    answer = await karla.http.get(url)
    assert (answer.status_code, answer.json()["key"]) == (404, "image_not_found")


async def test_images_of_a_deleted_shop_are_gone(karla: Karla) -> None:
    shop = await karla.shop(Role.ADMIN, whole_organisation=True)
    url = await uploaded(shop, picture())
    assert (await shop.delete("")).status_code == 204

    assert (await karla.http.get(url)).status_code == 404


async def test_nothing_is_left_of_an_upload_that_could_not_be_entered(
    karla: Karla, shop: ShopClient, objects: Path
) -> None:
    await uploaded(shop, picture())
    before = kept(objects)
    request = httpx.Request("POST", "http://karla.test", files={"image": ("a.bin", picture())})

    async def body_of_a_shop_that_goes_meanwhile() -> AsyncIterator[bytes]:
        await karla.services.db.write(
            NOWHERE, lambda work: work.connection.execute("delete from shops where id = $1", shop.shop.id)
        )
        yield request.read()

    answer = await shop.call(
        "POST",
        "/images/logo",
        content=body_of_a_shop_that_goes_meanwhile(),
        headers={"content-type": request.headers["content-type"]},
    )

    assert (answer.status_code, answer.json()["key"]) == (404, "shop_not_found")
    assert kept(objects) == before


async def test_viewers_do_not_upload(karla: Karla) -> None:
    viewer = await karla.shop(Role.VIEWER)

    assert (await upload(viewer, picture())).status_code == 403
