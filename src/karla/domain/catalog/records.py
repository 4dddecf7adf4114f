"""The merchant's products as they are stored: one record a variant."""

from datetime import datetime
from decimal import Decimal

import msgspec

Translations = dict[str, dict[str, str]]
"""By language code, the translated members: `{"de": {"title": "…"}}`."""


VariantKey = tuple[str, str]
"""Product and variant, by the merchant's ids."""


class VariantMembers(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop says of one variant; it replaces what was stored, so an absent member is an empty one.

    `title` is the product's name, `variant_title` the variant's own; `price` is gross in the shop's currency.
    """

    product_id: str
    variant_id: str
    title: str
    variant_title: str | None = None
    price: Decimal | None = None
    sku: str | None = None
    product_url: str | None = None
    image_url: str | None = None
    translations: Translations = {}


class Variant(VariantMembers, frozen=True, kw_only=True):
    """One variant with its history; `updated_at` moves only when a member changes."""

    created_at: datetime
    updated_at: datetime


class ListedVariant(msgspec.Struct, frozen=True):
    """What a shopper may know of a variant, without its price, which may be another one by now."""

    title: str
    variant_title: str | None
    product_url: str | None
    image_url: str | None
    translations: Translations


class VariantFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which variants a search wants; None is any. `title` is a part of the name, in whatever case."""

    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    title: str | None = None
