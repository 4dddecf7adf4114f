"""What shops, carriers and strangers write into an order, a shop or a link stands on a page and does nothing there."""

import html
import re
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from karla.client.storefront import answers
from tests.storefront import documents
from tests.storefront.test_shopify_proxy import visit
from tests.storefront.world import TOKEN, World

PROBE = "\"'></title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}%(x)s"
POLICY = "content-security-policy"
BROKEN = ("https://[", "http://[::1", "https://a.example:port/", "javascript:alert(1)", "data:text/html,x", "//evil")


def poisoned() -> answers.StorefrontOrder:
    """An order that says the probe wherever it says anything."""
    words = answers.Texts(status=PROBE, headline=PROBE, title=PROBE, subtitle=PROBE)
    parcel = documents.shipment(
        texts=words,
        tracking_number=PROBE,
        carrier=answers.ParcelCarrier(reference=PROBE, name=PROBE, tracking_url=None, redirect_url=None),
        entries=[documents.entry(PROBE, documents.NOW, place=PROBE, carrier_text=PROBE)],
        items=[documents.item(PROBE, variant=PROBE, image_url="https://karla.example/p", image_alt=PROBE)],
        pickup=answers.Pickup(
            type="shop", name=PROBE, address=PROBE, url=None, opening_hours=[PROBE], until=documents.NOW
        ),
        proof=answers.Proof(photo_url=None, signed_by=PROBE, neighbour=PROBE, place=PROBE),
        situation="delivered",
    )
    shop = documents.shop(texts=dict.fromkeys(("intro", "footer", "support", "finder_title", "finder_text"), PROBE))
    return documents.order(
        order_number=PROBE,
        order_name=PROBE,
        texts=words,
        shipments=[parcel],
        items=[documents.item(PROBE)],
        shop=msgspec.structs.replace(shop, name=PROBE),
    )


def demand_harmless(text: str) -> None:
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "</title></style>" not in text
    assert "49%(x)s" not in text


async def test_words_of_others_stay_words(world: World) -> None:
    world.api.order = world.api.by_token = poisoned()
    world.api.shop = world.api.order.shop
    for page in (await world.order(), await world.by_token(), await world.get("/track/lamps")):
        assert page.status_code == 200
        demand_harmless(page.text)
        (data,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page.text)
        assert msgspec.json.decode(data)["slug"] == "lamps"
    told = await world.http.post("/track/lamps/embed", json={"orderNumber": "1001", "zipCode": "10119"})
    demand_harmless(told.json()["html"])
    event = await world.get("/track/lamps/delivery.ics", orderNumber="1001", zipCode="10119")
    assert "<script>" not in event.headers.get("content-disposition", "")


@pytest.mark.parametrize("name", ["orderNumber", "zipCode", "lang", "theme", "flowType", "done", "change", "embed"])
async def test_what_a_link_says_stays_text(world: World, name: str) -> None:
    for path in ("/track/lamps", "/track/lamps/demo", f"/track/{html.escape('<x>')}"):
        page = await world.get(path, **{"orderNumber": "1001", name: PROBE})
        assert page.status_code in (200, 404, 422)
        demand_harmless(page.text)


def varied(url: str) -> answers.StorefrontOrder:
    links = dict.fromkeys(("shop_url", "faq_url", "service_url", "resolve_url", "imprint_url", "privacy_url"), url)
    parcel = documents.shipment(
        carrier=answers.ParcelCarrier(reference="dhl", name="DHL", tracking_url=url, redirect_url=url),
        items=[documents.item("Desk lamp", url=url)],
        pickup=answers.Pickup(type="shop", name="Kiosk", address=None, url=url, opening_hours=[], until=None),
    )
    return documents.order(
        shipments=[parcel], items=[documents.item("Lamp", url=url)], shop=documents.shop(links=links)
    )


