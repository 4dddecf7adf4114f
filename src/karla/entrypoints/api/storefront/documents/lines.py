"""Lines of orders and parcels."""

from collections.abc import Mapping
from typing import Any

from karla.domain.catalog.records import ListedVariant
from karla.domain.catalog.rules import title_in
from karla.entrypoints.api.storefront.documents.views import View
from karla.entrypoints.api.storefront.shapes import Item


def item(view: View, line: Mapping[str, Any]) -> Item:
    """A line with its picture, in the words of the shop's catalogue where that has them in the shopper's language.

    What the shop told with the order itself goes before the rest that the catalogue knows.
    """
    listed = view.listed(line)
    name = title_in(listed.translations, view.language) if listed else None
    title = str(name or line.get("title") or (listed and listed.title) or line.get("sku") or "")
    image = next((image for image in line.get("images") or () if isinstance(image, dict) and image.get("src")), {})
    alt = None if name else image.get("alt")  # in whatever language
    price, quantity = line.get("price"), line.get("quantity")
    return Item(
        title=title,
        variant=line.get("size") or (_variant(listed) if listed and name else None),
        quantity=1 if quantity is None else int(quantity),
        sku=line.get("sku") or None,
        image_url=view.picture(image.get("src") or (listed and _whole(listed.image_url)), "product"),
        image_alt=str(alt or title),
        url=web_address(line.get("url") or (listed and _whole(listed.product_url))),
        price=float(price) if view.whole and price is not None else None,
        parts=[item(view, part) for part in line.get("bundled_products") or ()],
    )


def _variant(listed: ListedVariant) -> str | None:
    """Which one it is, as a product's translated title doesn't tell it as that of an order's line may have."""
    return listed.variant_title if listed.variant_title != listed.title else None


def _whole(address: str | None) -> str | None:
    """With a scheme, which shops leave out where their page's own will do."""
    return f"https:{address}" if address and address.startswith("//") else address


def web_address(told: object) -> str | None:
    """What may be linked to; None of anything else."""
    return told if isinstance(told, str) and told.lower().startswith(("https://", "http://")) else None
