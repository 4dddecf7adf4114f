"""A shopper looks where the parcel is."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from karla.entrypoints.cli.demo.photos import pictures_served
from tests.browser.conftest import Open
from tests.browser.shop import (
    DELAYED,
    DELIVERED,
    GONE_BACK,
    IN_A_LOCKER,
    LINES,
    ON_THE_WAY,
    OUT_FOR_DELIVERY,
    TrackedShop,
)
from tests.support.browser import DESKTOP, PHONE, with_look


async def test_sees_that_it_waits_at_the_locker_until_when_and_where(shop: TrackedShop, visit: Open) -> None:
    order = await shop.order("40201", IN_A_LOCKER)
    parcel = order["trackings"][0]
    pickup = parcel["pickup"]
    opened = await visit(await shop.link("40201"))
    place = opened.page.locator(".k-place")
    await expect(place).to_contain_text("Parcel locker")
    await expect(place).to_contain_text(pickup["name"])
    for line in parcel["events"][0]["additional_info"]["pickup_point_address"].split(", "):
        await expect(place).to_contain_text(line)
    until = datetime.fromisoformat(pickup["date_to"])
    await expect(place.locator(".k-until")).to_contain_text("Kept for you until")
    told = await place.locator(".k-until time").get_attribute("datetime")
    assert told is not None
    assert datetime.fromisoformat(told) == until.replace(second=0)
    await expect(opened.page.locator("[aria-current=step]")).to_contain_text("Ready to collect")
    await opened.keep("waiting-at-the-locker")


async def test_sees_who_took_it_and_a_photo_of_where_it_stands(shop: TrackedShop, visit: Open) -> None:
    order = await shop.order("40202", OUT_FOR_DELIVERY)
    async with pictures_served() as pictures:
        told = {"neighbour": "Familie Öztürk", "photo_url": f"{pictures}/doorstep.webp"}
        await shop.scanned(order, "DELIVERED_TO_NEIGHBOUR", additional_info=told)
        opened = await visit(await shop.link("40202"))
        await expect(opened.page.locator(".k-hero")).to_contain_text("Familie Öztürk")
        await expect(opened.page.get_by_text("Handed to your neighbour Familie Öztürk")).to_be_visible()
        await expect(opened.page.get_by_role("heading", level=1)).to_contain_text("neighbour")
        await opened.settled()
        photo = opened.page.locator(".k-proof img")
        assert await photo.evaluate("one => one.naturalWidth") > 100
        await opened.keep("with-the-neighbour")


async def test_sees_when_it_comes_today(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40203", OUT_FOR_DELIVERY)
    opened = await visit(await shop.link("40203"))
    window = opened.page.locator(".k-window time")
    await expect(window.first).to_be_visible()
    begins, _, ends = (await window.first.get_attribute("datetime") or "").partition("/")
    assert datetime.fromisoformat(begins) < datetime.fromisoformat(ends)
    assert datetime.fromisoformat(ends) < datetime.now(UTC) + timedelta(hours=24)
    await opened.keep("out-for-delivery")


async def test_sees_a_new_scan_without_reloading(shop: TrackedShop, visit: Open) -> None:
    order = await shop.order("40204", ON_THE_WAY)
    opened = await visit(await shop.link("40204"))
    await expect(opened.page.locator(".k-latest .k-event")).not_to_have_text("Out for delivery")
    await opened.page.evaluate("() => { window.stayed = true; }")
    loads = len([url for url in opened.requests if "/live" in url])
    assert loads == 1
    await shop.scanned(order, "OUT_FOR_DELIVERY")
    await expect(opened.page.locator(".k-latest .k-event")).to_have_text("Out for delivery")
    await expect(opened.page.locator("[aria-current=step]")).to_contain_text("Out for delivery")
    await expect(opened.page.get_by_role("status").last).to_contain_text("Out for delivery")
    assert await opened.page.evaluate("() => window.stayed")


async def test_sees_what_is_in_each_parcel_and_what_is_still_to_come(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40205", DELIVERED, ON_THE_WAY, packages=3)
    opened = await visit(await shop.link("40205"), with_look(DESKTOP, language="en-GB"))
    await expect(opened.page.get_by_text("1 of 3 parcels delivered")).to_be_visible()
    parcels = opened.page.locator(".k-parcel")
    await expect(parcels).to_have_count(3)
    for place, (status, title) in enumerate((("Delivered", LINES[0]["title"]), ("Sorted", LINES[1]["title"]))):
        parcel = parcels.nth(place)
        await expect(parcel.locator(".k-status")).to_contain_text(status)
        if not await parcel.evaluate("one => one.open"):
            await parcel.locator("summary").first.click()
        await expect(parcel.locator(".k-contents .k-name")).to_have_text([str(title)])
    await expect(parcels.nth(2).locator(".k-status")).to_contain_text("Parcel 3 of 3")
    await expect(parcels.nth(2).locator(".k-carrier")).to_have_count(0)
    await opened.keep("three-parcels")


async def test_sees_of_an_order_in_parcels_that_nothing_has_left_yet(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40211", packages=3)
    opened = await visit(await shop.link("40211"), with_look(PHONE, language="en-GB"))
    await expect(opened.page.locator(".k-hero [aria-current=step]")).to_contain_text("Ordered")
    await expect(opened.page.get_by_text("parcels delivered")).to_have_count(0)
    await expect(opened.page.locator(".k-parcel")).to_have_count(3)
    await expect(opened.page.locator(".k-parcel[open]")).to_have_count(0)
    await opened.keep("three-parcels-placed")


async def test_sees_how_many_of_a_hundred_parcels_have_come(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40210", ON_THE_WAY, packages=100)
    opened = await visit(await shop.link("40210"), with_look(PHONE, language="en-GB"))
    await expect(opened.page.get_by_text("0 of 100 parcels delivered")).to_be_visible()
    strip = await opened.page.locator(".k-strip ul").bounding_box()
    widths = await opened.page.locator(".k-strip li").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().width)"
    )
    assert strip is not None
    assert len(widths) == 100
    assert min(widths) > 1
    assert sum(widths) < strip["width"]


async def test_sees_that_it_is_late_and_when_it_comes_now(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40206", DELAYED)
    opened = await visit(await shop.link("40206"))
    await expect(opened.page.locator(".k-hero")).to_contain_text("weather")
    await expect(opened.page.locator(".k-window time").first).to_be_visible()
    await opened.keep("delayed")


async def test_sees_that_it_went_back(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40207", GONE_BACK)
    opened = await visit(await shop.link("40207"))
    await expect(opened.page.get_by_role("heading", level=1)).to_have_text("Your parcel is back with the sender")
    await expect(opened.page.locator(".k-steps li").last).to_contain_text("Back at the shop: done")
    await opened.keep("gone-back")


async def test_reads_the_carriers_own_words_on_demand(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40208", ON_THE_WAY)
    opened = await visit(await shop.link("40208"), PHONE)
    words = opened.page.locator(".k-raw").first
    await expect(words).not_to_be_visible()
    await opened.page.get_by_label("Show the carrier’s own words").check()
    await expect(words).to_be_visible()


async def test_puts_the_delivery_into_the_calendar(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40209", OUT_FOR_DELIVERY)
    opened = await visit(await shop.link("40209"), DESKTOP)
    async with opened.page.expect_download() as download:
        await opened.page.get_by_role("link", name="Add to calendar").first.click()
    kept = await (await download.value).path()
    text = kept.read_text(encoding="utf-8")
    assert text.startswith("BEGIN:VCALENDAR")
    assert "40209" in text
