"""A shop's own web pages, of another origin than Karla's, with the tracking page in them as the guide has it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from playwright.async_api import Locator, Page, expect

from docs.guides.samples.embed.serve import Shop, server_of
from tests.browser.shop import ZIP_CODE, TrackedShop

# What moved without the shopper's doing, as the measure CLS has it.
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    if (!one.hadRecentInput) shifts.push([one.value, ...one.sources.map(({ node }) => node && node.nodeName)]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""


class Embedder:
    """A shop of Karla's and its web server; as `127.0.0.1` it may embed, by other names it may not."""

    def __init__(self, shop: TrackedShop, karla: str, port: int) -> None:
        self.shop = shop
        self.karla = karla
        self.port = port

    def page(self, name: str, number: str, zip_code: str = ZIP_CODE, host: str = "127.0.0.1") -> str:
        """The address of one of the guide's pages, for this order."""
        query = urlencode({"order_number": number, "zip_code": zip_code})
        return f"http://{host}:{self.port}/{name}?{query}"

    async def allow(self) -> None:
        """Say in the settings who may embed."""
        page = {"embedding": {"origins": [f"http://127.0.0.1:{self.port}"]}}
        await self.shop.told("PUT", "/settings/trackpages", {"version": 1, "data": page})


@contextmanager
def hosting(karla: str, slug: str) -> Iterator[int]:
    """The shop's web server, by its port."""
    server = server_of(Shop(karla=karla, shop=slug, order_number="", zip_code=ZIP_CODE))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def tracking(page: Page) -> Locator:
    """The element that shows an order."""
    return page.locator("karla-tracking")


async def told(page: Page, *lines: str) -> None:
    """The page has heard these of its elements, in this order, and nothing else."""
    await expect(page.locator("#log li")).to_have_text(list(lines))


async def styles(page: Page, selector: str, *names: str) -> list[str]:
    """How something within the element is drawn."""
    computed = """(element, [selector, names]) => {
        const style = getComputedStyle(element.shadowRoot.querySelector(selector));
        return Array.from(names, (name) => style[name]);
    }"""
    found: list[str] = await tracking(page).evaluate(computed, [selector, list(names)])
    return found


async def is_steady(page: Page) -> bool:
    """Whether nothing has moved by itself since the page began; what did is in the error of the assertion."""
    shifts = await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(shifts))))")
    assert shifts == [], "these moved"
    return True
