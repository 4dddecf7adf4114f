"""What observations find beside the orders: all shipments of each, and what of the timelines matters."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import asyncpg
import msgspec

from karla.domain.shipments.queries import rows
from karla.domain.shipments.queries.files import Key
from karla.domain.shipments.records import Observation, TimelineEvent
from karla.domain.shipments.rules.phases import MOVES_NOTHING
from karla.domain.shipments.rules.timelines import chronological
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

# Sorted within each order, which leads PostgreSQL to the index by order: for a table that it hasn't analysed yet it may
# take the one by shop, and read all of a shop's shipments for each order.
_SHIPMENTS = f"""
    select s.* from unnest($1::uuid[], $2::uuid[]) as wanted (shop_id, id)
    cross join lateral (
        select {rows.COLUMNS} from shipments s
        where s.shop_id = wanted.shop_id and s.order_id = wanted.id and s.shop_id = any ($3::uuid[])
        order by s.position
    ) s
"""  # noqa: S608 - no value is interpolated

# What matters beside the shipment's standing (see `standing` in the rules) has an index of its own: a timeline may be
# long, and most of it says nothing more.
_TELLING = """
    select e.shop_id, e.shipment_id, json_agg(e)::text
    from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::text[], $5::text[])
      as a (shop_id, shipment_id, whole, origin, external_id)
    cross join lateral (
        select e.* from shipment_events e
        where e.shop_id = a.shop_id and e.shipment_id = a.shipment_id
          and e.origin = a.origin and e.external_id = a.external_id
        union all
        select e.* from shipment_events e
        where e.shop_id = a.shop_id and e.shipment_id = a.shipment_id
          and (e.correction or e.additional_info ?| array['expected_delivery', 'pickup_point'])
        union all
        select e.* from shipment_events e
        where a.whole and e.shop_id = a.shop_id and e.shipment_id = a.shipment_id
    ) e
    where a.shop_id = any ($6::uuid[])
    group by e.shop_id, e.shipment_id
"""

_events = msgspec.json.Decoder(tuple[TimelineEvent, ...]).decode


async def shipments_of(
    scope: Scope, connection: Connection, wanted: Collection[Key]
) -> dict[Key, list[asyncpg.Record]]:
    """All shipments of the orders with these keys, by position, as rows for `shipment_from`.

    Orders without any are left out, as are those outside of the scope.
    """
    found = await connection.fetch(
        _SHIPMENTS, [shop_id for shop_id, _ in wanted], [order_id for _, order_id in wanted], list(scope.shops)
    )
    shipments = defaultdict[Key, list[asyncpg.Record]](list)
    for row in found:
        shipments[row["shop_id"], row["order_id"]].append(row)
    return shipments


async def telling_events(
    scope: Scope, connection: Connection, observations: Sequence[Observation], shipments: Iterable[asyncpg.Record]
) -> dict[Key, tuple[TimelineEvent, ...]]:
    """What the timelines of these shipments, whose rows are among those given, hold that matters beside their standing.

    Chronological. That is what was observed already, corrections, and what tells of the delivery; all of it where a
    correction was observed, or where a shipment stands by what moves nothing (until 0.2.0 it did). A shipment of
    which nothing matters is left out, as are those outside of the scope.
    """
    misplaced = {row["id"] for row in shipments if row["event_name"] in MOVES_NOTHING}
    documents = await connection.fetch(
        _TELLING,
        [observation.shop_id for observation in observations],
        [observation.shipment_id for observation in observations],
        [observation.correction or observation.shipment_id in misplaced for observation in observations],
        [observation.origin for observation in observations],
        [observation.external_id for observation in observations],
        list(scope.shops),
    )
    return {(shop_id, shipment_id): _timeline(document) for shop_id, shipment_id, document in documents}


def _timeline(document: str) -> tuple[TimelineEvent, ...]:
    # An event may be found in several ways, and by several observations of its shipment.
    return chronological({event.id: event for event in _events(document)}.values())
