"""Writes of orders."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from karla.domain.orders.queries import by_reference_sql, order_from, reference_arguments
from karla.domain.orders.records import JSON_COLUMNS, Order, Reference
from karla.infra.recordset import Row, documents, recordset, row_with, rows
from karla.infra.work import Retry, Work

_REST = tuple(name for name in Order.__struct_fields__ if name not in JSON_COLUMNS)
_COLUMNS = (*_REST, *JSON_COLUMNS)
# In the order in which they were given, see `save`.
_SAVE = f"""
    with told as materialized (
        select document::jsonb as members, ordinality
        from unnest($2::text[]) with ordinality as d (document, ordinality)
    )
    insert into orders ({", ".join(_COLUMNS)})
    select {", ".join(_REST)}, {", ".join(f"members->'{name}'" for name in JSON_COLUMNS)}
    from ({recordset("orders", (*_REST, "ordinality"), 1)}) o join told using (ordinality)
    order by ordinality
    on conflict (shop_id, id) do update set
    {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in ("shop_id", "id", "created_at"))}
"""  # noqa: S608 - no value is interpolated


async def locked_by_references(work: Work, wanted: Iterable[tuple[UUID, Reference]]) -> list[Order]:
    """The orders that the references name, locked until the transaction ends: one lock an order for all who write."""
    found = await work.connection.fetch(by_reference_sql(lock=True), *reference_arguments(wanted))
    return [order_from(row) for row in found]


class OrderRow(NamedTuple):
    """An order made ready to be saved: its scalars, and what of it is JSON."""

    scalars: Row
    document: Row


def row_of(order: Order) -> OrderRow:
    """The order as it is to be saved."""
    return OrderRow(row_with(_REST, order), row_with(JSON_COLUMNS, order))


async def save(work: Work, orders: Sequence[OrderRow]) -> None:
    """Write these orders as they are; Retry when another transaction has just made one of them.

    Whoever writes several sorts them by shop and number: two that make the same ones wait only one way then.
    """
    if not orders:
        return
    scalars, jsons = zip(*orders, strict=True)
    try:
        await work.connection.execute(_SAVE, rows(scalars), documents(jsons))
    except asyncpg.UniqueViolationError as error:
        raise Retry from error
