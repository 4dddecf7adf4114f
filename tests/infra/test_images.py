"""Images come out as they look, and as nothing but that."""

import io
from typing import Any

import pytest
from PIL import Image, ImageCms

from karla.infra.images import MAX_FRAMES, ImageInvalid, clean


def written(image: Image.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def moving_square(frames: int = 4) -> list[Image.Image]:
    made = [Image.new("RGBA", (30, 30), (0, 0, 0, 0)) for _ in range(frames)]
    for number, frame in enumerate(made):
        frame.paste((255, 0, 0, 255), (number * 5, 0, number * 5 + 5, 10))
    return made


@pytest.mark.parametrize(
    ("name", "options"),
    [("GIF", {"disposal": 2, "comment": b"Secret"}), ("WEBP", {"lossless": True, "xmp": b"Secret"}), ("PNG", {})],
)
def test_each_frame_of_an_animation_looks_the_same(name: str, options: dict[str, Any]) -> None:
    first, *rest = moving_square()
    given = written(first, name, save_all=True, append_images=rest, duration=[100, 200, 300, 400], loop=0, **options)

    made = clean(given).content

    assert b"Secret" not in made
    before, after = opened(given), opened(made)
    for number in range(4):
        before.seek(number)
        after.seek(number)
        assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()
        assert after.info["duration"] == (number + 1) * 100
    assert after.info["loop"] == 0


def test_an_animation_has_its_bounds() -> None:
    frames = [Image.new("L", (2, 2), number % 256) for number in range(MAX_FRAMES + 1)]
    with pytest.raises(ImageInvalid, match="frames"):
        clean(written(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    large = [Image.new("L", (4000, 4000), shade) for shade in (0, 100, 200)]
    with pytest.raises(ImageInvalid, match="million pixels"):
        clean(written(large[0], "GIF", save_all=True, append_images=large[1:]))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_is_turned_upright(name: str, orientation: int) -> None:
    upright = Image.new("RGB", (64, 32), "red")
    upright.paste("blue", (0, 0, 32, 32))
    turns = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turn = turns[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation

    made = clean(written(upright.transpose(turn) if turn is not None else upright, name, exif=exif))

    image = opened(made.content).convert("RGB")
    assert (made.width, made.height) == image.size == (64, 32)
    left = image.crop((4, 4, 28, 28)).resize((1, 1)).tobytes()
    assert [channel > 200 for channel in left] == [False, False, True]
    assert not image.getexif()


def test_colours_of_another_profile_become_those_of_the_web() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = opened(clean(written(Image.new("RGB", (8, 8), (200, 100, 50)), "PNG", icc_profile=srgb)).content)

    assert "icc_profile" not in made.info
    assert made.getpixel((0, 0)) == (200, 100, 50)
    assert opened(clean(written(Image.new("CMYK", (8, 8)), "JPEG")).content).mode == "RGB"


def test_transparency_stays() -> None:
    palette = Image.new("P", (4, 4))
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.putpixel((1, 1), 1)
    for name in ("PNG", "GIF"):
        made = opened(clean(written(palette, name, transparency=0)).content).convert("RGBA")
        assert made.getpixel((0, 0)) == (0, 0, 0, 0)
        assert made.getpixel((1, 1)) == (255, 0, 0, 255)


def test_a_photo_with_previews_beside_it_is_the_photo() -> None:
    photo = Image.new("RGB", (40, 40), "red")
    several = written(photo, "MPO", save_all=True, append_images=[Image.new("RGB", (20, 20), "blue")])
    assert opened(several).format == "MPO"

    made = clean(several)

    assert (made.content_type, made.extension, made.width) == ("image/jpeg", "jpg", 40)
    assert opened(made.content).format == "JPEG"


def test_an_orientation_that_cannot_be_read_is_none() -> None:
    assert clean(written(Image.new("RGB", (8, 4)), "JPEG", exif=b"Exif\0\0garbage!!")).width == 8