@pytest.mark.parametrize("url", BROKEN)
async def test_an_address_that_leads_nowhere_good_is_no_link(world: World, url: str) -> None:
    world.api.order = varied(url)
    world.api.shop = world.api.order.shop
    for page in (await world.order(), await world.get("/track/lamps")):
        assert page.status_code == 200
        assert f'"{url}' not in page.text
        assert "javascript:" not in page.text
    assert (await visit(world, "/apps/karla/resolve", orderNumber="1001")).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://a.example; report-uri https://evil.example",
        "https://a.example\r\nX-Evil: 1",
        "*",
        "https://a.example/x",
    ],
)
async def test_an_origin_adds_nothing_to_the_policy(world: World, origin: str) -> None:
    world.api.order = documents.order(shop=documents.shop(embedding_origins=[origin, "https://shop.example"]))
    page = await world.order()
    assert page.headers[POLICY].endswith("; frame-ancestors 'self' https://shop.example")
    assert "x-evil" not in page.headers


async def test_a_page_runs_its_own_script_and_loads_from_nowhere_else(world: World) -> None:
    shop = documents.shop()
    logo = "https://karla.example/v1/shops/lamps/storefront/pictures/s/logo-n"
    brand = msgspec.structs.replace(shop.brand, logo_url=logo)
    world.api.order = documents.order(shop=msgspec.structs.replace(shop, brand=brand))
    page = await world.order()
    told = dict(one.partition(" ")[::2] for one in page.headers[POLICY].split("; "))
    assert re.fullmatch(r"'nonce-[\w-]{20,}'", told["script-src"])
    assert told["img-src"] == told["connect-src"] == "'self' https://karla.example"
    assert told["require-trusted-types-for"] == "'script'"
    assert told["trusted-types"] == "karla-page"
    assert logo in page.text


@pytest.mark.parametrize("letters", ["помощь", "hilfe-ü", "a\r\nSet-Cookie:%20me=1"])
async def test_a_way_to_the_shop_is_a_header_that_can_be_sent(world: World, letters: str) -> None:
    world.api.shop = documents.shop(links={"service_url": f"https://elsewhere.example/{letters}"})
    answer = await visit(world, "/apps/karla/resolve")
    assert answer.status_code in (200, 303)
    assert "set-cookie" not in answer.headers
    if answer.status_code == 303:
        assert answer.headers["location"].isascii()
        assert answer.headers["location"].startswith("https://elsewhere.example/")


@pytest.mark.parametrize("slug", ["//evil.example", "\\evil.example", "%0d%0aX-Evil:1", ".."])
async def test_an_answer_to_a_form_leads_to_the_page_it_came_from(world: World, slug: str) -> None:
    form = urlencode({"orderNumber": "1", "token": TOKEN})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await world.http.post(f"/track/{slug}/cancel", content=form, headers=headers)
    assert answer.status_code in (303, 404, 405)
    assert answer.headers.get("location", "/track/").startswith("/track/")
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "karla.example.evil.example"])
async def test_a_host_that_somebody_made_up_stands_nowhere(world: World, host: str) -> None:
    headers: dict[str, Any] = {"Host": host, "X-Forwarded-Host": host, "Accept-Language": "en"}
    for path in (
        f"/track/lamps?orderNumber=1001&token={TOKEN}",
        "/track/lamps/delivery.ics?orderNumber=1001&zipCode=10119",
    ):
        answer = await world.http.get(path, headers=headers)
        assert answer.status_code == 200
        assert "evil.example" not in answer.text + str(answer.headers)


async def test_names_from_outside_are_text_and_nothing_else(world: World) -> None:
    evil = "<script>alert(1)</script>"
    world.api.order = documents.order(
        order_name=evil,
        shipments=[
            documents.shipment(
                entries=[documents.entry(evil, documents.NOW, place=evil, carrier_text=evil)],
                tracking_number=evil,
                carrier=answers.ParcelCarrier(
                    reference=None, name=evil, tracking_url="https://carrier.example", redirect_url=None
                ),
            )
        ],
        items=[documents.item(evil, variant=evil)],
        shop=documents.shop(name=evil, texts={"intro": evil, "footer": evil}),
    )
    page = await world.order()
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "Follow at &lt;script&gt;" in page.text
    finder = await world.get("/track/lamps", orderNumber=evil, zipCode='"><img src=x>', lang="de")
    assert "<script>alert" not in finder.text
    assert "<img src=x>" not in finder.text
