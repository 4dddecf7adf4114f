"""The page within somebody else's: in a frame, and as the browser SDK fetches it."""

import re
from typing import Any

import pytest

from tests.storefront import documents
from tests.storefront.world import World, links


async def test_origins_of_the_shop_may_show_the_page_in_theirs(world: World) -> None:
    shop = documents.shop(embedding_origins=["https://www.lamp.example", "https://lamp.example"])
    world.api.shop, world.api.order = shop, documents.order(shop=shop)
    for page in (await world.get("/track/lamps"), await world.order(embed="1")):
        assert page.headers["content-security-policy"].endswith(
            "frame-ancestors 'self' https://www.lamp.example https://lamp.example"
        )
        assert "x-frame-options" not in page.headers


async def test_a_page_in_a_frame_has_neither_header_nor_footer(world: World) -> None:
    page = await world.order(embed="1")
    assert "k-header" not in page.text
    assert "k-footer" not in page.text
    assert '"surface": "iframe"' in page.text
    assert "embed=1" in next(address for address in links(page) if "delivery.ics" in address)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 16_000, b'"' + b"x" * 17_000 + b'"', b"\xff", b"[1]", b"null"])
async def test_a_body_that_says_nothing_gets_the_finder(world: World, body: bytes) -> None:
    answer = await world.http.post("/track/lamps/embed", content=body)
    assert (answer.status_code, answer.json()["order"]) == (200, None)


async def test_the_sdk_gets_the_main_part_and_its_stylesheet(world: World) -> None:
    body = {"orderNumber": "1001", "zipCode": "10119", "lang": "de", "theme": "slate"}
    answer = await world.http.post("/track/lamps/embed", json=body)
    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert told["session"] == "ks_session"
    assert told["order"]["order_number"] == "1001"
    assert told["order"]["shipments"][0]["expected"]["from"]
    assert "Sendungsverlauf" in told["html"]
    assert "<html" not in told["html"]
    # The page around has its own topmost heading.
    assert "<h1" not in told["html"]
    assert "<h2" in told["html"]
    # All addresses are whole: the page around is somebody else's.
    assert all(address.startswith(("https://", "#")) for address in re.findall(r'href="([^"]*)"', told["html"]))
    sheet = await world.http.get(told["css_url"])
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["access-control-allow-origin"] == "*"
    assert "--k-accent:#123456" in sheet.text
    assert ".k-parcel" in sheet.text


async def test_the_sdk_gets_the_finder_where_no_order_is_asked_for(world: World) -> None:
    told = (await world.http.post("/track/lamps/embed", json={"lang": "fr"})).json()
    assert told["order"] is None
    assert told["session"] is None
    assert "Trouver mon colis" in told["html"]


@pytest.mark.parametrize(
    ("body", "status", "key"),
    [
        ({"orderNumber": "1001", "zipCode": "99999"}, 404, "order_not_found"),
        ({"token": "forged"}, 401, "order_token_invalid"),
    ],
)
async def test_the_sdk_is_told_why_nothing_is_shown(world: World, body: Any, status: int, key: str) -> None:
    answer = await world.http.post("/track/lamps/embed", json=body)
    assert (answer.status_code, answer.json()["key"]) == (status, key)
    nowhere = await world.http.post("/track/nothing/embed", json={})
    assert (nowhere.status_code, nowhere.json()["key"]) == (404, "unknown_shop")
    garbled = await world.http.post("/track/lamps/embed", content=b"{")
    assert garbled.json()["order"] is None
