"""Everybody can use every page: axe finds nothing, in whatever colours, sizes and languages."""

from typing import Literal

import pytest

from tests.browser.conftest import Open
from tests.browser.shop import DELIVERED, ON_THE_WAY, TrackedShop
from tests.support.browser import DESKTOP, PHONE, Look, with_look

LOOKS = {
    "light": PHONE,
    "dark": with_look(PHONE, colours="dark"),
    "forced colours": with_look(DESKTOP, forced_colours=True),
    "200 percent": with_look(DESKTOP, width=640, height=450, scale=2),
}
STATES = (
    "placed",
    "on_the_way",
    "out_for_delivery",
    "waiting",
    "partially_delivered",
    "delivered",
    "delayed",
    "returned",
)
COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
THEMES = ("clear", "linen", "nocturne", "bloom", "slate")


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
async def test_anybody_can_read_every_state(shop: TrackedShop, visit: Open, look: Look) -> None:
    opened = await visit(shop.page(), look)
    found = {"finder": await opened.violations()}
    for state in STATES:
        await opened.page.goto(opened.page.url.partition("/track/")[0] + shop.demo(state=state))
        await opened.page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
        found[state] = await opened.violations()
    assert {name: violations for name, violations in found.items() if violations} == {}


async def test_anybody_can_read_every_theme(shop: TrackedShop, visit: Open) -> None:
    opened = await visit(shop.demo())
    found = {}
    for theme in THEMES:
        address = shop.demo(state="waiting", theme=theme, lang="ar-XB")
        await opened.page.goto(opened.page.url.partition("/track/")[0] + address)
        for colours in COLOURS:
            await opened.page.emulate_media(color_scheme=colours)
            found[theme, colours] = await opened.violations()
            await opened.keep(f"theme-{theme}-{colours}")
    assert {name: violations for name, violations in found.items() if violations} == {}


async def test_anybody_can_change_an_address_and_read_what_is_in_each_parcel(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40501")
    await shop.order("40502", DELIVERED, ON_THE_WAY, packages=3)
    for number in ("40501", "40502"):
        opened = await visit(await shop.link(number))
        await opened.page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert await opened.violations() == []
