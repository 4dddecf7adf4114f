"""What the storefront API takes, as the keyword arguments and dictionaries of its calls."""

from collections.abc import Sequence
from typing import Literal, Required, TypeAlias, TypedDict

Page: TypeAlias = Literal["track", "finder", "embed", "iframe", "shopify", "demo"]
VisitKind: TypeAlias = Literal[
    "opened",
    "engaged",
    "carrier_link",
    "redirect_link",
    "shop_link",
    "slot",
    "product",
    "faq",
    "service",
    "claim",
    "calendar",
    "map",
    "copied",
]


class Visit(TypedDict, total=False):
    """Something that a shopper did on a page; `shipment_number` counts the order's parcels from 1.

    `slot` and `campaign` name what was clicked, `after_ms` is how long after the page was opened.
    """

    kind: Required[VisitKind]
    shipment_number: int
    slot: str
    campaign: str
    after_ms: int


class Visits(TypedDict, total=False):
    """What a page reports at once; `session` ties an opening to its order, and is not kept."""

    page: Required[Page]
    visits: Required[Sequence[Visit]]
    session: str
    language: str
