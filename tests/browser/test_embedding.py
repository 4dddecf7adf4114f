"""What shoppers see of Karla within a shop's own pages, and what those pages may do to it.

The pages are those of the guide, with the policy that the guide asks for and of another origin.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from karla.entrypoints.sdk.files import SOURCE, current
from tests.browser.hosting import WATCH_SHIFTS, Embedder, hosting, is_steady, styles, told, tracking
from tests.browser.shop import IN_A_LOCKER, ON_THE_WAY, ZIP_CODE, a_shop
from tests.support.browser import DESKTOP, PHONE, Look, Visit, visiting, with_look
from tests.support.karla import Karla

Embed = Callable[..., Awaitable[Visit]]

ON_ITS_WAY, AT_THE_LOCKER = "E-1", "E-2"
HEADLINE = re.compile("on its way", re.IGNORECASE)
CANCELLED = re.compile("cancelled", re.IGNORECASE)
ELSEWHERE = "elsewhere.test"


@pytest_asyncio.fixture(scope="module")
async def embedder(karla: Karla, address: str) -> AsyncIterator[Embedder]:
    async with a_shop(karla, address) as shop:
        with hosting(address, shop.slug) as port:
            made = Embedder(shop, address, port)
            await made.allow()
            await shop.order(ON_ITS_WAY, ON_THE_WAY)
            await shop.order(AT_THE_LOCKER, IN_A_LOCKER)
            yield made


@pytest_asyncio.fixture
async def embed(browser: Browser, embedder: Embedder) -> AsyncIterator[Embed]:
    """Opens a page of the shop's; `prepare` is done before."""
    async with AsyncExitStack() as stack:

        async def opened(
            name: str,
            number: str = ON_ITS_WAY,
            zip_code: str = ZIP_CODE,
            *,
            host: str = "127.0.0.1",
            look: Look = PHONE,
            prepare: Callable[[Visit], Awaitable[object]] | None = None,
        ) -> Visit:
            visit = await stack.enter_async_context(visiting(browser, look))
            await visit.page.add_init_script(WATCH_SHIFTS)
            if prepare:
                await prepare(visit)
            await visit.page.goto(embedder.page(name, number, zip_code, host))
            return visit

        yield opened


def hosts(embedder: Embedder) -> tuple[str, str]:
    return f"127.0.0.1:{embedder.port}", embedder.karla.removeprefix("http://")


@pytest.mark.parametrize("look", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_sees_the_order_in_the_shops_page_under_a_strict_policy(
    embed: Embed, embedder: Embedder, look: Look
) -> None:
    visit = await embed("element.html", look=look)
    page = visit.page
    await expect(tracking(page).get_by_role("heading", name=HEADLINE)).to_be_visible()
    await told(page, "ready on_the_way", "order-loaded on_the_way")
    assert (await tracking(page).evaluate("element => element.order.order_number")) == ON_ITS_WAY
    assert await is_steady(page)
    assert visit.complaints == []
    assert visit.elsewhere(*hosts(embedder)) == []
    assert await visit.context.cookies() == []
    assert await page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
    script = page.locator("script[integrity]")
    assert f"/sdk/{current()}/" in str(await script.get_attribute("src"))
    await visit.keep(f"embedded-{'phone' if look.mobile else 'desktop'}")


async def test_nothing_moves_on_a_slow_line(embed: Embed) -> None:
    async def slow(visit: Visit) -> None:
        line = await visit.context.new_cdp_session(visit.page)
        limits = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}
        await line.send("Network.enable")
        await line.send("Network.emulateNetworkConditions", limits)

    visit = await embed("element.html", look=DESKTOP, prepare=slow)
    await expect(tracking(visit.page).get_by_role("heading", name=HEADLINE)).to_be_visible()
    await expect(visit.page.get_by_text("Below the element")).to_be_attached()
    assert await is_steady(visit.page)


