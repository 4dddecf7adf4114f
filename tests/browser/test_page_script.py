"""What `page.js` does for a shopper: news without reloading, copying, the beacon, the height of a frame."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser, Error, Page, Route, expect

from karla.entrypoints.storefront import rendering, views
from karla.entrypoints.storefront.policy import Policy
from karla.entrypoints.storefront.views import Day, Live, OrderPage
from karla.entrypoints.storefront.views.orders import Actions
from tests.storefront import made_views as made
from tests.storefront.made_pages import FORM
from tests.support.browser import Visit, visiting

STATIC = Path(views.__file__).parents[1] / "static"
SHOP = "http://shop.test"
FIRST, SECOND = "2026-11-22T13:05:00+00:00", "2026-11-22T13:09:00+00:00"
MINUTE_MS = 60_000
AROUND = """
    <iframe src="/track/lamps"></iframe>
    <script>onmessage = event => document.title = JSON.stringify(event.data)</script>
"""
# A page that came by plain HTTP has no clipboard; of a beacon's body the browser tells nobody.
STAND_INS = """
    window.copied = []; window.told = [];
    Object.defineProperty(navigator, "clipboard", {value: {writeText: async text => copied.push(text)}});
    navigator.sendBeacon = (url, body) => body.text().then(text => told.push([url, JSON.parse(text)]));
