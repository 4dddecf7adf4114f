"""Writes of orders."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import asyncpg

from karla.domain.orders.queries import by_reference_sql, order_from, reference_arguments
from karla.domain.orders.records import Order, Reference
from karla.infra.db import column
from karla.infra.work import Retry, Work

_COLUMNS = {
    "shop_id": "uuid",
    "id": "uuid",
    "order_number": "text",
    "external_id": "text",
    "order_name": "text",
    "order_placed_at": "timestamptz",
    "total_order_price": "numeric",
    "shipping_price": "numeric",
    "sub_total_price": "numeric",
    "discount_price": "numeric",
    "currency": "text",
    "payment_status": "text",
    "email_id": "text",
    "external_customer_id": "text",
    "user_agent": "text",
    "weight": "numeric",
    "expected_number_of_shipments": "integer",
    "segments": "jsonb",
    "address": "jsonb",
    "products": "jsonb",
    "discounts": "jsonb",
    "order_analytics": "jsonb",
    "cancelled_at": "timestamptz",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
}

_SAVE = f"""
    insert into orders ({", ".join(_COLUMNS)})
    select * from unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), 1))})
    on conflict (shop_id, id) do update set
    {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in ("shop_id", "id", "created_at"))}
"""  # noqa: S608 - column names of our own


async def locked_by_references(work: Work, wanted: Iterable[tuple[UUID, Reference]]) -> list[Order]:
    """The orders that the references name, locked until the transaction ends: one lock an order for all who write."""
    rows = await work.connection.fetch(by_reference_sql(lock=True), *reference_arguments(wanted))
    return [order_from(row) for row in rows]


async def save(work: Work, orders: Sequence[Order]) -> None:
    """Write these orders as they are; Retry when another transaction has just made one of them."""
    if not orders:
        return
    # In one order everywhere, so that two batches that make the same orders wait for each other only one way.
    ordered = sorted(orders, key=lambda order: (order.shop_id, order.order_number))
    try:
        await work.connection.execute(
            _SAVE, *(column((getattr(order, name) for order in ordered), kind) for name, kind in _COLUMNS.items())
        )
    except asyncpg.UniqueViolationError as error:
        raise Retry from error