async def test_loud_styles_and_old_libraries_change_nothing_of_it(embed: Embed) -> None:
    names = (
        "color",
        "fontSize",
        "fontFamily",
        "letterSpacing",
        "textTransform",
        "direction",
        "lineHeight",
        "whiteSpace",
    )
    calm, loud = await embed("element.html"), await embed("old.html")
    for visit in (calm, loud):
        await expect(tracking(visit.page).get_by_role("heading", name=HEADLINE)).to_be_visible()
    for selector in ("h2", "p", "section", "a", "li"):
        assert await styles(loud.page, selector, *names) == await styles(calm.page, selector, *names), selector
    await told(loud.page, "ready on_the_way", "order-loaded on_the_way")
    assert await loud.page.evaluate("Karla.version") == current()
    assert loud.complaints == []
    await loud.keep("embedded-in-an-old-page")


async def test_reads_it_in_the_dark_only_where_the_shops_page_is_dark(embed: Embed) -> None:
    async def dark_page(visit: Visit) -> None:
        scheme = "document.documentElement.style.colorScheme = 'light dark'"
        await visit.page.add_init_script(
            f"document.addEventListener('readystatechange', () => {{ {scheme} }}, {{once: true}})"
        )

    in_the_dark = with_look(PHONE, colours="dark")
    day, night = await embed("element.html"), await embed("element.html", look=in_the_dark)
    heeding = await embed("element.html", look=in_the_dark, prepare=dark_page)
    for visit in (day, night, heeding):
        await expect(tracking(visit.page).get_by_role("heading", name=HEADLINE)).to_be_visible()
    colours = [await styles(visit.page, ".sdk-box", "backgroundColor") for visit in (day, night, heeding)]
    assert colours[0] == colours[1] != colours[2]


async def test_is_told_in_the_element_that_the_zip_code_is_wrong_and_mends_it(embed: Embed) -> None:
    visit = await embed("element.html", zip_code="99999")
    page, element = visit.page, tracking(visit.page)
    await expect(element.get_by_role("alert")).to_be_visible()
    await expect(element.get_by_label("Order number")).to_have_value(ON_ITS_WAY)
    await told(page, "ready", "error order_not_found")
    assert await element.evaluate("element => element.order") is None
    await element.get_by_label("ZIP code").fill(ZIP_CODE)
    await element.get_by_role("button", name="Find my parcel").click()
    await expect(element.get_by_role("heading", name=HEADLINE)).to_be_focused()
    await told(page, "ready", "error order_not_found", "order-loaded on_the_way")
    await expect(element.get_by_role("alert")).to_have_count(0)


async def test_finds_the_order_by_the_finder_beside_the_element(embed: Embed) -> None:
    visit = await embed("finder.html", look=DESKTOP)
    page, finder = visit.page, visit.page.locator("karla-order-finder")
    await finder.get_by_label("Order number").fill(ON_ITS_WAY)
    await finder.get_by_label("ZIP code").fill("00000")
    await finder.get_by_role("button", name="Find my parcel").click()
    await expect(finder.get_by_role("alert")).to_be_visible()
    await expect(tracking(page)).to_be_hidden()
    await finder.get_by_label("ZIP code").fill(ZIP_CODE)
    await page.keyboard.press("Enter")
    await expect(tracking(page).get_by_role("heading", name=HEADLINE)).to_be_focused()
    assert await tracking(page).evaluate("element => element.order.order_number") == ON_ITS_WAY
    await expect(finder.get_by_label("Order number")).to_be_visible()


