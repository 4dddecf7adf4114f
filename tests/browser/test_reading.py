"""A shopper reads the page: in another language and direction, enlarged, and while something is down."""

from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from playwright.async_api import Page, expect

from karla.infra.ports import free_port
from karla.infra.settings import Settings
from tests.browser.conftest import Open
from tests.browser.shop import ADDRESS, IN_A_LOCKER, ON_THE_WAY, OUT_FOR_DELIVERY, TrackedShop, a_shop
from tests.support.browser import DESKTOP, PHONE, Look, with_look
from tests.support.karla import running_karla
from tests.support.serving import served

STATES = ("placed", "out_for_delivery", "waiting", "delivered", "delayed", "partially_delivered", "cancelled")


async def test_reads_the_page_in_german(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40401", IN_A_LOCKER)
    link = await shop.link("40401")
    for address, look in ((link, with_look(PHONE, language="de-DE")), (f"{link}&lang=de", PHONE)):
        opened = await visit(address, look)
        await expect(opened.page.locator("html")).to_have_attribute("lang", "de-DE" if look is not PHONE else "de")
        await expect(opened.page.get_by_text("Bestellung 40401")).to_be_visible()
        text = await opened.page.locator("main").inner_text()
        for english in ("Ready", "Updates", "parcel", "Order number", "until"):
            assert english not in text, english
    await opened.keep("german")


async def test_reads_the_page_from_right_to_left(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40402", IN_A_LOCKER)
    for look in (PHONE, DESKTOP):
        opened = await visit(f"{await shop.link('40402')}&lang=ar-XB", look)
        await expect(opened.page.locator("html")).to_have_attribute("dir", "rtl")
        steps = opened.page.locator(".k-steps li")
        first, last = await steps.first.bounding_box(), await steps.last.bounding_box()
        assert first is not None
        assert last is not None
        assert first["x"] >= last["x"]
        assert await cut_off(opened.page) == []
    await opened.keep("right-to-left")


@pytest.mark.parametrize(
    "look",
    [
        with_look(DESKTOP, width=640, height=450, scale=2),
        with_look(PHONE, width=320, height=568),
        with_look(DESKTOP, width=1920, height=1080),
    ],
    ids=["desktop at 200 %", "desktop at 400 %, or a small phone", "a wide screen"],
)
async def test_nothing_is_cut_however_far_it_is_enlarged(shop: TrackedShop, visit: Open, look: Look) -> None:
    opened = await visit(shop.page(), look)
    for path in ("", *(f"&state={state}" for state in STATES)):
        address = shop.demo(lang="de") + path if path else shop.page()
        await opened.page.goto(opened.page.url.partition("/track/")[0] + address)
        await opened.page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert await cut_off(opened.page) == [], path


LONG: dict[str, Any] = {
    "address": {
        **ADDRESS,
        "name": "Prof. Dr. Maximiliane-Leonore Freifrau von und zu Hohenstein-Wittgenstein",
        "address_line_1": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch-Allee 140",
    },
    "products": [
        {
            "sku": "NL-CUP-01",
            "title": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftstasse",
            "quantity": 12,
            "price": 1234.5,
        }
    ],
}
"""Names that no row has room for."""


async def cut_off(page: Page) -> list[str]:
    """What sticks out of the page, or whose text is hidden by its own edges."""
    found: list[str] = await page.evaluate(
        """() => {
            // A phone makes `innerWidth` as wide as what sticks out.
            const width = document.documentElement.clientWidth;
            const wide = document.documentElement.scrollWidth > width + 1 ? ['the page scrolls sideways'] : [];
            const told = one => one.outerHTML.slice(0, 90);
            const scrolls = one =>
                one && (/auto|scroll/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
            const seen = [...document.querySelectorAll('body *')].filter(
                one => one.checkVisibility() && !one.closest('.k-sr, .k-skip, svg, option') && !scrolls(one));
            const hidden = seen.filter(one => {
                const style = getComputedStyle(one);
                return one.innerText && /hidden|clip/.test(style.overflowX + style.overflowY)
                    && (one.scrollWidth > one.clientWidth + 2 || one.scrollHeight > one.clientHeight + 2);
            });
            const out = seen.filter(one => {
                const box = one.getBoundingClientRect();
                return box.width && (box.left < -1 || box.right > width + 1);
            });
            return [...wide, ...hidden.map(told), ...out.map(told)];
        }"""
    )
    return found


async def test_letters_of_twice_the_size_cut_nothing(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40403", OUT_FOR_DELIVERY, **LONG)
    opened = await visit(await shop.link("40403"))
    for size in ("100%", "200%"):
        await opened.page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        assert await cut_off(opened.page) == [], size
    window = await opened.page.locator(".k-window time").bounding_box()
    assert window is not None
    assert window["width"] > 150, "the day is broken letter by letter"
    await opened.keep("letters-of-twice-the-size")


async def test_every_target_is_large_enough_for_a_thumb(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40404", IN_A_LOCKER)
    opened = await visit(await shop.link("40404"))
    small = await opened.page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, summary, input, select')]
            .filter(one => one.checkVisibility() && !one.closest('.k-skip'))
            .map(one => [one.outerHTML.slice(0, 90), (one.closest('label') || one).getBoundingClientRect()])
            .filter(([, box]) => Math.min(box.width, box.height) < 24).map(([told]) => told)"""
    )
    assert small == []


async def test_sees_the_last_known_state_while_the_api_is_down(
    settings: Settings, own_database_url: str, visit: Open
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    changed = msgspec.structs.replace(settings, public_url=address, port=port)
    async with running_karla(changed, own_database_url) as karla:
        with served(changed, own_database_url, port):
            async with a_shop(karla, address) as shop:
                await shop.order("40405", ON_THE_WAY)
                link = await shop.link("40405")
                async with httpx.AsyncClient(timeout=20) as browser:
                    assert (await browser.get(link)).status_code == 200
                    _cut(own_database_url)
                    down = await browser.get(link)
                assert down.status_code == 200
                assert "Order 40405" in down.text
                assert "There is no newer information right now." in down.text


def _cut(url: str) -> None:
    """Nobody gets at the database any more."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
    head, _, query = url.partition("?")
    server = head.rpartition("/")[0] + "/postgres" + (f"?{query}" if query else "")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"alter database {name} allow_connections false")
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
