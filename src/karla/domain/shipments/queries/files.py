"""Reads of orders with all their shipments and timelines.

An order's file comes as one JSON document: one round trip for all its rows, and decoded straight into records.
"""

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment, TimelineEvent
from karla.domain.shipments.rules.timelines import chronological
from karla.infra.json_text import dec_hook
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

Key: TypeAlias = tuple[UUID, UUID]
"""A shop, and the id of something of it."""

_PARCELS = """
    'shipments', (
        select coalesce(json_agg(s order by s.position), '[]') from shipments s
        where s.shop_id = o.shop_id and s.order_id = o.id
    ),
    'timeline', (
        select coalesce(json_agg(e), '[]') from shipment_events e
        where e.shop_id = o.shop_id and e.shipment_id = any (array(
            select s.id from shipments s where s.shop_id = o.shop_id and s.order_id = o.id))
    )
"""
DOCUMENT = f"json_build_object('order', o, {_PARCELS})::text"
"""The file of an order `o` of the table, as a column of a select."""

_PARCELS_OF = f"""
    select json_build_object({_PARCELS})::text
    from unnest($1::uuid[], $2::uuid[]) with ordinality as o (shop_id, id, place)
    where o.shop_id = any ($3::uuid[])
    order by o.place
"""  # noqa: S608 - no value is interpolated


class _Parcels(msgspec.Struct, frozen=True):
    shipments: tuple[Shipment, ...]
    timeline: tuple[TimelineEvent, ...]


_file = msgspec.json.Decoder(OrderFile, dec_hook=dec_hook).decode
_parcels = msgspec.json.Decoder(_Parcels).decode


async def files_of(scope: Scope, connection: Connection, orders: Sequence[Order]) -> list[OrderFile]:
    """Each order with its parcels and their timelines, in the order given: one query for all of them.

    Orders outside of the scope are left out.
    """
    if not orders:
        return []
    rows = await connection.fetch(
        _PARCELS_OF, [order.shop_id for order in orders], [order.id for order in orders], list(scope.shops)
    )
    within = [order for order in orders if order.shop_id in scope.shops]
    parcels = [_parcels(row[0]) for row in rows]
    return [
        OrderFile(order, told.shipments, chronological(told.timeline))
        for order, told in zip(within, parcels, strict=True)
    ]


def file_from(document: str) -> OrderFile:
    """An order's file of its `DOCUMENT`."""
    file = _file(document)
    return OrderFile(file.order, file.shipments, chronological(file.timeline))
