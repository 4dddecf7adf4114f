"""Shops with a tracking page, and shoppers who look at their orders."""

from typing import Any

import httpx

from tests.support.karla import Karla, ShopClient

NUMBER = "00340434161094042557"
HOME = {
    "name": "Mara Lindqvist",
    "address_line_1": "Lindenallee 12",
    "zip_code": "10119",
    "city": "Berlin",
    "country_code": "DE",
    "phone": "+49 30 0000000",
}
LINES = [
    {"sku": "SHIRT", "title": "Linen shirt", "size": "M", "quantity": 1, "price": 49.9},
    {"sku": "MUG", "title": "Mug", "quantity": 2, "price": 18.5, "images": [{"src": "https://shop.example/mug.jpg"}]},
]


class Browser:
    """A shopper of one order of a shop."""

    def __init__(self, http: httpx.AsyncClient, shop: ShopClient, bearer: str) -> None:
        self.http = http
        self.path = f"/v1/shops/{shop.slug}/storefront"
        self.bearer = bearer
        self.headers = {"Authorization": f"Bearer {bearer}"}

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.http.request(method, f"{self.path}{path}", headers=headers, **options)

    async def order(self, language: str = "en") -> Any:
        """The order as it is told."""
        answer = await self.call("GET", "/order", params={"lang": language})
        assert answer.status_code == 200, answer.text
        return answer.json()


async def shop_with_page(karla: Karla, **trackpages: Any) -> ShopClient:
    """Its page switched on, with these settings."""
    shop = await karla.shop()
    assert (await shop.patch("", {"web_tracking_enabled": True})).status_code == 200
    if trackpages:
        answer = await shop.put("/settings/trackpages", {"version": 1, "data": trackpages})
        assert answer.status_code == 200, answer.text
    return shop


async def placed(shop: ShopClient, *trackings: dict[str, Any], number: str = "10001", **members: Any) -> Any:
    """An order, with these parcels; upserted once more it may get others."""
    order = {
        "order_number": number,
        "order_placed_at": "2026-03-12T09:00:00+00:00",
        "address": HOME,
        "products": LINES,
        "total_order_price": 86.9,
        **members,
    }
    answer = await shop.put("/orders", {"id": number, "order": order, "trackings": list(trackings)})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def happened(shop: ShopClient, parcel: str, name: str, time: str, **members: Any) -> None:
    """Something happened to a parcel."""
    body = {"event_name": name, "event_time": time, "external_id": f"{name} {time}", **members}
    answer = await shop.post(f"/shipments/{parcel}/events", body)
    assert answer.status_code == 201, answer.text


async def by_token(karla: Karla, shop: ShopClient, number: str = "10001") -> Browser:
    """One who came by the order's own link."""
    answer = await shop.post("/orders/trackpage-url", {"id": number})
    assert answer.status_code == 200, answer.text
    return Browser(karla.http, shop, answer.json()["token"])


async def by_zip_code(karla: Karla, shop: ShopClient, number: str = "10001", zip_code: str = "10119") -> Browser:
    """One who typed number and ZIP code."""
    body = {"order_number": number, "zip_code": zip_code}
    answer = await karla.http.post(f"/v1/shops/{shop.slug}/storefront/sessions", json=body)
    assert answer.status_code == 200, answer.text
    return Browser(karla.http, shop, answer.json()["session"])