"""


def live(updated_at: str) -> Live:
    return Live(stream_url="/live", fragment_url="/track/lamps?fragment=1", session="ses", updated_at=updated_at)


BEFORE = made.page(live=live(FIRST))
ARRIVED = [Day(heading=made.at("Today"), entries=[made.entry("Delivered", "13:37", "positive")]), *made.DAYS]
AFTER = made.page(
    made.order(
        state="delivered",
        headline="Your parcel was delivered",
        window=None,
        steps=made.steps("delivered", "done"),
        parcels=[made.parcel(situation="delivered", days=ARRIVED)],
    ),
    live=live(SECOND),
)


class Server:
    """Karla as the page sees it: documents, a stream and a fragment."""

    def __init__(self, shown: OrderPage, news: OrderPage) -> None:
        self.shown = shown
        self.news = news
        self.stream: tuple[int, str] = (200, f"event: changed\ndata: {json.dumps({'updated_at': SECOND})}\n\n")
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.followed = asyncio.Event()

    async def answer(self, route: Route) -> None:
        request = route.request
        path = request.url.removeprefix(SHOP)
        self.asked.append((path, request.headers.get("authorization")))
        if path == "/track/lamps":
            headers = {**self.headers, "Content-Type": "text/html"}
            return await route.fulfill(body=rendering.whole("en", self.shown), headers=headers)
        if path == "/track/lamps?fragment=1":
            return await route.fulfill(body=rendering.fragment("en", self.news), content_type="text/html")
        if path == "/live":
            self.followed.set()
            return await route.fulfill(status=self.stream[0], body=self.stream[1], content_type="text/event-stream")
        if path == "/around":
            return await route.fulfill(body=AROUND, content_type="text/html")
        name = path.rpartition("/")[2].partition("?")[0]
        file = STATIC / name
        return await route.fulfill(path=file) if file.exists() else await route.fulfill(status=404)

    def times(self, path: str) -> int:
        return [asked for asked, _ in self.asked].count(path)


@asynccontextmanager
async def opened(browser: Browser, server: Server, path: str = "/track/lamps") -> AsyncIterator[Visit]:
    async with visiting(browser) as visit:
        await visit.page.route(f"{SHOP}/**", server.answer)
        await visit.page.add_init_script(STAND_INS)
        await visit.page.clock.install()
        await visit.page.goto(SHOP + path)
        yield visit


async def entries(page: Page) -> list[str]:
    return await page.locator(".k-event").all_inner_texts()


async def test_news_appears_without_reloading_and_leaves_alone_what_the_shopper_opened(browser: Browser) -> None:
    server = Server(BEFORE, AFTER)
    server.stream = (503, "")
    async with opened(browser, server) as visit:
        page = visit.page
        await page.locator(".k-earlier summary").click()
        await page.get_by_label("Show the carrier’s own words").check()
        await page.locator("a[data-k-click=carrier_link]").focus()
        await page.clock.fast_forward(2 * MINUTE_MS)

        await expect(page.locator("h1")).to_have_text("Your parcel was delivered")
        assert (await entries(page))[:3] == ["DHL", "Delivered", "Out for delivery"]
        await expect(page.locator("[data-k-news]")).to_have_text("Your parcel was delivered. Delivered")
        assert await page.locator(".k-earlier").get_attribute("open") is not None
        await expect(page.get_by_label("Show the carrier’s own words")).to_be_checked()
        assert await page.evaluate("document.activeElement.dataset.kClick") == "carrier_link"
        assert server.times("/track/lamps") == 1


async def test_what_the_stream_tells_is_fetched_at_once_with_the_session_and_never_in_an_address(
    browser: Browser,
) -> None:
    server = Server(BEFORE, AFTER)
    async with opened(browser, server) as visit:
        await expect(visit.page.locator("h1")).to_have_text("Your parcel was delivered")

    assert ("/live", "Bearer ses") in server.asked
    assert ("/track/lamps?fragment=1", "Bearer ses") in server.asked
    assert not [path for path, _ in server.asked if "ses" in path]


async def test_news_appears_under_the_policy_of_pages(browser: Browser) -> None:
    server = Server(BEFORE, AFTER)
    server.headers = Policy(nonce=BEFORE.chrome.nonce).headers
    async with opened(browser, server) as visit:
        await expect(visit.page.locator("h1")).to_have_text("Your parcel was delivered")
        with pytest.raises(Error, match="TrustedHTML"):
            await visit.page.evaluate("document.body.innerHTML = '<p>'")


async def test_what_is_known_already_is_not_fetched_again(browser: Browser) -> None:
    server = Server(msgspec.structs.replace(BEFORE, live=live(SECOND)), AFTER)
    async with opened(browser, server) as visit, visit.page.expect_response(f"{SHOP}/live"):
        pass
    assert server.times("/track/lamps?fragment=1") == 0


async def test_an_address_that_is_being_typed_stays(browser: Browser) -> None:
    shown = made.page(made.order(actions=Actions(address=FORM)), live=live(FIRST))
    news = made.page(made.order(headline="News", actions=Actions(address_url="?change=address")), live=live(SECOND))
    server = Server(shown, news)
    server.stream = (503, "")
    async with opened(browser, server) as visit:
        await visit.page.get_by_label("Name").fill("Grace")
        await visit.page.clock.fast_forward(2 * MINUTE_MS)

        await expect(visit.page.locator("h1")).to_have_text("News")
        await expect(visit.page.get_by_label("Name")).to_have_value("Grace")


async def test_a_session_that_ended_stops_asking(browser: Browser) -> None:
    server = Server(BEFORE, AFTER)
    server.stream = (401, "")
    async with opened(browser, server) as visit:
        await asyncio.wait_for(server.followed.wait(), 10)
        await visit.page.clock.fast_forward(30 * MINUTE_MS)
        await expect(visit.page.locator("h1")).to_have_text("Your parcel is out for delivery")

    assert server.times("/live") == 1
    assert server.times("/track/lamps?fragment=1") == 0


async def test_the_number_is_copied_and_the_page_says_so(browser: Browser) -> None:
    async with opened(browser, Server(made.page(), AFTER)) as visit:
        page = visit.page
        await page.get_by_role("button", name="Copy tracking number").click()

        await expect(page.locator("[data-k-news]")).to_have_text("Copied")
        assert await page.evaluate("copied") == ["00340434161094042557"]


async def test_the_beacon_tells_of_opening_interest_and_clicks_at_once(browser: Browser) -> None:
    async with opened(browser, Server(made.page(), AFTER)) as visit:
        page = visit.page
        await page.evaluate("addEventListener('click', event => event.preventDefault())")
        await page.locator("a[data-k-click=carrier_link]").click()
        await page.clock.fast_forward(4000)
        await page.wait_for_function("told.length")
        told = await page.evaluate("told")

    assert [address for address, _ in told] == ["/v1/shops/lamps/storefront/visits"]
    body = told[0][1]
    assert (body["page"], body["language"]) == ("track", "en")
    assert [visit["kind"] for visit in body["visits"]] == ["opened", "engaged", "carrier_link"]
    assert body["visits"][2]["shipment_number"] == 1
    assert set(body) == {"page", "language", "visits"}


async def test_ten_seconds_in_sight_are_interest(browser: Browser) -> None:
    async with opened(browser, Server(made.page(), AFTER)) as visit:
        await visit.page.clock.run_for(5000)
        await visit.page.wait_for_function("told.length > 0")
        await visit.page.clock.run_for(10_000)
        # However many messages it comes in: the clock runs on by itself meanwhile.
        await visit.page.wait_for_function("told.flatMap(([, body]) => body.visits).length > 1")
        told = await visit.page.evaluate("told")

    assert [visit["kind"] for _, body in told for visit in body["visits"]] == ["opened", "engaged"]


async def test_a_frame_tells_its_height_to_the_window_around_it(browser: Browser) -> None:
    server = Server(made.page(frame=made.chrome(embedded=True)), AFTER)
    async with opened(browser, server, "/around") as visit:
        page = visit.page
        await page.wait_for_function("document.title.includes('karla:height')")
        told = json.loads(await page.title())

        height = await page.frames[1].evaluate("Math.ceil(document.querySelector('.k').getBoundingClientRect().height)")
        # Whoever begins to listen later asks for it.
        await page.evaluate("document.title = ''; frames[0].postMessage({type: 'karla:height'}, '*')")
        await page.wait_for_function("document.title.includes('karla:height')")
        again = json.loads(await page.title())
    assert told == again == {"type": "karla:height", "height": height}