async def test_sees_news_without_reloading_and_keeps_what_is_open(embed: Embed, embedder: Embedder) -> None:
    order = await embedder.shop.order("E-3", ON_THE_WAY)
    visit = await embed("element.html", "E-3")
    page, element = visit.page, tracking(visit.page)
    await expect(element.get_by_role("heading", name=HEADLINE)).to_be_visible()
    await element.get_by_label("Show the carrier’s own words").check()
    await embedder.shop.scanned(order, "OUT_FOR_DELIVERY", phase="in_delivery")
    await expect(element.get_by_text("Out for delivery").first).to_be_visible()
    await expect(page.locator("#log li").last).to_have_text(re.compile("^event .+"))
    await expect(element.get_by_label("Show the carrier’s own words")).to_be_checked()
    await expect(element.get_by_label("Show the carrier’s own words")).to_be_focused()
    assert visit.complaints == []


async def test_hears_of_news_each_minute_where_no_stream_is_let_through(embed: Embed, embedder: Embedder) -> None:
    async def cut(visit: Visit) -> None:
        await visit.page.clock.install()
        await visit.page.route("**/order/live", lambda route: route.abort())

    order = await embedder.shop.order("E-4", ON_THE_WAY)
    visit = await embed("element.html", "E-4", prepare=cut)
    element = tracking(visit.page)
    await expect(element.get_by_role("heading", name=HEADLINE)).to_be_visible()
    await embedder.shop.scanned(order, "OUT_FOR_DELIVERY", phase="in_delivery")
    log = visit.page.locator("#log li")
    for shown in (2, 3):
        async with visit.page.expect_response("**/embed"):
            await visit.page.clock.run_for(61_000)
        await expect(log.filter(has_text="order-loaded")).to_have_count(shown)
        # A server that took seconds for it has shown what it knew last; then the page asks again.
        if (await log.last.inner_text()).startswith("event "):
            break
    await expect(log.last).to_have_text(re.compile("^event .+"))


async def test_is_led_to_karlas_page_where_the_shops_origin_is_not_allowed(embed: Embed, embedder: Embedder) -> None:
    visit = await embed("element.html", host=ELSEWHERE)
    element = tracking(visit.page)
    await expect(element.get_by_role("alert")).to_contain_text("can’t be shown here")
    link = element.get_by_role("link", name="Open the tracking page")
    wanted = f"{embedder.karla}/track/{embedder.shop.slug}?orderNumber={ON_ITS_WAY}&zipCode={ZIP_CODE}&lang=en"
    assert await link.get_attribute("href") == wanted
    await told(visit.page, "error unreachable")
    async with visit.context.expect_page() as opening:
        await link.click()
    hosted = await opening.value
    await expect(hosted.get_by_role("heading", name=HEADLINE)).to_be_visible()
    assert await hosted.evaluate("[window.opener, document.referrer]") == [None, ""]


async def test_is_led_to_karlas_page_where_the_shops_policy_lets_no_html_in(embed: Embed) -> None:
    async def forbid(visit: Visit) -> None:
        # As browsers answer where the policy doesn't list `karla-sdk`.
        refused = "trustedTypes.createPolicy = () => { throw new TypeError('disallowed') }"
        await visit.page.add_init_script(refused)

    visit = await embed("element.html", prepare=forbid)
    await expect(tracking(visit.page).get_by_role("link", name="Open the tracking page")).to_be_visible()
    await told(visit.page, "error not_shown")


async def test_cancels_on_karlas_page(embed: Embed, embedder: Embedder) -> None:
    await embedder.shop.order("E-5")
    token = (await embedder.shop.link("E-5")).partition("token=")[2]
    visit = await embed("element.html")
    element = tracking(visit.page)
    await expect(element.get_by_role("heading", name=HEADLINE)).to_be_visible()
    level = "(element, token) => element.open({token}).then((order) => order.level)"
    assert await element.evaluate(level, token) == "token"
    await element.get_by_text("Cancel the order", exact=True).click()
    async with visit.context.expect_page() as opening:
        await element.get_by_role("button", name="Yes, cancel the order").click()
    hosted = await opening.value
    await hosted.get_by_role("button", name="Yes, cancel the order").click()
    await expect(hosted.get_by_role("heading", name=CANCELLED).first).to_be_visible()
    await visit.page.bring_to_front()
    await expect(element.get_by_role("heading", name=CANCELLED).first).to_be_visible()
    assert "action cancel" in await visit.page.locator("#log li").all_text_contents()


