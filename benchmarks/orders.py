"""The order that benchmarks send: 2 KB, in the shape of a shop plugin's."""

import itertools
import json
from collections.abc import Iterator

_TEMPLATE = {
    "id": "@NUMBER@",
    "id_type": "order_number",
    "order": {
        "order_number": "@NUMBER@",
        "order_placed_at": "2026-03-12T09:41:07+00:00",
        "products": [
            {
                "product_id": f"0190f3c27a1e7b2c9d4411aa02bc31{place:02d}",
                "variant_id": f"0190f3c27a1e7b2c9d4411aa02bc41{place:02d}",
                "sku": f"NL-TEE-{place}",
                "title": "Linen tee, olive, M",
                "quantity": 2,
                "price": 24.95,
                "images": [{"src": f"https://cdn.shop.example/media/linen-tee-{place}.jpg", "alt": "Olive linen tee"}],
            }
            for place in range(4)
        ],
        "total_order_price": 64.36,
        "shipping_price": 4.9,
        "sub_total_price": 66.4,
        "discount_price": 6.94,
        "discounts": [{"code": "SPRING10", "amount": -6.94, "type": "percentage"}],
        "email_id": "buyer@mail.example",
        "address": {
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
        },
        "currency": "EUR",
        "external_id": "ext-@NUMBER@",
        "external_customer_id": "01957f0e44b07c1290aa5d1c8f3b6e10",
        "segments": ["Shopware.tag.VIP", "Shopware.customer_group.Standard", "Shopware.sales_channel.Storefront"],
    },
    "trackings": [],
}
_TEXT = json.dumps(_TEMPLATE, ensure_ascii=False)


def bodies(prefix: str) -> Iterator[bytes]:
    """New orders without end."""
    for number in itertools.count():
        yield _TEXT.replace("@NUMBER@", f"{prefix}{number}").encode()
