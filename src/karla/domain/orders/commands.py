"""Writes of orders."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from karla.domain.orders.queries import by_reference_sql, order_from, reference_arguments
from karla.domain.orders.records import Order, Reference
from karla.infra.recordset import recordset, rows
from karla.infra.work import Retry, Work

_COLUMNS = Order.__struct_fields__
_SAVE = f"""
    insert into orders ({", ".join(_COLUMNS)}) {recordset("orders", _COLUMNS, 1)}
    on conflict (shop_id, id) do update set
    {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in ("shop_id", "id", "created_at"))}
"""


async def locked_by_references(work: Work, wanted: Iterable[tuple[UUID, Reference]]) -> list[Order]:
    """The orders that the references name, locked until the transaction ends: one lock an order for all who write."""
    rows = await work.connection.fetch(by_reference_sql(lock=True), *reference_arguments(wanted))
    return [order_from(row) for row in rows]


async def save(work: Work, orders: Sequence[Order]) -> None:
    """Write these orders as they are; Retry when another transaction has just made one of them.

    Whoever writes several sorts them by shop and number: two that make the same ones wait only one way then.
    """
    if not orders:
        return
    try:
        await work.connection.execute(_SAVE, rows(orders))
    except asyncpg.UniqueViolationError as error:
        raise Retry from error
