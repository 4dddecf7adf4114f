"""How the tracking page is used: counted right, by day, and for the shop alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from karla.domain.insights.commands import record_visits
from karla.domain.insights.records import Page, Visit, VisitKind
from karla.infra.access import scope_of
from karla.infra.ids import new_id
from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample
from tests.support.visits import beacon, session_of

MONDAY = datetime(2026, 3, 16, 23, 30, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(hours=1)
SPAN = {"since": "2026-03-16T00:00:00+00:00", "until": "2026-03-19T00:00:00+00:00"}


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def order_of(shop: ShopClient, number: str, placed: datetime) -> UUID:
    body = sample("order_upsert.request.headless") | {"id": number}
    body["order"] |= {"order_number": number, "external_id": number, "order_placed_at": placed.isoformat()}
    body["trackings"] = []
    return UUID((await shop.put("/orders", body)).json()["uuid"])


async def record(karla: Karla, shop: ShopClient, *visits: tuple[VisitKind, datetime, dict[str, Any]]) -> None:
    made = [
        Visit(shop_id=shop.shop.id, id=new_id(), at=at, kind=kind, **{"page": Page.TRACK, **more})
        for kind, at, more in visits
    ]
    await karla.services.db.write(scope_of([shop.shop.id]), lambda work: record_visits(work, made))


async def use(shop: ShopClient, **params: Any) -> dict[str, Any]:
    answer = await shop.get("/analytics/tracking-page", **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_everything_is_counted_as_a_whole_and_by_day(karla: Karla, shop: ShopClient) -> None:
    first, second = await order_of(shop, "1", MONDAY), await order_of(shop, "2", MONDAY)
    await order_of(shop, "3", TUESDAY)
    await record(
        karla,
        shop,
        (VisitKind.OPENED, MONDAY, {"order_id": first, "language": "de"}),
        (VisitKind.OPENED, TUESDAY, {"order_id": first, "language": "en", "page": Page.EMBED}),
        (VisitKind.OPENED, TUESDAY, {"order_id": second, "language": "de"}),
        (VisitKind.OPENED, TUESDAY, {"page": Page.FINDER}),
        (VisitKind.ENGAGED, TUESDAY, {"order_id": second}),
        (VisitKind.CARRIER_LINK, TUESDAY, {"order_id": second}),
        (VisitKind.SLOT, TUESDAY, {"slot": "banner", "campaign": "spring"}),
        (VisitKind.SLOT, TUESDAY, {"slot": "banner", "campaign": "spring"}),
        (VisitKind.PRODUCT, MONDAY, {"slot": "products"}),
    )
    found = await use(shop, **SPAN)
    totals = found["totals"]
    clicks = totals.pop("clicks")
    assert totals == {
        "opened": 4,
        "engaged": 1,
        "orders_placed": 3,
        "orders_opened": 2,
        "orders_engaged": 1,
        "open_rate": 0.6667,
        "engagement_rate": 0.5,
    }
    assert {name: count for name, count in clicks.items() if count} == {
        "total": 4,
        "carrier_link": 1,
        "slot": 2,
        "product": 1,
    }
    assert found["by_page"] == {"track": 2, "embed": 1, "finder": 1}
    assert found["by_language"] == {"de": 2, "en": 1, "unknown": 1}
    assert sum(found["by_phase"].values()) == 4
    assert found["by_slot"] == [
        {"slot": "banner", "campaign": "spring", "clicks": 2},
        {"slot": "products", "campaign": None, "clicks": 1},
    ]
    assert found["series"] == [
        {"day": "2026-03-16", "opened": 1, "engaged": 0, "clicks": 1, "orders_placed": 2, "orders_opened": 2},
        {"day": "2026-03-17", "opened": 3, "engaged": 1, "clicks": 3, "orders_placed": 1, "orders_opened": 0},
        {"day": "2026-03-18", "opened": 0, "engaged": 0, "clicks": 0, "orders_placed": 0, "orders_opened": 0},
    ]


async def test_what_a_beacon_tells_is_there_at_once_it_is_written(karla: Karla, shop: ShopClient) -> None:
    body = sample("order_upsert.request.headless")
    body["order"]["order_placed_at"] = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    order = (await shop.put("/orders", body)).json()
    await beacon(karla, shop, "opened", "engaged", "faq", session=session_of(karla, shop, order), language="nl")
    await karla.services.visits.write()
    found = await use(shop)
    assert (found["totals"]["opened"], found["totals"]["clicks"]["faq"]) == (1, 1)
    assert found["totals"]["open_rate"] == 1.0
    assert found["by_language"] == {"nl": 1}
    assert len(found["series"]) == 31
    assert found["series"][-1]["opened"] == 1


async def test_without_visits_there_are_no_rates(shop: ShopClient) -> None:
    totals = (await use(shop))["totals"]
    assert (totals["opened"], totals["open_rate"], totals["engagement_rate"]) == (0, None, None)


async def test_times_of_any_zone_are_days_in_utc(karla: Karla, shop: ShopClient) -> None:
    await record(karla, shop, (VisitKind.OPENED, TUESDAY, {}))
    found = await use(shop, since="2026-03-17T01:00:00+01:00", until="2026-03-18T01:00:00+01:00")
    assert [(day["day"], day["opened"]) for day in found["series"]] == [("2026-03-17", 1)]
    assert found["since"] == "2026-03-17T00:00:00+00:00"


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"since": SPAN["until"], "until": SPAN["since"]}, "range_invalid"),
        ({"since": "2024-01-01T00:00:00+00:00", "until": SPAN["until"]}, "range_too_long"),
        ({"since": "1066-10-14T00:00:00+00:00"}, "datetime_out_of_range"),
        ({"since": "yesterday"}, None),
        ({"interval": "hour"}, None),
        ({"util": SPAN["until"]}, None),
    ],
)
async def test_a_span_that_is_none_is_refused(shop: ShopClient, params: dict[str, str], kind: str | None) -> None:
    answer = await shop.get("/analytics/tracking-page", **params)
    assert answer.status_code == 422
    assert kind is None or answer.json()["errors"][0]["type"] == kind


async def test_a_viewer_sees_it_and_another_shop_does_not(karla: Karla, shop: ShopClient) -> None:
    viewer, stranger = await karla.key_for(shop.shop, Role.VIEWER), await karla.shop()
    assert (await viewer.get("/analytics/tracking-page")).status_code == 200
    answer = await stranger.get(f"/v1/shops/{shop.slug}/analytics/tracking-page")
    assert answer.status_code == 403
