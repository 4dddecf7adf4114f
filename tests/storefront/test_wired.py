"""The pages in a whole Karla: its own API behind them, and nothing in between."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from tests.support.karla import Karla, ShopClient
from tests.support.storefront import HOME, happened, placed, shop_with_page

PARCEL = "00340434161094042557"


async def link_of(shop: ShopClient, number: str = "10001") -> str:
    answer = await shop.post("/orders/trackpage-url", {"id": number})
    return str(answer.json()["url"])


async def test_finds_the_parcel_with_number_and_zip_code(karla: Karla) -> None:
    shop = await shop_with_page(karla)
    order = await placed(shop, {"tracking_number": PARCEL, "carrier_reference": "dhl"})
    await happened(shop, order["trackings"][0]["id"], "ARRIVAL_AT_TRANSPORT_HUB", "2026-03-13T09:00:00+01:00")
    query = {"orderNumber": "10001", "zipCode": "10119", "lang": "de"}
    page = await karla.http.get(f"/track/{shop.slug}", params=query)
    assert page.status_code == 200
    assert PARCEL in page.text
    assert "Freitag, 13. März" in page.text
    assert "Linen shirt" in page.text
    assert "Mara Lindqvist" not in page.text
    wrong = await karla.http.get(f"/track/{shop.slug}", params=query | {"zipCode": "99999"})
    assert wrong.status_code == 404
    assert PARCEL not in wrong.text


async def test_changes_the_address_and_cancels_by_the_link_from_the_mail(karla: Karla) -> None:
    shop = await shop_with_page(karla)
    await placed(shop)
    url = await link_of(shop)
    token = parse_qs(urlsplit(url).query)["token"][0]
    page = await karla.http.get(f"{url}&change=address")
    assert f'name="address_line_1" value="{HOME["address_line_1"]}"' in page.text

    form = {"orderNumber": "10001", "token": token, **HOME, "city": "Bonn", "zip_code": "x"}
    refused = await karla.http.post(f"/track/{shop.slug}/address", data=form)
    assert refused.status_code == 422
    assert "This is no postal code of the country it goes to." in refused.text

    done = await karla.http.post(f"/track/{shop.slug}/address", data=form | {"zip_code": "53111"})
    page = await karla.http.get(done.headers["location"])
    assert "Your address is changed." in page.text
    assert "53111 Bonn" in page.text

    done = await karla.http.post(f"/track/{shop.slug}/cancel", data={"orderNumber": "10001", "token": token})
    page = await karla.http.get(done.headers["location"])
    assert "Your order is cancelled." in page.text
    assert (await shop.get("/orders/10001")).json()["status"] == "cancelled"


async def test_a_revoked_link_leads_to_the_finder(karla: Karla) -> None:
    shop = await shop_with_page(karla)
    await placed(shop)
    url = await link_of(shop)
    assert (await karla.http.get(url)).status_code == 200
    await shop.delete("/orders/10001/tokens")
    page = await karla.http.get(url)
    assert page.status_code == 404
    assert "This link doesn’t work any more." in page.text


async def test_a_shop_that_has_switched_its_page_off(karla: Karla) -> None:
    shop = await karla.shop()
    page = await karla.http.get(f"/track/{shop.slug}")
    assert page.status_code == 404
    assert "Tracking is switched off" in page.text


async def test_the_shops_domain_shows_its_page(karla: Karla) -> None:
    shop = await karla.shop()
    domain = f"track.{shop.slug}.example"
    await shop.patch("", {"web_tracking_enabled": True, "name": "Lamp Shop"})
    await shop.put("/settings/trackpages", {"version": 1, "data": {"domain": domain}})
    page = await karla.http.get("/", headers={"Host": domain})
    assert "Lamp Shop" in page.text
    assert 'action="/"' in page.text
    assert "Lamp Shop" not in (await karla.http.get("/")).text


@pytest.mark.parametrize("theme", ["clear", "linen", "nocturne", "bloom", "slate"])
async def test_the_demo_shows_every_theme(karla: Karla, theme: str) -> None:
    shop = await shop_with_page(karla)
    page = await karla.http.get(f"/track/{shop.slug}/demo", params={"theme": theme, "state": "waiting"})
    assert page.status_code == 200
    assert f'data-theme="{theme}"' in page.text


async def test_themes_are_tried_before_the_page_is_switched_on(karla: Karla) -> None:
    shop = await karla.shop()
    page = await karla.http.get(f"/track/{shop.slug}/demo", params={"theme": "bloom"})
    assert page.status_code == 200
    assert 'data-theme="bloom"' in page.text


@pytest.mark.parametrize(
    "query",
    [
        {"orderNumber": "\0", "zipCode": "\0"},
        {"orderNumber": "1" * 5000, "zipCode": "2" * 5000},
        {"token": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
        {"token": "é" * 300},
        {"orderNumber": "😀", "zipCode": "😀", "lang": "😀" * 100},
    ],
)
async def test_nonsense_is_answered_calmly(karla: Karla, query: dict[str, Any]) -> None:
    shop = await shop_with_page(karla)
    for path in (f"/track/{shop.slug}", f"/track/{shop.slug}/delivery.ics", "/track/%2e", "/track/%00"):
        assert (await karla.http.get(path, params=query)).status_code == 404
    assert (await karla.http.post(f"/track/{shop.slug}/embed", json=query)).status_code in (401, 404, 422)


async def test_neither_token_nor_zip_code_reach_a_log(karla: Karla) -> None:
    shop = await shop_with_page(karla)
    await placed(shop)
    url = await link_of(shop)
    token = parse_qs(urlsplit(url).query)["token"][0]
    with capture_logs() as lines:
        await karla.http.get(url)
        await karla.http.get(f"/track/{shop.slug}", params={"orderNumber": "10001", "zipCode": "10119"})
        await karla.http.post(f"/track/{shop.slug}/embed", json={"token": token})
        await karla.http.post(f"/track/{shop.slug}/cancel", data={"token": token})
    assert lines
    assert token not in repr(lines)
    assert "10119" not in repr(lines)
