"""A shopper changes the address or cancels: with the link of the e-mail, as long as nothing has left."""

from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.shop import ON_THE_WAY, ZIP_CODE, TrackedShop
from tests.support.browser import PHONE, with_look

CHANGE, CANCEL = "Change the delivery address", "Cancel the order"


async def test_changes_the_address_before_it_ships(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40301")
    opened = await visit(await shop.link("40301"))
    await opened.page.get_by_text(CHANGE).click()
    await opened.page.get_by_label("ZIP code").or_(opened.page.get_by_label("Postal code")).fill("80331")
    await opened.page.get_by_label("City").fill("München")
    await opened.keep("address-form")
    await opened.page.get_by_role("button", name="Save address").click()
    await expect(opened.page.get_by_text("Your address is changed.")).to_be_visible()
    await expect(opened.page.locator("address").last).to_contain_text("80331 München")
    order = await shop.told("GET", "/orders/40301")
    assert (order["address"]["zip_code"], order["address"]["city"]) == ("80331", "München")
    await opened.keep("address-changed")


async def test_is_told_what_is_wrong_with_an_address_field_by_field(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40302")
    for script in (True, False):
        opened = await visit(await shop.link("40302"), with_look(PHONE, script=script))
        await opened.page.get_by_text(CHANGE).click()
        field = opened.page.get_by_label("ZIP code").or_(opened.page.get_by_label("Postal code"))
        await field.fill("1")
        await opened.page.get_by_role("button", name="Save address").click()
        await expect(opened.page.get_by_role("alert")).to_be_in_viewport()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_value("1")
    order = await shop.told("GET", "/orders/40302")
    assert order["address"]["zip_code"] == ZIP_CODE


async def test_cannot_change_the_address_after_it_shipped(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40303")
    watching = await visit(await shop.link("40303"))
    unaware = await visit(await shop.link("40303"), with_look(PHONE, script=False))
    for opened in (watching, unaware):
        await opened.page.get_by_text(CHANGE).click()
        await opened.page.get_by_label("City").fill("München")
    # It leaves while the form is open.
    await shop.order("40303", ON_THE_WAY)
    await expect(watching.page.get_by_role("button", name="Save address")).to_have_count(0)
    await unaware.page.get_by_role("button", name="Save address").click()
    await expect(unaware.page.get_by_text("It’s too late for that")).to_be_visible()
    fresh = await visit(await shop.link("40303"))
    await expect(fresh.page.get_by_text("Order 40303")).to_be_visible()
    await expect(fresh.page.get_by_text(CHANGE)).to_have_count(0)
    await expect(fresh.page.get_by_text(CANCEL)).to_have_count(0)
    order = await shop.told("GET", "/orders/40303")
    assert order["address"]["city"] == "Berlin"


async def test_cancels_with_the_link_from_the_e_mail(shop: TrackedShop, visit: Open) -> None:
    for number, script in (("40304", True), ("40305", False)):
        await shop.order(number)
        opened = await visit(await shop.link(number), with_look(PHONE, script=script))
        await opened.page.get_by_text(CANCEL, exact=True).click()
        await opened.page.get_by_role("button", name="Yes, cancel the order").click()
        await expect(opened.page.get_by_text("Your order is cancelled.")).to_be_visible()
        assert (await shop.told("GET", f"/orders/{number}"))["status"] == "cancelled"
    await opened.keep("cancelled")


async def test_cannot_cancel_with_number_and_zip(shop: TrackedShop, visit: Open) -> None:
    await shop.order("40306")
    opened = await visit(shop.page("40306", ZIP_CODE))
    await expect(opened.page.get_by_text("Order 40306")).to_be_visible()
    await expect(opened.page.get_by_text(CANCEL)).to_have_count(0)
    await expect(opened.page.get_by_text("open the tracking link from your e-mail")).to_be_visible()
    await expect(opened.page.get_by_text("Torstraße")).to_have_count(0)
