"""Number and ZIP code stand on every label: whoever knows no more sees nobody's name, street, prices or door."""

from typing import Any

import pytest
import pytest_asyncio

from tests.support.karla import Karla, ShopClient
from tests.support.storefront import NUMBER, Browser, by_token, by_zip_code, happened, placed, shop_with_page

PARCEL = {
    "tracking_number": NUMBER,
    "carrier_reference": "dhl",
    "tracking_placed_at": "2026-03-13T09:00:00+00:00",
}
SECRETS = (
    "Lindqvist",
    "Lindenallee",
    "+49 30",
    "mara@",
    "Okonkwo",
    "P. Kasten",
    "behind the bin",
    "photo-",
    "49.9",
    "86.9",
    "67.9",
)


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    shop = await shop_with_page(karla)
    await placed(shop, PARCEL, customer={"email": "mara@lindqvist.example", "name": "Mara Lindqvist"})
    told = {
        "neighbour": "Familie Okonkwo",
        "signed_by": "P. Kasten",
        "safe_place": "behind the bin",
        "photo_url": "https://carrier.example/door.jpg",
        "carrier_text": "Handed to Familie Okonkwo",
    }
    await happened(
        shop, NUMBER, "OUT_FOR_DELIVERY", "2026-03-16T08:00:00+00:00", additional_info={"carrier_text": "Van"}
    )
    await happened(shop, NUMBER, "DELIVERED_TO_NEIGHBOUR", "2026-03-16T09:00:00+00:00", additional_info=told)
    return shop


def pages_of(shop: ShopClient) -> dict[str, str]:
    by = "orderNumber=10001&zipCode=10119&lang=en"
    return {
        "page": f"/track/{shop.slug}?{by}",
        "part": f"/track/{shop.slug}?{by}&fragment=1",
        "event": f"/track/{shop.slug}/delivery.ics?{by}",
        "address": f"/track/{shop.slug}?{by}&change=address",
    }


async def test_by_number_and_zip_code_nobodys_name_is_told(karla: Karla, shop: ShopClient) -> None:
    order = await (await by_zip_code(karla, shop)).order()
    (parcel,) = order["shipments"]
    assert (order["state"], parcel["situation"], parcel["proof"]) == ("delivered", "delivered", None)
    # That it is with a neighbour is told all the same, and what the carrier said on the way there.
    assert "neighbour" in order["texts"]["headline"]
    assert [entry["carrier_text"] for entry in parcel["entries"][:2]] == [None, "Van"]
    assert not [secret for secret in SECRETS if secret in str(order)]


async def test_by_the_link_all_of_it_is(karla: Karla, shop: ShopClient) -> None:
    (parcel,) = (await (await by_token(karla, shop)).order())["shipments"]
    proof: dict[str, Any] = parcel["proof"]
    assert (proof["neighbour"], proof["signed_by"], proof["place"]) == (
        "Familie Okonkwo",
        "P. Kasten",
        "behind the bin",
    )
    assert "/pictures/" in proof["photo_url"]
    assert parcel["entries"][0]["carrier_text"] == "Handed to Familie Okonkwo"


@pytest.mark.parametrize("name", ["page", "part", "event", "address"])
async def test_no_page_tells_more_than_the_document(karla: Karla, shop: ShopClient, name: str) -> None:
    # By the link it was looked at before, so that there is something to mix up.
    token = (await by_token(karla, shop)).bearer
    whole = await karla.http.get(f"/track/{shop.slug}", params={"token": token, "lang": "en"})
    assert all(secret in whole.text for secret in ("Lindenallee", "Okonkwo"))
    page = await karla.http.get(pages_of(shop)[name])
    assert not [secret for secret in SECRETS if secret in page.text]


async def test_no_element_in_a_shops_page_tells_more(karla: Karla, shop: ShopClient) -> None:
    body = {"orderNumber": "10001", "zipCode": "10119", "lang": "en"}
    told = await karla.http.post(f"/track/{shop.slug}/embed", json=body)
    assert told.status_code == 200
    assert not [secret for secret in SECRETS if secret in told.text]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/order/address"), ("PUT", "/order/address"), ("POST", "/order/cancel")]
)
async def test_what_is_done_by_the_link_is_not_done_by_zip_code(
    karla: Karla, shop: ShopClient, method: str, path: str
) -> None:
    shopper: Browser = await by_zip_code(karla, shop)
    answer = await shopper.call(method, path, json={"city": "Hamburg"} if method == "PUT" else None)
    assert (answer.status_code, answer.json()["key"]) == (403, "order_token_needed")
    assert not [secret for secret in SECRETS if secret in answer.text]
