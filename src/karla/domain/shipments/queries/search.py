"""Searches over orders and shipments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from karla.domain.orders.queries import orders_by_references, uuid_or_none
from karla.domain.orders.records import Reference, ReferenceKind
from karla.domain.shipments.queries.files import DOCUMENT, file_from, files_of
from karla.domain.shipments.queries.rows import COLUMNS, shipment_from
from karla.domain.shipments.records import OrderFile, Shipment
from karla.infra.errors import Conflict, NotFound
from karla.infra.paging import Paged
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders; None is "any". The two placed bounds are inclusive."""

    uuid: UUID | None = None
    order_number: str | None = None
    order_name: str | None = None
    external_id: str | None = None
    email_id: str | None = None
    zip_code: str | None = None
    order_placed_from: datetime | None = None
    order_placed_to: datetime | None = None
    shipment_updated_since: datetime | None = None


class ShipmentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which shipments; None is "any". `orders` are the orders that a reference was found to mean."""

    orders: tuple[UUID, ...] | None = None
    tracking_number: str | None = None
    carrier_reference: str | None = None
    phase: str | None = None
    direction: str | None = None
    updated_since: datetime | None = None


_ORDER_CONDITIONS = {
    "uuid": "o.id = {}",
    "order_number": "o.order_number = {}",
    "order_name": "o.order_name = {}",
    "external_id": "o.external_id = {}",
    "email_id": "o.email_lower = lower({})",
    "zip_code": "o.zip_code = {}",
    "order_placed_from": "o.order_placed_at >= {}",
    "order_placed_to": "o.order_placed_at <= {}",
    "shipment_updated_since": (
        "exists (select from shipments s where s.shop_id = o.shop_id and s.order_id = o.id and s.updated_at >= {})"
    ),
}
_SHIPMENT_CONDITIONS = {
    "orders": "s.order_id = any ({})",
    "tracking_number": "s.tracking_number = {}",
    "carrier_reference": "s.carrier_reference = {}",
    "phase": "s.phase = {}",
    "direction": "s.direction = {}",
    "updated_since": "s.updated_at >= {}",
}


def _where(conditions: dict[str, str], wanted: msgspec.Struct, first: int) -> tuple[str, list[object]]:
    """The conditions that are asked for and their values; only these, so that each search can use its index."""
    clauses: list[str] = []
    values: list[object] = []
    for name, condition in conditions.items():
        value = getattr(wanted, name)
        if value is not None:
            clauses.append(" and " + condition.format(f"${first + len(values)}"))
            values.append(value)
    return "".join(clauses), values


async def search_orders(scope: Scope, connection: Connection, wanted: OrderFilter, paged: Paged) -> list[OrderFile]:
    """Orders with their parcels, newest placed first."""
    where, values = _where(_ORDER_CONDITIONS, wanted, 4)
    rows = await connection.fetch(
        f"""
        select {DOCUMENT}
        from (
            select o.* from orders o where o.shop_id = $1{where}
            order by o.order_placed_at desc, o.id limit $2 offset $3
        ) o
        order by o.order_placed_at desc, o.id
        """,  # noqa: S608 - conditions of our own
        scope.shop,
        paged.per_page,
        paged.offset,
        *values,
    )
    return [file_from(row[0]) for row in rows]


_BY_ANY_REFERENCE = f"""
    select wanted.place, named.kind, {DOCUMENT}
    from unnest($2::text[], $3::uuid[]) with ordinality as wanted (text, id, place)
    cross join lateral (
        select o.id, 1 as kind from orders o where o.shop_id = $1 and o.id = wanted.id
        union all
        select o.id, 2 from orders o where o.shop_id = $1 and o.order_number = wanted.text
        union all
        select o.id, 3 from orders o where o.shop_id = $1 and o.external_id = wanted.text
        union all
        select o.id, 4 from orders o where o.shop_id = $1 and o.order_name = wanted.text
        union all (
            select s.order_id, 5 from shipments s where s.shop_id = $1 and s.tracking_number = wanted.text
            order by s.created_at desc limit 1
        )
        order by kind limit 2
    ) named
    join orders o on o.shop_id = $1 and o.id = named.id
    order by wanted.place, named.kind
