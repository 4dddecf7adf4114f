"""What PostgreSQL does for a search of Karla's: the plans of the very statements that the query sends."""

from typing import Any, cast

import asyncpg

from benchmarks.stage import Stage
from karla.domain.shipments.queries.search import OrderFilter, search_orders
from karla.domain.subscribers.journal import Journal
from karla.infra.access import scope_of
from karla.infra.db import Database
from karla.infra.paging import Paged
from karla.infra.work import Connection


class _Explaining:
    """A connection that has each statement explained before it is carried out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.plans: list[str] = []

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        rows = await self._connection.fetch(f"explain (analyze, buffers) {statement}", *values)
        self.plans.append("\n".join(str(row[0]) for row in rows))
        return await self._connection.fetch(statement, *values)


async def explained_search(it: Stage, title: str, wanted: OrderFilter) -> str:
    """The plans of a search as Markdown."""
    db = await Database.open(it.url, announce=Journal, pool_size=1)
    scope = scope_of([it.shop_id])
    try:
        async with db.read(scope) as connection:
            explaining = _Explaining(connection)
            await search_orders(scope, cast(Connection, explaining), wanted, Paged(per_page=20))
    finally:
        await db.close()
    plans = "\n\n".join(explaining.plans)
    return f"\n<details><summary>{title}: the plans</summary>\n\n```\n{plans}\n```\n\n</details>"
