"""Reads of orders."""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders.records import JSON_COLUMNS, Order, Reference, ReferenceKind
from karla.infra.json_text import JsonText
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

# Most of an order comes quicker as columns than within a document that PostgreSQL makes of it, and its JSON quicker as
# one text than value by value.
_JSON = ", ',', ".join(f"""'"{name}":', o.{name}""" for name in JSON_COLUMNS)
COLUMNS = f"""
    o.shop_id, o.id, o.order_number, o.external_id, o.order_name, o.order_placed_at, o.total_order_price,
    o.shipping_price, o.sub_total_price, o.discount_price, o.currency, o.payment_status, o.email_id,
    o.external_customer_id, o.user_agent, o.weight, o.expected_number_of_shipments, o.cancelled_at, o.created_at,
    o.updated_at, concat('{{', {_JSON}, '}}')
"""
"""What `order_from` reads of an order `o` of the table."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

# Each kind of reference by an index of its own: an OR over the columns would use none of them.
_FOUND_BY_REFERENCE = """
    select o.shop_id, o.id from orders o
    join unnest($1::uuid[], $2::text[]) as w (shop_id, value)
        on o.shop_id = w.shop_id and o.order_number = w.value
    union
    select o.shop_id, o.id from orders o
    join unnest($3::uuid[], $4::text[]) as w (shop_id, value)
        on o.shop_id = w.shop_id and o.external_id = w.value
    union
    select o.shop_id, o.id from orders o
    join unnest($5::uuid[], $6::text[]) as w (shop_id, value)
        on o.shop_id = w.shop_id and o.order_name = w.value
    union
    select w.shop_id, w.id from unnest($7::uuid[], $8::uuid[]) as w (shop_id, id)
"""


def by_reference_sql(lock: bool) -> str:
    """Orders by any of four kinds of reference; locked in one fixed order, so that two batches can't deadlock."""
    return f"""
        with wanted as ({_FOUND_BY_REFERENCE})
        select {COLUMNS} from orders o join wanted w on o.shop_id = w.shop_id and o.id = w.id
        order by o.id {"for update of o" if lock else ""}
    """  # noqa: S608 - no value is interpolated


def reference_arguments(wanted: Iterable[tuple[UUID, Reference]]) -> list[list[object]]:
    """The eight arrays of `by_reference_sql`; a UUID that is none refers to nothing."""
    arrays: dict[ReferenceKind, tuple[list[object], list[object]]] = {
        kind: ([], [])
        for kind in (
            ReferenceKind.ORDER_NUMBER,
            ReferenceKind.EXTERNAL_ID,
            ReferenceKind.ORDER_NAME,
            ReferenceKind.UUID,
        )
    }
    for shop_id, reference in wanted:
        value: object = reference.value
        if reference.kind is ReferenceKind.UUID:
            value = uuid_or_none(reference.value)
            if value is None:
                continue
        shops, values = arrays[reference.kind]
        shops.append(shop_id)
        values.append(value)
    return [array for pair in arrays.values() for array in pair]


def uuid_or_none(text: str) -> UUID | None:
    """The UUID that `text` is in its usual form; 32 digits without dashes are a shop system's own id."""
    return UUID(text) if _UUID.fullmatch(text) else None


async def orders_by_references(scope: Scope, connection: Connection, references: Sequence[Reference]) -> list[Order]:
    """Every order of the scope's shops that one of the references names."""
    wanted = [(shop, reference) for shop in scope.shops for reference in references]
    rows = await connection.fetch(by_reference_sql(lock=False), *reference_arguments(wanted))
    return [order_from(row) for row in rows]


class _Json(msgspec.Struct, frozen=True):
    segments: list[str]
    address: dict[str, Any]
    products: msgspec.Raw
    discounts: msgspec.Raw
    order_analytics: dict[str, Any]


_json = msgspec.json.Decoder(_Json).decode


def order_from(row: Iterable[Any]) -> Order:
    """An order of a row of `COLUMNS`."""
    # Name by name, as that takes a third of the time of a mapping.
    (
        shop_id, order_id, order_number, external_id, order_name, order_placed_at, total_order_price,
        shipping_price, sub_total_price, discount_price, currency, payment_status, email_id,
        external_customer_id, user_agent, weight, expected_number_of_shipments, cancelled_at, created_at,
        updated_at, text,
    ) = row  # fmt: skip
    json = _json(text)
    return Order(
        shop_id=shop_id,
        id=order_id,
        order_number=order_number,
        external_id=external_id,
        order_name=order_name,
        order_placed_at=order_placed_at,
        total_order_price=total_order_price,
        shipping_price=shipping_price,
        sub_total_price=sub_total_price,
        discount_price=discount_price,
        currency=currency,
        payment_status=payment_status,
        email_id=email_id,
        external_customer_id=external_customer_id,
        user_agent=user_agent,
        weight=weight,
        expected_number_of_shipments=expected_number_of_shipments,
        segments=json.segments,
        address=json.address,
        products=JsonText(json.products),
        discounts=JsonText(json.discounts),
        order_analytics=json.order_analytics,
        cancelled_at=cancelled_at,
        created_at=created_at,
        updated_at=updated_at,
    )
