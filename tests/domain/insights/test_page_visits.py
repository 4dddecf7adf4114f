"""Visits as they are written and read in the room."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from karla.domain.insights.commands import record_visits
from karla.domain.insights.queries import page_use
from karla.domain.insights.records import Page, PageUse, Visit, VisitKind
from karla.infra.access import scope_of
from karla.vocabulary.scope import Scope
from tests.support.clocks import NOON
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample

DAY = timedelta(days=1)


@pytest.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


def visit(shop: ShopClient, kind: VisitKind = VisitKind.OPENED, at: datetime = NOON, **more: Any) -> Visit:
    return Visit(shop_id=shop.shop.id, id=uuid4(), at=at, kind=kind, page=Page.TRACK, **more)


async def record(karla: Karla, scope: Scope, *visits: Visit) -> None:
    await karla.services.db.write(scope, lambda work: record_visits(work, visits))


async def use(karla: Karla, shop: ShopClient, since: datetime = NOON - DAY, until: datetime = NOON + DAY) -> PageUse:
    scope = scope_of([shop.shop.id])
    async with karla.services.db.read(scope) as connection:
        return await page_use(scope, connection, since, until)


async def order_of(shop: ShopClient, **members: Any) -> dict[str, Any]:
    body = sample("order_upsert.request.headless")
    body["order"] |= {"order_placed_at": NOON.isoformat(), **members}
    found: dict[str, Any] = (await shop.put("/orders", body)).json()
    return found


async def openings(karla: Karla, shop: ShopClient) -> list[tuple[Any, ...]]:
    async with karla.services.db.read(scope_of([shop.shop.id])) as connection:
        rows = await connection.fetch(
            "select order_id, openings, engaged, last_opened_at - first_opened_at as span from page_openings "
            "where shop_id = $1",
            shop.shop.id,
        )
    return [tuple(row) for row in rows]


async def test_visits_of_several_shops_are_written_at_once_and_told_apart(karla: Karla, shop: ShopClient) -> None:
    other = await karla.shop()
    scope = scope_of([shop.shop.id, other.shop.id])
    await record(karla, scope, visit(shop), visit(shop), visit(other, VisitKind.FAQ))
    ours, theirs = await use(karla, shop), await use(karla, other)
    assert (ours.kinds[VisitKind.OPENED], theirs.kinds[VisitKind.OPENED]) == (2, 0)
    assert (ours.kinds[VisitKind.FAQ], theirs.kinds[VisitKind.FAQ]) == (0, 1)


async def test_a_scope_bounds_what_is_written(karla: Karla, shop: ShopClient) -> None:
    other = await karla.shop()
    order = await order_of(other)
    stranger = visit(other, order_id=UUID(order["uuid"]))
    await record(karla, scope_of([shop.shop.id]), visit(shop), stranger)
    assert (await use(karla, other)).kinds[VisitKind.OPENED] == 0
    assert await openings(karla, other) == []


async def test_what_is_gone_meanwhile_keeps_nothing_else_from_being_counted(karla: Karla, shop: ShopClient) -> None:
    gone = visit(shop, order_id=uuid4())
    nowhere = Visit(shop_id=uuid4(), id=uuid4(), at=NOON, kind=VisitKind.OPENED, page=Page.TRACK)
    await record(karla, scope_of([shop.shop.id, nowhere.shop_id]), gone, nowhere, visit(shop))
    assert (await use(karla, shop)).kinds[VisitKind.OPENED] == 2
    assert await openings(karla, shop) == []


async def test_an_order_keeps_how_often_it_was_opened_and_takes_it_along(karla: Karla, shop: ShopClient) -> None:
    order = await order_of(shop)
    scope, order_id = scope_of([shop.shop.id]), UUID(order["uuid"])
    await record(karla, scope, visit(shop, order_id=order_id), visit(shop, at=NOON + DAY / 2, order_id=order_id))
    assert await openings(karla, shop) == [(order_id, 2, False, DAY / 2)]
    later = NOON + DAY
    await record(karla, scope, visit(shop, VisitKind.CARRIER_LINK, later, order_id=order_id))
    await record(karla, scope, visit(shop, at=NOON - DAY, order_id=order_id))
    assert await openings(karla, shop) == [(order_id, 3, True, 2 * DAY)]
    await karla.services.db.write(
        scope,
        lambda work: work.connection.execute(
            "delete from orders where shop_id = $1 and id = $2", shop.shop.id, order_id
        ),
    )
    assert await openings(karla, shop) == []


async def test_the_phase_is_that_of_the_parcel_that_it_was_about(karla: Karla, shop: ShopClient) -> None:
    order = await order_of(shop, expected_number_of_shipments=2)
    numbers = {parcel["phase"]: number for number, parcel in enumerate(order["trackings"], 1)}
    assert len(order["trackings"]) == 2
    order_id = UUID(order["uuid"])
    visits = [
        *(visit(shop, order_id=order_id, shipment_number=number) for number in numbers.values()),
        visit(shop, order_id=order_id),  # which of two, nobody knows
        visit(shop, order_id=order_id, shipment_number=9),
    ]
    await record(karla, scope_of([shop.shop.id]), *visits)
    assert (await use(karla, shop)).phases == {**dict.fromkeys(numbers, 1), None: 2}


async def test_of_a_lone_parcel_nobody_needs_the_number(karla: Karla, shop: ShopClient) -> None:
    order = await order_of(shop, expected_number_of_shipments=1)
    (parcel,) = order["trackings"]
    await record(karla, scope_of([shop.shop.id]), visit(shop, order_id=UUID(order["uuid"])))
    assert (await use(karla, shop)).phases == {parcel["phase"]: 1}


async def test_a_span_has_its_first_moment_and_not_its_last(karla: Karla, shop: ShopClient) -> None:
    await record(karla, scope_of([shop.shop.id]), visit(shop), visit(shop, at=NOON + DAY))
    assert (await use(karla, shop, NOON, NOON + DAY)).kinds[VisitKind.OPENED] == 1
