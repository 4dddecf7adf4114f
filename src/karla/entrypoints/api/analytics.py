"""Analytics: how a shop's tracking page is used."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from msgspec import Meta

from karla.domain.insights.queries import page_use
from karla.domain.insights.records import Day, PageUse, VisitKind
from karla.domain.insights.rules import rate
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp, stamp, time_faults
from karla.infra.errors import Fault
from karla.infra.validation import invalid
from karla.vocabulary.scope import Role

TAGS = ["Analytics"]

_SPAN = timedelta(days=30)
_LONGEST = timedelta(days=400)
_NOT_KNOWN = "unknown"


class UseSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which span of time."""

    since: Annotated[datetime, Meta(description="Default: thirty days before `until`.")] | None = None
    until: Annotated[datetime, Meta(description="This moment is not in it. Default: now.")] | None = None
    interval: Annotated[Literal["day"], Meta(description="What each entry of `series` is about, in UTC.")] = "day"


class ClickCounts(msgspec.Struct, kw_only=True):
    """What was clicked, each counted; `total` is all of it.

    `slot` and `product` are what campaigns put on the page. `claim` leads to a report of a problem, `calendar` takes
    the delivery into one, `map` shows the pick-up place, `copied` is a number that was copied.
    """

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


class SlotUse(msgspec.Struct, kw_only=True):
    """Clicks on what one campaign had put into one slot; null where a page didn't say."""

    slot: str | None
    campaign: str | None
    clicks: int


class UseTotals(msgspec.Struct, kw_only=True):
    """The whole span. Rates are shares, 0 to 1; null where there is nothing to have a share of.

    `opened` and `engaged` count pages: opened, and those on which somebody stayed. Of the orders that were placed in
    the span `orders_opened` are those whose page was opened, until today; `orders_engaged` those on whose page
    somebody did something. `open_rate` is a share of the placed, `engagement_rate` of the opened orders.
    """

    opened: int
    engaged: int
    orders_placed: int
    orders_opened: int
    orders_engaged: int
    open_rate: float | None
    engagement_rate: float | None
    clicks: ClickCounts


class DayUse(msgspec.Struct, kw_only=True):
    """A day in UTC; `orders_opened` are of the orders placed on it, whenever they were opened."""

    day: Annotated[str, Meta(extra_json_schema={"format": "date"})]
    opened: int
    engaged: int
    clicks: int
    orders_placed: int
    orders_opened: int


class TrackingPageUse(msgspec.Struct, kw_only=True):
    """How the tracking page was used. The `by_…` count openings, `unknown` being what wasn't told.

    `by_phase` is where the parcel stood. Slots come with the most clicks first, a thousand at most.
    """

    since: Timestamp
    until: Timestamp
    interval: Literal["day"]
    totals: UseTotals
    by_page: dict[str, int]
    by_language: dict[str, int]
    by_phase: dict[str, int]
    by_slot: list[SlotUse]
    series: list[DayUse]


@get(
    "/v1/shops/{slug:str}/analytics/tracking-page",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(UseSearch)},
    operation_id="v1ShopsAnalyticsTrackingPage",
    summary="See how the tracking page is used",
    tags=TAGS,
)
async def tracking_page_use(
    access: NamedDependency[Access], services: NamedDependency[Services], filters: NamedDependency[UseSearch]
) -> TrackingPageUse:
    """Openings, engagement and clicks in a span of 400 days at most, as a whole and day by day.

    Visits are kept as long as events are; which orders were opened, as long as the orders.
    """
    until = (filters.until or services.clock.now()).astimezone(UTC)
    since = (filters.since or until - _SPAN).astimezone(UTC)
    _demand_span(since, until)
    async with services.db.read(access.scope) as connection:
        used = await page_use(access.scope, connection, since, until)
    return TrackingPageUse(
        since=stamp(since),
        until=stamp(until),
        interval=filters.interval,
        totals=_totals(used),
        by_page=dict(used.pages),
        by_language=_named(used.languages),
        by_phase=_named(used.phases),
        by_slot=[SlotUse(slot=one.slot, campaign=one.campaign, clicks=one.clicks) for one in used.slots],
        series=[_day(day) for day in used.days],
    )


def _demand_span(since: datetime, until: datetime) -> None:
    """Invalid for times of no order, a span that is none, or too long."""
    faults = time_faults([(("query", "since"), since), (("query", "until"), until)])
    if not faults and since >= until:
        faults = [Fault(("query", "until"), "Must be after `since`", "range_invalid")]
    if not faults and until - since > _LONGEST:
        faults = [Fault(("query", "since"), f"Must be at most {_LONGEST.days} days before `until`", "range_too_long")]
    if faults:
        raise invalid(faults)


def _totals(used: PageUse) -> UseTotals:
    placed = sum(day.orders_placed for day in used.days)
    opened = sum(day.orders_opened for day in used.days)
    clicks = {str(kind): count for kind, count in used.clicks.items()}
    return UseTotals(
        opened=used.kinds[VisitKind.OPENED],
        engaged=used.kinds[VisitKind.ENGAGED],
        orders_placed=placed,
        orders_opened=opened,
        orders_engaged=used.orders_engaged,
        open_rate=rate(opened, placed),
        engagement_rate=rate(used.orders_engaged, opened),
        clicks=ClickCounts(total=sum(clicks.values()), **clicks),
    )


def _day(day: Day) -> DayUse:
    return DayUse(
        day=day.day.isoformat(),
        opened=day.opened,
        engaged=day.engaged,
        clicks=day.clicks,
        orders_placed=day.orders_placed,
        orders_opened=day.orders_opened,
    )


def _named(counted: Mapping[str | None, int]) -> dict[str, int]:
    return {name or _NOT_KNOWN: count for name, count in counted.items()}


HANDLERS = (tracking_page_use,)
