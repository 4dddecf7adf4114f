"""Pictures of the tracking page in docs/images: the six orders that `karla demo` ends with, through a real Chromium."""

import asyncio
import io
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.async_api import Browser

from tests.support.browser import DESKTOP, PHONE, Look, chromium_running, visiting, with_look
from tests.support.chromium import NoBrowser

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
LARGEST = 150 * 1024

LOOKS = {
    "phone-light": with_look(PHONE, scale=2),
    "phone-dark": with_look(PHONE, scale=2, colours="dark"),
    "desktop-light": DESKTOP,
    "desktop-dark": with_look(DESKTOP, colours="dark"),
}
PICTURES = (
    ("placed", "phone-light"),
    ("on_the_way", "phone-light"),
    ("out_for_delivery", "phone-light"),
    ("out_for_delivery", "phone-dark"),
    ("out_for_delivery", "desktop-light"),
    ("out_for_delivery", "desktop-dark"),
    ("waiting", "phone-light"),
    ("waiting", "phone-dark"),
    ("delivered", "phone-light"),
    ("delivered", "desktop-light"),
    ("delayed", "phone-light"),
)
TOGETHER = (("out_for_delivery", "phone-light"), ("waiting", "phone-dark"), ("delivered", "phone-light"))

_LINK = re.compile(r"^  \d+  (?P<state>[a-z ]+)\n +(?P<url>http\S+)$", re.MULTILINE)
_STAYS = "Ctrl-C ends it"
_COLOURS = 256
_GAP, _CORNER, _GROUND = 48, 44, "#eceae5"


async def main() -> int:
    """Write them all; 1 if one is too large."""
    FOLDER.mkdir(exist_ok=True)
    made: dict[tuple[str, str], Image.Image] = {}
    async with _links() as links, chromium_running() as browser:
        for state, look in PICTURES:
            made[state, look] = await _picture(browser, links[state], LOOKS[look])
    sizes = {
        f"tracking-page-{state.replace('_', '-')}-{look}": _written(
            f"tracking-page-{state.replace('_', '-')}-{look}", image
        )
        for (state, look), image in made.items()
    }
    sizes["tracking-page"] = _written("tracking-page", _beside([made[one] for one in TOGETHER]))
    for name, size in sizes.items():
        print(f"docs/images/{name}.png  {size / 1024:.0f} KB" + ("  TOO LARGE" if size > LARGEST else ""))
    return int(any(size > LARGEST for size in sizes.values()))


@asynccontextmanager
async def _links() -> AsyncIterator[Mapping[str, str]]:
    """The demo's links by state, while it runs."""
    print("Playing the demo …")
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "karla", "demo", "--stay", stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        told = ""
        assert demo.stdout is not None, "it is a pipe"  # noqa: S101
        while line := await demo.stdout.readline():
            told += line.decode()
            if _STAYS in told:
                break
        else:
            sys.exit(f"The demo failed:\n{told[-3000:]}")
        yield {found["state"].replace(" ", "_"): found["url"] for found in _LINK.finditer(told)}
    finally:
        if demo.returncode is None:
            demo.send_signal(signal.SIGINT)
            await demo.wait()


async def _picture(browser: Browser, url: str, look: Look) -> Image.Image:
    async with visiting(browser, look) as visit:
        await visit.page.goto(url)
        await visit.settled()
        return Image.open(io.BytesIO(await visit.page.screenshot())).convert("RGB")


def _written(name: str, image: Image.Image) -> int:
    """In few colours, which is what keeps it small; its bytes."""
    path = FOLDER / f"{name}.png"
    image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    return path.stat().st_size


def _beside(images: Sequence[Image.Image]) -> Image.Image:
    """Side by side, each in rounded corners and at half of its size."""
    phones = [image.resize((image.width * 5 // 8, image.height * 5 // 8), Image.Resampling.LANCZOS) for image in images]
    width = sum(phone.width for phone in phones) + _GAP * (len(phones) + 1)
    ground = Image.new("RGB", (width, phones[0].height + 2 * _GAP), _GROUND)
    left = _GAP
    for phone in phones:
        mask = Image.new("L", phone.size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, *phone.size), _CORNER, fill=255)
        ground.paste(phone, (left, _GAP), mask)
        left += phone.width + _GAP
    return ground


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except NoBrowser as reason:
        sys.exit(str(reason))