"""  # noqa: S608 - no value is interpolated


async def orders_by_any_reference(
    scope: Scope, connection: Connection, texts: Sequence[str]
) -> list[str | NotFound | Conflict]:
    """For each text the document (see `file_from`) of the order that it names: as UUID, order number, external id,
    order name or a parcel's tracking number.

    The surest kind that finds something decides; a Conflict when that finds several.
    """
    rows = await connection.fetch(_BY_ANY_REFERENCE, scope.shop, texts, [uuid_or_none(text) for text in texts])
    found: list[list[Record]] = [[] for _ in texts]
    for row in rows:
        found[row[0] - 1].append(row)
    return [_only(candidates) for candidates in found]


def _only(candidates: Sequence[Record]) -> str | NotFound | Conflict:
    """What at most two rows, the surest first, say."""
    if not candidates:
        return NotFound("order_not_found", "The requested order does not exist.")
    surest, *others = candidates
    if others and others[0][1] == surest[1]:
        return Conflict("order_ambiguous", "Several orders have this name; use the order number or external id.")
    return str(surest[2])


async def search_shipments(
    scope: Scope, connection: Connection, wanted: ShipmentFilter, paged: Paged
) -> list[tuple[OrderFile, Shipment]]:
    """Parcels with the order that each belongs to, last updated first."""
    where, values = _where(_SHIPMENT_CONDITIONS, wanted, 4)
    rows = await connection.fetch(
        f"select {COLUMNS} from shipments s where s.shop_id = $1{where}"  # noqa: S608 - conditions of our own
        " order by s.updated_at desc, s.id limit $2 offset $3",
        scope.shop,
        paged.per_page,
        paged.offset,
        *values,
    )
    shipments = [shipment_from(row) for row in rows]
    return await _with_files(scope, connection, shipments)


async def shipment_by_any_reference(scope: Scope, connection: Connection, text: str) -> tuple[OrderFile, Shipment]:
    """The shipment that `text` names (see `demand_shipment`), with the file of its order."""
    ((file, shipment),) = await _with_files(scope, connection, [await demand_shipment(scope, connection, text)])
    return file, shipment


async def demand_shipment(scope: Scope, connection: Connection, text: str) -> Shipment:
    """The shipment that `text` names: as UUID, tracking number or external id, the surest kind that finds one.

    Of several by one kind it is the newest. NotFound when there is none.
    """
    row = await connection.fetchrow(
        f"""
        select {COLUMNS} from (
            select s.*, 1 as kind from shipments s where s.shop_id = $1 and s.id = $2
            union all
            select s.*, 2 from shipments s where s.shop_id = $1 and s.tracking_number = $3
            union all
            select s.*, 3 from shipments s where s.shop_id = $1 and s.external_shipment_id = $3
            order by kind, created_at desc, id limit 1
        ) s
        """,  # noqa: S608 - no value is interpolated
        scope.shop,
        uuid_or_none(text),
        text,
    )
    if row is None:
        raise NotFound("shipment_not_found", "The requested shipment does not exist.")
    return shipment_from(row)


async def order_ids_by_reference(scope: Scope, connection: Connection, text: str) -> tuple[UUID, ...]:
    """The orders that `text` may mean, for a filter; none is no error there."""
    found = await orders_by_references(scope, connection, [Reference(kind, text) for kind in ReferenceKind])
    return tuple(order.id for order in found)


async def shipment_ids_by_reference(scope: Scope, connection: Connection, text: str) -> tuple[UUID, ...]:
    """The shipments that `text` may mean, for a filter; none is no error there."""
    rows = await connection.fetch(
        """
        select s.id from shipments s where s.shop_id = $1 and s.id = $2
        union
        select s.id from shipments s where s.shop_id = $1 and s.tracking_number = $3
        union
        select s.id from shipments s where s.shop_id = $1 and s.external_shipment_id = $3
        """,
        scope.shop,
        uuid_or_none(text),
        text,
    )
    return tuple(row["id"] for row in rows)


async def _with_files(
    scope: Scope, connection: Connection, shipments: list[Shipment]
) -> list[tuple[OrderFile, Shipment]]:
    ids = list({shipment.order_id for shipment in shipments})
    orders = await orders_by_references(
        scope, connection, [Reference(ReferenceKind.UUID, str(order_id)) for order_id in ids]
    )
    files = {file.order.id: file for file in await files_of(scope, connection, orders)}
    return [(files[shipment.order_id], shipment) for shipment in shipments]
