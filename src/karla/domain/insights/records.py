"""What is known of the use of a shop's pages: things that were done there, and what they come to."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Page(StrEnum):
    """Where it was done."""

    TRACK = "track"
    FINDER = "finder"
    EMBED = "embed"
    IFRAME = "iframe"
    SHOPIFY = "shopify"
    DEMO = "demo"


class VisitKind(StrEnum):
    """What was done: `opened` is the page itself, `engaged` that somebody stayed and moved; all others are clicks."""

    OPENED = "opened"
    ENGAGED = "engaged"
    CARRIER_LINK = "carrier_link"
    REDIRECT_LINK = "redirect_link"
    SHOP_LINK = "shop_link"
    SLOT = "slot"
    PRODUCT = "product"
    FAQ = "faq"
    SERVICE = "service"
    CLAIM = "claim"
    CALENDAR = "calendar"
    MAP = "map"
    COPIED = "copied"


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done.

    `order_id` counts the order among those whose page was opened; it is not kept beside the rest. `shipment_number`
    is the parcel's place within the order, from 1.
    """

    shop_id: UUID
    id: UUID
    at: datetime
    kind: VisitKind
    page: Page
    order_id: UUID | None = None
    shipment_number: int | None = None
    language: str | None = None
    slot: str | None = None
    campaign: str | None = None
    after_ms: int | None = None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on a day in UTC; of the orders placed on it those whose page was opened, on whatever day."""

    day: date
    opened: int
    engaged: int
    clicks: int
    orders_placed: int
    orders_opened: int


class SlotClicks(msgspec.Struct, frozen=True):
    """How often what a campaign had put into a slot was clicked."""

    slot: str | None
    campaign: str | None
    clicks: int


class PageUse(msgspec.Struct, frozen=True, kw_only=True):
    """The use of a shop's pages in a span of time; the mappings count openings, but for `clicks`.

    `orders_engaged` are those orders placed in the span on whose page somebody did something.
    """

    kinds: Mapping[VisitKind, int]
    pages: Mapping[str, int]
    languages: Mapping[str | None, int]
    phases: Mapping[str | None, int]
    slots: Sequence[SlotClicks]
    days: Sequence[Day]
    orders_engaged: int

    @property
    def clicks(self) -> Mapping[VisitKind, int]:
        """What was clicked."""
        return {kind: count for kind, count in self.kinds.items() if kind not in (VisitKind.OPENED, VisitKind.ENGAGED)}
