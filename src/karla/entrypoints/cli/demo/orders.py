"""Bodies of `PUT /orders`, member by member as the Shopware plugin sends them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

PICTURES = "https://cdn.nordlicht.example/media"

_TEE: dict[str, Any] = {
    "product_id": "0190f3c27a1e7b2c9d4411aa02bc31f0",
    "variant_id": "0190f3c27a1e7b2c9d4411aa02bc31f7",
    "sku": "NL-TEE-M-OLV",
    "title": "Linen tee, olive, M",
    "quantity": 2,
    "price": 24.95,
    "images": [{"src": f"{PICTURES}/linen-tee-olive.jpg", "alt": "Olive linen tee"}],
}
_MUG: dict[str, Any] = {
    "product_id": "0190f3d41b5570d8a3cc6e9f7710ab42",
    "variant_id": "0190f3d41b5570d8a3cc6e9f7710ab42",
    "sku": "NL-MUG-01",
    "title": "Stoneware mug",
    "quantity": 1,
    "price": 16.5,
    "images": [],
}
BERLIN: dict[str, Any] = {
    "address_line_1": "Torstraße 140",
    "address_line_2": None,
    "city": "Berlin",
    "country": "Germany",
    "country_code": "DE",
    "name": "Mara Lindqvist",
    "phone": None,
    "province": None,
    "province_code": None,
    "street": "Torstraße 140",
    "zip_code": "10119",
}
LONDON: dict[str, Any] = {
    **BERLIN,
    "address_line_1": "12 Cloth Fair",
    "city": "London",
    "country": "United Kingdom",
    "country_code": "GB",
    "street": "12 Cloth Fair",
    "zip_code": "EC1A 7JQ",
}


_ASSORTMENT: dict[str, tuple[str, float, int]] = {
    "tee-olive": ("Linen tee, olive, M", 24.95, 2),
    "mug": ("Stoneware mug", 16.5, 1),
    "lamp": ("Bedside lamp, oak", 89.0, 1),
    "blanket": ("Wool blanket, terracotta", 119.0, 1),
    "socks": ("Merino socks", 14.9, 3),
}


def product(name: str, pictures: str) -> dict[str, Any]:
    """A line of an order, with a picture below that address."""
    title, price, quantity = _ASSORTMENT[name]
    return {
        "product_id": name,
        "variant_id": name,
        "sku": f"NL-{name.upper()}",
        "title": title,
        "quantity": quantity,
        "price": price,
        "images": [{"src": f"{pictures}/{name}.webp", "alt": title}],
    }


def order(
    number: str,
    placed_at: datetime,
    *,
    trackings: Sequence[dict[str, Any]] = (),
    guest: bool = False,
    tags: Sequence[str] = (),
    address: dict[str, Any] = BERLIN,
) -> dict[str, Any]:
    """An order with these trackings; a guest has no customer id and came by no campaign."""
    body: dict[str, Any] = {
        "id": number,
        "id_type": "order_number",
        "order": {
            "order_number": number,
            "order_placed_at": _atom(placed_at),
            "products": [_TEE, _MUG],
            "total_order_price": 71.3,
            "shipping_price": 4.9,
            "sub_total_price": 66.4,
            "discount_price": 0.0,
            "discounts": [],
            "email_id": "mara.lindqvist@mail.example",
            "address": address,
            "currency": "EUR",
            "external_id": f"0195889b6a3d73f1b9a0f6d0c7e{number}",
            "external_customer_id": None if guest else "01957f0e44b07c1290aa5d1c8f3b6e10",
            "segments": [*(f"Shopware.tag.{tag}" for tag in tags), "Shopware.sales_channel.Storefront"],
        },
        "trackings": list(trackings),
    }
    if not guest:
        body["order_analytics"] = {"affiliate_code": "karla", "campaign_code": "spring"}
    return body


def tracking(number: str, placed_at: datetime) -> dict[str, Any]:
    """A parcel's number; the plugin never names a carrier."""
    return {"tracking_number": number, "tracking_placed_at": _atom(placed_at), "products": [_TEE]}


def _atom(time: datetime) -> str:
    """As PHP's DATE_ATOM."""
    return time.isoformat(timespec="seconds")
