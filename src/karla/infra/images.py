"""Images from strangers: verified by content, turned upright, and written anew without metadata."""

import asyncio
import contextlib
import io
import re
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from PIL import Image, ImageCms, ImageOps, ImageSequence, UnidentifiedImageError

MAX_PIXELS = 40_000_000
"""Of all frames together: what a decoder has to hold in memory."""
MAX_FRAMES = 1000
MAX_SCANS = 50
"""Of a JPEG, which is drawn over once for each: a camera's has one, a progressive one about ten."""

_FORMATS = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
}
# The start of a scan, with the lengths that it can have.
_SCAN = re.compile(rb"\xff\xda\x00[\x08\x0a\x0c\x0e][\x01-\x04]")
_SRGB = ImageCms.createProfile("sRGB")

# Decoding takes up to some hundred megabytes an image, so few are decoded at once.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="images")


class ImageInvalid(Exception):
    """The bytes are no image that we take; the message tells the uploader why."""


class CleanImage(msgspec.Struct, frozen=True):
    """An image that holds nothing but its pixels."""

    content: bytes
    content_type: str
    extension: str
    width: int
    height: int


async def cleaned(content: bytes) -> CleanImage:
    """`clean` in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, clean, content)


def clean(content: bytes) -> CleanImage:
    """The image in `content`, in its own format; ImageInvalid for anything else."""
    lossless = b"VP8L" in content and b"VP8 " not in content
    return _read(content, lambda image: _rewritten(image, lossless=lossless))


async def thumbnail(content: bytes, side: int) -> CleanImage:
    """`shrunk` in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, shrunk, content, side)


def shrunk(content: bytes, side: int) -> CleanImage:
    """The image in `content` as a WebP that fits into a square of `side` pixels; ImageInvalid.

    Of an animation it is the first frame. A smaller image keeps its size.
    """
    return _read(content, lambda image: _shrunk(image, side))


def _read(content: bytes, draw: Callable[[Image.Image], CleanImage]) -> CleanImage:
    # Nobody else's image is decoded meanwhile: 200 KB of scans of nothing take minutes.
    if content.startswith(b"\xff\xd8") and len(_SCAN.findall(content)) > MAX_SCANS:
        raise ImageInvalid(f"Must have at most {MAX_SCANS} scans")
    try:
        with Image.open(io.BytesIO(content), formats=tuple(_FORMATS)) as image:
            return draw(image)
    except ImageInvalid:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except UnidentifiedImageError as error:
        raise ImageInvalid("Must be a PNG, JPEG, WebP or GIF image") from error
    except Exception as error:
        # Decoders raise whatever they trip over in broken bytes.
        raise ImageInvalid("The image is damaged") from error


def _rewritten(image: Image.Image, *, lossless: bool) -> CleanImage:
    # A JPEG with several pictures (MPO) is a photo and its previews: the first is the photo.
    name = "JPEG" if image.format == "MPO" else str(image.format)
    if image.width * image.height > MAX_PIXELS:
        raise _too_large()
    options: dict[str, Any] = {}
    if name != "JPEG" and getattr(image, "is_animated", False):
        frames, options = _animation(image)
    else:
        _turn_upright(image)
        frames = [_bare(image)]
    if name == "JPEG":
        options |= {"quality": 90, "optimize": True, "progressive": True}
    elif name == "WEBP":
        options |= {"lossless": True, "quality": 30} if lossless else {"quality": 90}
    written = io.BytesIO()
    frames[0].save(written, format=name, **options)
    return CleanImage(written.getvalue(), *_FORMATS[name], *frames[0].size)


def _shrunk(image: Image.Image, side: int) -> CleanImage:
    if image.width * image.height > MAX_PIXELS:
        raise _too_large()
    image.draft(None, (2 * side, 2 * side))  # a JPEG need not be decoded larger than that
    image.load()
    # Colours of a palette can't be mixed.
    small = image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode in ("P", "1") else image
    small.thumbnail((side, side), reducing_gap=3.0)
    _turn_upright(small)
    small = _bare(small)
    if small.mode not in ("RGB", "RGBA"):
        small = small.convert("RGBA" if small.has_transparency_data else "RGB")
    written = io.BytesIO()
    small.save(written, format="WEBP", quality=80, method=4)
    return CleanImage(written.getvalue(), *_FORMATS["WEBP"], *small.size)


def _animation(image: Image.Image) -> tuple[list[Image.Image], dict[str, Any]]:
    frames: list[Image.Image] = []
    durations: list[float] = []
    allowed = min(MAX_FRAMES, MAX_PIXELS // (image.width * image.height))
    for frame in ImageSequence.Iterator(image):
        if len(frames) == allowed:
            raise _too_large()
        frame.load()
        durations.append(frame.info.get("duration", 0))
        frames.append(_bare(frame))
    options: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": durations}
    if "loop" in image.info:
        options["loop"] = image.info["loop"]
    if image.format == "GIF":
        # Each frame is whole, so what was there before it goes: else transparent places would fill up.
        options["disposal"] = 2
    return frames, options


def _turn_upright(image: Image.Image) -> None:
    image.load()
    # An orientation that can't be read is none; the pixels are fine without it.
    with contextlib.suppress(SyntaxError, ValueError, LookupError, TypeError, OSError, struct.error, Warning):
        ImageOps.exif_transpose(image, in_place=True)


def _bare(frame: Image.Image) -> Image.Image:
    """A copy of the pixels, in sRGB, and of nothing that came beside them but what shows them right."""
    frame.load()
    profile = frame.info.get("icc_profile")
    bare = frame.copy()
    bare.info = {name: frame.info[name] for name in ("transparency",) if name in frame.info}
    if profile and bare.mode in ("RGB", "RGBA", "CMYK"):
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            mode = "RGBA" if bare.mode == "RGBA" else "RGB"
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(bare, given, _SRGB, outputMode=mode)
            if converted is not None:
                converted.info = bare.info
                bare = converted
    return bare.convert("RGB") if bare.mode == "CMYK" else bare


def _too_large() -> ImageInvalid:
    return ImageInvalid(
        f"Must have at most {MAX_PIXELS // 1_000_000} million pixels, all frames together, and {MAX_FRAMES} frames"
    )
