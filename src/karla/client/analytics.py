"""How a shop's tracking page is used, as the API answers it, and which span of time it is asked about."""

from datetime import datetime
from typing import Literal, TypedDict

import msgspec

from karla.client.bodies import Time


class UseFilters(TypedDict, total=False):
    """Which span: the last thirty days unless told; `until` is not in it."""

    since: Time
    until: Time
    interval: Literal["day"]


class ClickCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was clicked, each counted; `slot` and `product` are what campaigns put on the page."""

    total: int
    carrier_link: int
    redirect_link: int
    shop_link: int
    slot: int
    product: int
    faq: int
    service: int
    claim: int
    calendar: int
    map: int
    copied: int


class SlotUse(msgspec.Struct, frozen=True, kw_only=True):
    """Clicks on what one campaign had put into one slot; None where a page didn't say."""

    slot: str | None
    campaign: str | None
    clicks: int


class UseTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The whole span. Rates are shares, 0 to 1; None where there is nothing to have a share of.

    `opened` and `engaged` count pages. The orders are those placed in the span: how many of them were opened until
    today, and on how many pages somebody did something.
    """

    opened: int
    engaged: int
    orders_placed: int
    orders_opened: int
    orders_engaged: int
    open_rate: float | None
    engagement_rate: float | None
    clicks: ClickCounts


class DayUse(msgspec.Struct, frozen=True, kw_only=True):
    """A day in UTC, as `2026-03-16`; `orders_opened` are of the orders placed on it, whenever they were opened."""

    day: str
    opened: int
    engaged: int
    clicks: int
    orders_placed: int
    orders_opened: int


class TrackingPageUse(msgspec.Struct, frozen=True, kw_only=True):
    """How the tracking page was used; the `by_…` count openings, `unknown` being what wasn't told."""

    since: datetime
    until: datetime
    interval: str
    totals: UseTotals
    by_page: dict[str, int]
    by_language: dict[str, int]
    by_phase: dict[str, int]
    by_slot: list[SlotUse]
    series: list[DayUse]
