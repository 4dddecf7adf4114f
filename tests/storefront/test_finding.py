"""How a shopper comes to an order by the pages, and what is said where none is shown."""

import re

import msgspec
from structlog.testing import capture_logs

from karla.client.storefront import AsyncStorefront
from karla.entrypoints.storefront.source import SeenOrder, Source
from tests.storefront.world import World

UNKNOWN = "We found no order with this number and ZIP code."


async def test_finds_the_parcel_with_number_and_zip_code(world: World) -> None:
    page = await world.order()
    assert page.status_code == 200
    assert "Your order is on its way" in page.text
    assert "<span>Tomorrow</span>" in page.text
    assert "11:59–13:59" in page.text
    assert "In the parcel centre" in page.text
    assert ">Today</time>" in page.text
    assert ">Yesterday</time>" in page.text


async def test_number_and_zip_code_are_taken_as_people_type_them(world: World) -> None:
    page = await world.get("/track/lamps", orderNumber=" 1001 ", zipCode="10119 ")
    assert page.status_code == 200


async def test_a_wrong_zip_code_and_a_wrong_number_are_told_alike(world: World) -> None:
    wrong_zip = await world.get("/track/lamps", orderNumber="1001", zipCode="99999")
    wrong_number = await world.get("/track/lamps", orderNumber="4711", zipCode="10119")
    for page in (wrong_zip, wrong_number):
        assert page.status_code == 404
        assert UNKNOWN in page.text
        assert "Lamp Shop" in page.text
        assert "Berlin" not in page.text
    assert 'value="99999"' in wrong_zip.text
    alike = [re.sub(r'nonce[-=]"?[\w-]+|1001|4711|99999|10119', "", page.text) for page in (wrong_zip, wrong_number)]
    assert alike[0] == alike[1]


class Broken(Source):
    """Has a bug."""

    async def order(self, *_: object) -> SeenOrder:
        raise ZeroDivisionError("of a secret")


async def test_a_bug_is_told_calmly_and_logged_with_its_trace(world: World) -> None:
    source = Broken(AsyncStorefront("https://karla.example"), world.clock)
    world.pages = msgspec.structs.replace(world.pages, source=source)
    with capture_logs() as lines:
        page = await world.order("de")
    assert page.status_code == 500
    assert "Wir erreichen Ihre Bestellung gerade nicht" in page.text
    assert "secret" not in page.text
    (line,) = lines
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert "10119" not in repr(line)
    await source.close()


async def test_too_many_tries_say_how_long_to_wait(world: World) -> None:
    await world.get("/track/lamps")
    world.api.refusal = (429, "too_many_attempts", {"Retry-After": "240"})
    page = await world.order()
    assert page.status_code == 503  # nothing of the shop can be asked either: the stand-in refuses everything
    world.api.refused_calls = frozenset({"POST sessions"})
    page = await world.order()
    assert page.status_code == 429
    assert page.headers["retry-after"] == "240"
    assert re.search(r"Please try again <time [^>]*>in 4 minutes</time>", page.text)


async def test_a_link_that_is_no_longer_good_leads_to_the_finder(world: World) -> None:
    page = await world.get("/track/lamps", orderNumber="1001", token="forged")
    assert page.status_code == 404
    assert "This link doesn’t work any more." in page.text
    assert "forged" not in page.text


async def test_a_blank_is_asked_for(world: World) -> None:
    page = await world.get("/track/lamps", orderNumber="1001", zipCode="")
    assert page.status_code == 422
    assert "Please fill in both" in page.text


async def test_a_shop_that_is_not_there(world: World) -> None:
    page = await world.get("/track/nothing", "de")
    assert page.status_code == 404
    assert "Diesen Shop gibt es hier nicht" in page.text


async def test_a_page_that_is_switched_off(world: World) -> None:
    world.api.refusal = (404, "page_switched_off", {})
    for page in (await world.get("/track/lamps"), await world.order(), await world.get("/track/lamps/demo")):
        assert page.status_code == 404
        assert "Tracking is switched off" in page.text


async def test_the_shops_language_where_nobody_says_another(world: World) -> None:
    for path in ("/track/lamps", "/track/lamps?orderNumber=1001&zipCode=10119"):
        page = await world.get(path, "ja")
        assert '<html lang="nl"' in page.text
    # The API is asked for the same one, so that its texts and the page's are of one language.
    assert world.api.journal[-1] == ("POST", "/v1/shops/lamps/storefront/sessions", "nl")
