"""Lines of orders and parcels."""

from collections.abc import Mapping
from typing import Any

from karla.entrypoints.api.storefront.documents.views import View
from karla.entrypoints.api.storefront.shapes import Item


def item(view: View, line: Mapping[str, Any]) -> Item:
    """A line with its picture."""
    image = next((image for image in line.get("images") or () if isinstance(image, dict) and image.get("src")), {})
    title = str(line.get("title") or line.get("sku") or "")
    price, quantity = line.get("price"), line.get("quantity")
    return Item(
        title=title,
        variant=line.get("size") or None,
        quantity=1 if quantity is None else int(quantity),
        sku=line.get("sku") or None,
        image_url=view.picture(image.get("src"), "product"),
        image_alt=str(image.get("alt") or title),
        url=web_address(line.get("url")),
        price=float(price) if view.whole and price is not None else None,
        parts=[item(view, part) for part in line.get("bundled_products") or ()],
    )


def web_address(told: object) -> str | None:
    """What may be linked to; None of anything else."""
    return told if isinstance(told, str) and told.lower().startswith(("https://", "http://")) else None
