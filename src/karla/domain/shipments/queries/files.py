"""Reads of orders with all their shipments and timelines.

An order's file comes as one JSON document: one round trip for all its rows, and decoded straight into records.
"""

from collections.abc import Collection, Sequence
from typing import TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.records import Consignment, Observation, OrderFile, Shipment, TimelineEvent
from karla.domain.shipments.rules.phases import MOVES_NOTHING
from karla.domain.shipments.rules.timelines import chronological
from karla.infra.work import Connection
from karla.vocabulary.events import Direction, Flag, Phase, State
from karla.vocabulary.scope import Scope

Key: TypeAlias = tuple[UUID, UUID]
"""A shop, and the id of something of it."""

_SHIPMENTS = """
    'shipments', (
        select coalesce(json_agg(s order by s.position), '[]') from shipments s
        where s.shop_id = o.shop_id and s.order_id = o.id
    )
"""
_PARCELS = f"""
    {_SHIPMENTS},
    'timeline', (
        select coalesce(json_agg(e), '[]') from shipment_events e
        where e.shop_id = o.shop_id and e.shipment_id = any (array(
            select s.id from shipments s where s.shop_id = o.shop_id and s.order_id = o.id))
    )
"""  # noqa: S608 - no value is interpolated
DOCUMENT = f"json_build_object('order', o, {_PARCELS})::text"
"""The file of an order `o` of the table, as a column of a select."""

_PARCELS_OF = f"""
    select json_build_object({_PARCELS})::text
    from unnest($1::uuid[], $2::uuid[]) with ordinality as o (shop_id, id, place)
    where o.shop_id = any ($3::uuid[])
    order by o.place
"""  # noqa: S608 - no value is interpolated


_CONSIGNMENTS = f"""
    select o.shop_id, o.id, json_build_object('order', o, {_SHIPMENTS})::text
    from unnest($1::uuid[], $2::uuid[]) as wanted (shop_id, id)
    join orders o on o.shop_id = wanted.shop_id and o.id = wanted.id
    where o.shop_id = any ($3::uuid[])
"""  # noqa: S608 - no value is interpolated

# Beside the shipment's standing: see `standing` in the rules. Materialized, so that a shipment is looked at once and
# not for each of its events.
_TELLING = """
    with asked as materialized (
        select o.shop_id, o.shipment_id, o.origin, o.external_id, o.whole or exists (
            select from shipments s
            where s.shop_id = o.shop_id and s.id = o.shipment_id and s.event_name = any ($7::text[])
        ) as whole
        from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::text[], $5::text[])
          as o (shop_id, shipment_id, whole, origin, external_id)
        where o.shop_id = any ($6::uuid[])
    )
    select e.shop_id, e.shipment_id, json_agg(e)::text
    from asked a
    join shipment_events e on e.shop_id = a.shop_id and e.shipment_id = a.shipment_id
    where a.whole or e.correction or e.additional_info ?| array['expected_delivery', 'pickup_point']
        or (e.origin = a.origin and e.external_id = a.external_id)
    group by e.shop_id, e.shipment_id
"""


class _Parcels(msgspec.Struct, frozen=True):
    shipments: tuple[Shipment, ...]
    timeline: tuple[TimelineEvent, ...]


_file = msgspec.json.Decoder(OrderFile).decode
_parcels = msgspec.json.Decoder(_Parcels).decode
_events = msgspec.json.Decoder(tuple[TimelineEvent, ...]).decode

consignment_from = msgspec.json.Decoder(Consignment).decode
"""A consignment of its document."""


async def consignments_of(scope: Scope, connection: Connection, orders: Collection[Key]) -> dict[Key, str]:
    """The documents (see `consignment_from`) of these orders; those outside of the scope are left out."""
    rows = await connection.fetch(
        _CONSIGNMENTS, [shop_id for shop_id, _ in orders], [order_id for _, order_id in orders], list(scope.shops)
    )
    return {(shop_id, order_id): document for shop_id, order_id, document in rows}


async def telling_events(
    scope: Scope, connection: Connection, observations: Sequence[Observation]
) -> dict[Key, tuple[TimelineEvent, ...]]:
    """What the timelines of these shipments hold that matters beside their standing, chronological.

    That is what was observed already, corrections, and what tells of the delivery; all of it where a correction
    was observed, or where a shipment stands by what moves nothing (until 0.2.0 it did). A shipment of which nothing
    matters is left out, as are those outside of the scope.
    """
    rows = await connection.fetch(
        _TELLING,
        [observation.shop_id for observation in observations],
        [observation.shipment_id for observation in observations],
        [observation.correction for observation in observations],
        [observation.origin for observation in observations],
        [observation.external_id for observation in observations],
        list(scope.shops),
        list(MOVES_NOTHING),
    )
    return {(shop_id, shipment_id): _timeline(document) for shop_id, shipment_id, document in rows}


def _timeline(document: str) -> tuple[TimelineEvent, ...]:
    # Several observations of a shipment find the same event each.
    return chronological({event.id: event for event in _events(document)}.values())


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


def shipment_from(row: asyncpg.Record) -> Shipment:
    """A shipment of a row of the table."""
    values = {name: row[name] for name in Shipment.__struct_fields__}
    values["direction"] = Direction(values["direction"])
    values["phase"] = Phase(values["phase"])
    values["state"] = State(values["state"])
    values["flag"] = Flag(values["flag"])
    return Shipment(**values)
