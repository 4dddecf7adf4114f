"""Chromium as shoppers use it: driven by playwright, and listened to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

from tests.support.chromium import chromium

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts" / "screenshots"
# Nobody outside this machine is ever reached; names ending in .test are servers on loopback.
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_PATIENCE_MS = 10_000
_AXE = files("axe_playwright_python") / "axe.min.js"
_PICTURES_ARE_THERE = """
    () => [...document.images].every(
        image => image.complete || (image.loading === 'lazy' && image.getBoundingClientRect().top > innerHeight))
"""
_AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Through what a page is looked at; sizes in CSS pixels."""

    width: int = 390
    height: int = 844
    mobile: bool = True
    scale: float = 1
    colours: Literal["light", "dark"] = "light"
    forced_colours: bool = False
    script: bool = True
    language: str = "en-GB"
    time_zone: str = "Europe/Berlin"
    reduced_motion: bool = True

    @property
    def options(self) -> dict[str, Any]:
        """What a browser's context is made with."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "is_mobile": self.mobile,
            "has_touch": self.mobile,
            "device_scale_factor": self.scale,
            "color_scheme": self.colours,
            "forced_colors": "active" if self.forced_colours else "none",
            "reduced_motion": "reduce" if self.reduced_motion else "no-preference",
            "java_script_enabled": self.script,
            "locale": self.language,
            "timezone_id": self.time_zone,
        }


PHONE = Look()
DESKTOP = Look(width=1280, height=900, mobile=False)


def with_look(look: Look, **changes: Any) -> Look:
    """The same but for some members."""
    return msgspec.structs.replace(look, **changes)


class Visit:
    """One browser context with a page, and what was seen of it from outside.

    `complaints` are errors of its console, policies that it broke among them; `requests` all addresses it asked for.
    """

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        context.on("request", self._on_request)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def elsewhere(self, *hosts: str) -> list[str]:
        """The requests that went to none of these hosts."""
        return [url for url in self.requests if urlsplit(url).netloc not in (*hosts, "")]

    async def settled(self) -> None:
        """Wait until the pictures in sight are there; needs a page with scripts."""
        await self.page.wait_for_function(_PICTURES_ARE_THERE)

    async def keep(self, name: str, *, whole: bool = True) -> Path:
        """Keep a picture of the page among the artefacts."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        kept = ARTIFACTS / f"{name}.png"
        await self.page.screenshot(path=kept, full_page=whole)
        return kept

    async def violations(self) -> list[str]:
        """What axe finds wrong, a line a rule, with the elements."""
        # Handed over by the debugger's protocol, so the page's policy on scripts stays as it is.
        await self.page.evaluate(_axe())
        found = await self.page.evaluate(
            "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", list(_AXE_TAGS)
        )
        return [f"{one['id']}: {one['help']}: {_places(one['nodes'])}" for one in found["violations"]]

    def _on_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _on_console(self, message: ConsoleMessage) -> None:
        # A page that says 404 has been found all the same: that the browser notes it is no fault of the page's.
        its_own_status = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type in ("error", "warning") and not its_own_status:
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")


def _places(nodes: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{' '.join(map(str, node['target']))} [{node['html'][:120]}]" for node in nodes[:4])


@cache
def _axe() -> str:
    return _AXE.read_text(encoding="utf-8")


@asynccontextmanager
async def chromium_running() -> AsyncIterator[Browser]:
    """A browser without a window; NoBrowser."""
    program = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(browser: Browser, look: Look = PHONE) -> AsyncIterator[Visit]:
    """An empty page; nothing is remembered of other visits."""
    context = await browser.new_context(**look.options)
    context.set_default_timeout(_PATIENCE_MS)
    try:
        yield Visit(context, await context.new_page())
    finally:
        await context.close()