async def test_goes_nowhere_where_the_shop_does_itself_what_was_asked_for(embed: Embed) -> None:
    visit = await embed("element.html")
    element = tracking(visit.page)
    await expect(element.get_by_role("heading", name=HEADLINE)).to_be_visible()
    await element.evaluate("element => element.addEventListener('action', (event) => event.preventDefault())")
    await element.get_by_role("link", name="Follow at").click()
    await expect(visit.page.locator("#log li").last).to_have_text("action carrier_link")
    assert visit.context.pages == [visit.page]


async def test_copies_the_tracking_number(embed: Embed) -> None:
    visit = await embed("element.html")
    await visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await tracking(visit.page).get_by_role("button", name="Copy tracking number").click()
    await expect(tracking(visit.page).get_by_role("status")).to_have_text("Copied")
    assert await visit.page.evaluate("navigator.clipboard.readText()") == f"{ON_THE_WAY[0]}-{ON_ITS_WAY}"


async def test_what_is_counted_says_what_was_done_and_not_by_whom(embed: Embed) -> None:
    told_of: list[str] = []

    async def listen(visit: Visit) -> None:
        visit.context.on("request", lambda one: told_of.append(one.post_data or "") if "/visits" in one.url else None)

    visit = await embed("element.html", prepare=listen)
    element = tracking(visit.page)
    await element.evaluate("element => element.addEventListener('action', (event) => event.preventDefault())")
    async with visit.page.expect_response(
        lambda one: "/visits" in one.url and "carrier_link" in str(one.request.post_data)
    ):
        await element.get_by_role("link", name="Follow at").click()
    kinds = [re.findall('"kind":"(\\w+)"', body) for body in told_of]
    assert kinds == [["opened"], ["engaged"], ["carrier_link"]]
    for body in told_of:
        assert json.loads(body).keys() == {"page", "visits", "session", "language"}
        assert ON_ITS_WAY not in body
        assert ZIP_CODE not in body


async def test_rests_while_nobody_looks(embed: Embed) -> None:
    visit = await embed("element.html")
    page = visit.page
    await expect(tracking(page).get_by_role("heading", name=HEADLINE)).to_be_visible()
    ending = page.wait_for_event("requestfailed", lambda one: one.url.endswith("/order/live"))
    hide = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s});"
    seen = "document.dispatchEvent(new Event('visibilitychange'))"
    waiting = asyncio.ensure_future(ending)
    await page.evaluate(hide % "true" + seen)
    await waiting
    async with page.expect_request("**/order/live"):
        await page.evaluate(hide % "false" + seen)


async def test_elements_follow_their_attributes_and_survive_being_moved(embed: Embed) -> None:
    visit = await embed("element.html")
    page, element = visit.page, tracking(visit.page)
    await expect(element.get_by_role("heading", name=HEADLINE)).to_be_visible()
    asked = len([url for url in visit.requests if url.endswith("/embed")])
    await page.evaluate("document.body.append(document.querySelector('karla-tracking'))")
    await expect(element.get_by_role("heading", name=HEADLINE)).to_be_visible()
    assert len([url for url in visit.requests if url.endswith("/embed")]) == asked
    async with page.expect_response("**/embed"):
        await element.evaluate("(element, number) => element.setAttribute('order-number', number)", AT_THE_LOCKER)
    await expect(element.get_by_text(AT_THE_LOCKER).first).to_be_visible()
    await element.evaluate("element => { element.lang = 'de'; element.remove(); document.body.append(element); }")
    await expect(element.locator("[lang=de]").first).to_be_visible()
    await element.evaluate("element => { element.setAttribute('lang', 'fr'); element.remove(); }")
    await page.evaluate(
        """(query) => {
            history.replaceState(null, "", query);
            const one = document.createElement("karla-tracking");
            one.setAttribute("from-url", "");
            document.body.append(one);
        }""",
        f"?orderNumber={ON_ITS_WAY}&zipCode={ZIP_CODE}",
    )
    await expect(tracking(page).get_by_role("heading", name=HEADLINE)).to_be_visible()
    assert visit.complaints == []


