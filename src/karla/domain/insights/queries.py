"""Reads of what was done on pages."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import asyncpg

from karla.domain.insights.records import Day, PageUse, SlotClicks, VisitKind
from karla.domain.insights.rules import days_between
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

_BY_DAY: Final = """
    select date_trunc('day', at, 'UTC') as day, kind, count(*) as visits
    from page_visits where shop_id = $1 and at >= $2 and at < $3
    group by 1, 2
"""
_OPENED_BY: Final = """
    select grouping(page, language, phase) as places, page, language, phase, count(*) as visits
    from page_visits where shop_id = $1 and at >= $2 and at < $3 and kind = $4
    group by grouping sets ((page), (language), (phase))
"""
_SLOTS: Final = """
    select slot, campaign, count(*) as visits
    from page_visits where shop_id = $1 and at >= $2 and at < $3 and kind = any ($4::text[])
    group by slot, campaign order by visits desc, slot, campaign
    limit 1000
"""
_ORDERS: Final = """
    select date_trunc('day', o.order_placed_at, 'UTC') as day, count(*) as placed, count(p.order_id) as opened,
           count(*) filter (where p.engaged) as engaged
    from orders o left join page_openings p on p.shop_id = o.shop_id and p.order_id = o.id
    where o.shop_id = $1 and o.order_placed_at >= $2 and o.order_placed_at < $3
    group by 1
"""
_ONE_OF_THREE: Final = {0b011: "page", 0b101: "language", 0b110: "phase"}


async def page_use(scope: Scope, connection: Connection, since: datetime, until: datetime) -> PageUse:
    """The use of the pages of the scope's one shop from `since` to before `until`, both in UTC."""
    span = scope.shop, since, until
    visits = await connection.fetch(_BY_DAY, *span)
    opened = await connection.fetch(_OPENED_BY, *span, VisitKind.OPENED)
    slots = await connection.fetch(_SLOTS, *span, [VisitKind.SLOT, VisitKind.PRODUCT])
    orders = await connection.fetch(_ORDERS, *span)
    by: dict[str, dict[str | None, int]] = {name: {} for name in _ONE_OF_THREE.values()}
    for row in opened:
        name = _ONE_OF_THREE[row["places"]]
        by[name][row[name]] = row["visits"]
    return PageUse(
        kinds=_summed((VisitKind(row["kind"]), row["visits"]) for row in visits),
        pages={str(page): count for page, count in by["page"].items()},
        languages=by["language"],
        phases=by["phase"],
        slots=[SlotClicks(row["slot"], row["campaign"], row["visits"]) for row in slots],
        days=_days(days_between(since, until), visits, orders),
        orders_engaged=sum(row["engaged"] for row in orders),
    )


def _summed(counts: Iterable[tuple[VisitKind, int]]) -> dict[VisitKind, int]:
    total = dict.fromkeys(VisitKind, 0)
    for kind, count in counts:
        total[kind] += count
    return total


def _days(days: list[date], visits: list[asyncpg.Record], orders: list[asyncpg.Record]) -> list[Day]:
    counted = {(row["day"].date(), VisitKind(row["kind"])): int(row["visits"]) for row in visits}
    placed = {row["day"].date(): row for row in orders}
    clicked = [kind for kind in VisitKind if kind not in (VisitKind.OPENED, VisitKind.ENGAGED)]
    return [
        Day(
            day=day,
            opened=counted.get((day, VisitKind.OPENED), 0),
            engaged=counted.get((day, VisitKind.ENGAGED), 0),
            clicks=sum(counted.get((day, kind), 0) for kind in clicked),
            orders_placed=placed[day]["placed"] if day in placed else 0,
            orders_opened=placed[day]["opened"] if day in placed else 0,
        )
        for day in days
    ]
