"""A shopper looks for a parcel: with what stands in the e-mail, with typing mistakes, by keyboard, without scripts."""

from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.shop import IN_A_LOCKER, ON_THE_WAY, ZIP_CODE, TrackedShop
from tests.support.browser import DESKTOP, PHONE, with_look


async def look_up(page: Page, number: str, zip_code: str) -> None:
    """As it is typed into the finder."""
    await page.get_by_label("Order number").fill(number)
    await page.get_by_label("ZIP code").fill(zip_code)
    await page.get_by_role("button", name="Find my parcel").click()


async def test_finds_the_parcel_with_number_and_zip(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40101", ON_THE_WAY)
    finder = await visit(shop.page())
    await expect(finder.page.get_by_role("heading", level=1)).to_have_text("Where is my parcel?")
    await finder.keep("finder")
    await look_up(finder.page, " #40101 ", "10 119")
    await expect(finder.page.get_by_text("Order 40101")).to_be_visible()
    await expect(finder.page.locator("[aria-current=step]")).to_contain_text("On the way")
    await expect(finder.page.get_by_text("SBX-A.3H.P.5H.TO.6H.T.9H.TV.9H.O.4H.D-40101")).to_be_visible()
    await finder.keep("on-the-way")


async def test_gets_nothing_with_a_wrong_zip_and_the_same_with_a_wrong_number(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40102", ON_THE_WAY)
    answers = []
    for number, zip_code in (("40102", "80331"), ("40199", ZIP_CODE)):
        finder = await visit(shop.page())
        await look_up(finder.page, number, zip_code)
        problem = finder.page.get_by_role("alert")
        await expect(problem).to_have_text("We found no order with this number and ZIP code. Please check both.")
        assert await finder.page.get_by_label("Order number").input_value() == number
        shown = (await finder.page.locator("main").inner_text()).replace(number, "…")
        assert "Berlin" not in shown
        answers.append(shown)
    assert answers[0] == answers[1]
    await finder.keep("nothing-found")


async def test_finds_the_parcel_by_keyboard_alone(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40103", IN_A_LOCKER)
    opened = await visit(shop.page(), DESKTOP)
    keyboard = opened.page.keyboard
    await keyboard.press("Tab")
    await expect(opened.page.get_by_role("link", name="Skip to content")).to_be_focused()
    await keyboard.press("Enter")
    await keyboard.press("Tab")
    await expect(opened.page.get_by_label("Order number")).to_be_focused()
    await keyboard.type("40103")
    await keyboard.press("Tab")
    await keyboard.type(ZIP_CODE)
    await keyboard.press("Enter")
    await expect(opened.page.get_by_text("Order 40103")).to_be_visible()
    reached = await reached_by_tab(opened.page)
    assert all(seen for _, seen in reached), [name for name, seen in reached if not seen]
    fold = opened.page.locator("summary").first
    await fold.focus()
    before = await fold.evaluate("one => one.parentElement.open")
    await keyboard.press("Enter")
    assert await fold.evaluate("one => one.parentElement.open") is not before


async def reached_by_tab(page: Page) -> list[tuple[str, bool]]:
    """Everything that can be operated, in the order of the tab key, and whether one sees that it has the focus."""
    everything = page.locator("main :is(a[href], button, input, select, summary):visible")
    await page.locator("main").focus()
    found: list[tuple[str, bool]] = []
    for _ in range(await everything.count()):
        await page.keyboard.press("Tab")
        name, seen = await page.evaluate(
            """() => {
                const one = document.activeElement, style = getComputedStyle(one);
                const box = one.getBoundingClientRect();
                const within = box.bottom > 0 && box.top < innerHeight;
                const marked = style.outlineStyle !== 'none' && one.matches(':focus-visible');
                return [one.outerHTML.slice(0, 200), within && marked];
            }"""
        )
        found.append((name, seen))
    assert len({name for name, _ in found}) > 2
    return found


async def test_finds_the_parcel_without_scripts(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40104", IN_A_LOCKER)
    finder = await visit(shop.page(), with_look(PHONE, script=False))
    await look_up(finder.page, "40104", ZIP_CODE)
    await expect(finder.page.get_by_text("Order 40104")).to_be_visible()
    await expect(finder.page.get_by_text("Kept for you until")).to_be_visible()
    await finder.page.get_by_text("Opening hours").click()
    await expect(finder.page.locator(".k-place details li").first).to_be_visible()
    await finder.page.get_by_label("Show the carrier’s own words").check()
    await expect(finder.page.locator(".k-raw").first).to_be_visible()
    assert not [url for url in finder.requests if "/sdk/" in url]
    await finder.keep("without-scripts")


async def test_a_link_that_was_changed_leads_to_the_finder(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40105", ON_THE_WAY)
    link = await shop.link("40105")
    opened = await visit(f"{link[:-6]}AAAAAA")
    await expect(opened.page.get_by_role("alert")).to_contain_text("This link doesn’t work any more")
    await expect(opened.page.get_by_label("ZIP code")).to_be_visible()