@pytest.mark.parametrize("name", ["iframe.html", "iframe-alone.html"])
async def test_a_frame_is_as_high_as_the_page_in_it_and_grows_with_it(embed: Embed, name: str) -> None:
    visit = await embed(name)
    frame, inner = visit.page.locator("iframe"), visit.page.frame_locator("iframe")
    await expect(inner.get_by_role("heading", name=HEADLINE)).to_be_visible()
    await expect(inner.locator("header")).to_have_count(0)
    height = "frame => Math.round(frame.getBoundingClientRect().height)"
    content = "() => Math.ceil(document.querySelector('.k').getBoundingClientRect().height)"

    async def fits() -> int:
        page = visit.page.frames[1]
        wanted = await page.evaluate(content)
        await expect(frame).to_have_css("height", f"{max(wanted, PHONE.height)}px")
        return int(await frame.evaluate(height))

    before = await fits()
    await visit.page.frames[1].evaluate(
        "document.querySelector('.k').append(Object.assign(document.createElement('p'), {style: 'height: 600px'}))"
    )
    await expect(frame).not_to_have_css("height", f"{before}px")
    assert await fits() >= before + 300
    assert visit.complaints == []


async def test_a_frame_stays_empty_where_the_shops_origin_is_not_allowed(embed: Embed) -> None:
    visit = await embed("iframe.html", host=ELSEWHERE)
    await expect(visit.page.get_by_role("heading", name="Your order")).to_be_visible()
    assert any("frame-ancestors" in complaint for complaint in visit.complaints)


async def test_only_karla_sets_the_height_of_its_frame(embed: Embed) -> None:
    visit = await embed("iframe.html")
    await expect(visit.page.frame_locator("iframe").get_by_role("heading", name=HEADLINE)).to_be_visible()
    frame = visit.page.locator("iframe")
    before = await frame.evaluate("frame => frame.style.height")
    await visit.page.evaluate(
        """new Promise((done) => {
            addEventListener("message", () => setTimeout(done));
            postMessage({ type: "karla:height", height: 7777 });
        })"""
    )
    assert await frame.evaluate("frame => frame.style.height") == before


async def test_the_reduced_script_does_what_its_source_does(embed: Embed) -> None:
    async def from_source(visit: Visit) -> None:
        source = (SOURCE / "karla.js").read_text(encoding="utf-8").replace("{version}", current())
        await visit.page.route(
            "**/karla.min.js", lambda route: route.fulfill(body=source, content_type="text/javascript")
        )

    shown = []
    for prepare in (None, from_source):
        visit = await embed("old.html", AT_THE_LOCKER, prepare=prepare)
        await told(visit.page, "ready waiting", "order-loaded waiting")
        html = await tracking(visit.page).evaluate("element => element.shadowRoot.innerHTML")
        sheets = await tracking(visit.page).evaluate(
            """element => {
                const rules = (sheet) => Array.from(sheet.cssRules, (rule) => rule.cssText);
                return Array.from(element.shadowRoot.adoptedStyleSheets, rules);
            }"""
        )
        shown.append((html, sheets))
    assert shown[0] == shown[1]


async def test_the_element_is_open_to_everybody(embed: Embed) -> None:
    visit = await embed("element.html", look=DESKTOP)
    await expect(tracking(visit.page).get_by_role("heading", name=HEADLINE)).to_be_visible()
    # Its headline is the page's second of the first level: that is for the shop's page to arrange.
    assert [
        one for one in await visit.violations() if not one.startswith(("landmark", "region", "page-has", "heading"))
    ] == []
