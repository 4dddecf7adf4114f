"""Reads of orders with all their shipments and timelines."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment, TimelineEvent
from karla.domain.shipments.rules.timelines import chronological
from karla.infra.work import Connection
from karla.vocabulary.events import Direction, Flag, Phase, State
from karla.vocabulary.scope import Scope

_SHIPMENTS = """
    select s.* from shipments s
    join unnest($1::uuid[], $2::uuid[]) as w (shop_id, order_id)
        on s.shop_id = w.shop_id and s.order_id = w.order_id
    where s.shop_id = any ($3::uuid[])
    order by s.position
"""

_TIMELINE = """
    select e.* from shipment_events e
    join unnest($1::uuid[], $2::uuid[]) as w (shop_id, shipment_id)
        on e.shop_id = w.shop_id and e.shipment_id = w.shipment_id
    where e.shop_id = any ($3::uuid[])
"""


async def files_of(scope: Scope, connection: Connection, orders: Sequence[Order]) -> list[OrderFile]:
    """Each order with its parcels and their timelines, in the order given: two queries for all of them."""
    if not orders:
        return []
    shops = list(scope.shops)
    rows = await connection.fetch(_SHIPMENTS, [o.shop_id for o in orders], [o.id for o in orders], shops)
    shipments = [shipment_from(row) for row in rows]
    events = []
    if shipments:
        events = await connection.fetch(_TIMELINE, [s.shop_id for s in shipments], [s.id for s in shipments], shops)
    return _filed(orders, shipments, [event_from(row) for row in events])


def _filed(orders: Sequence[Order], shipments: Sequence[Shipment], events: Sequence[TimelineEvent]) -> list[OrderFile]:
    parcels: defaultdict[UUID, list[Shipment]] = defaultdict(list)
    owner: dict[UUID, UUID] = {}
    for shipment in shipments:
        parcels[shipment.order_id].append(shipment)
        owner[shipment.id] = shipment.order_id
    timelines: defaultdict[UUID, list[TimelineEvent]] = defaultdict(list)
    for event in events:
        timelines[owner[event.shipment_id]].append(event)
    return [OrderFile(order, tuple(parcels[order.id]), chronological(timelines[order.id])) for order in orders]


def shipment_from(row: asyncpg.Record) -> Shipment:
    """A shipment of a row of the table."""
    values = {name: row[name] for name in Shipment.__struct_fields__}
    values["direction"] = Direction(values["direction"])
    values["phase"] = Phase(values["phase"])
    values["state"] = State(values["state"])
    values["flag"] = Flag(values["flag"])
    return Shipment(**values)


def event_from(row: asyncpg.Record) -> TimelineEvent:
    """A timeline event of a row of the table."""
    return TimelineEvent(**{name: row[name] for name in TimelineEvent.__struct_fields__})
