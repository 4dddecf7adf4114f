"""What nobody has read yet, and what was told last."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from karla.domain.tracking.queries.parcels import PARCEL_COLUMNS
from karla.domain.tracking.records import Answer
from karla.infra.work import Connection
from karla.vocabulary.events import Direction, Phase
from karla.vocabulary.scope import Scope

_COLUMNS = f"""
    a.shop_id, a.id, a.received_at, a.shipment_id, a.provider, a.body, a.carrier, a.tracking_number, a.again,
    (a.carrier, a.tracking_number) is not distinct from (s.carrier_reference, s.tracking_number) as current,
    coalesce(a.as_of, a.received_at) as as_of, coalesce(s.tracking_placed_at, s.created_at) as placed_at,
    s.direction, s.expected_confidence, {PARCEL_COLUMNS}
"""


async def shops_with_unread(scope: Scope, connection: Connection, limit: int) -> list[UUID]:
    """Shops of which there are answers that nobody has read; `scope` is everywhere, as the belt's is."""
    if not scope.everywhere:
        raise ValueError("answers of all shops are looked for by the belt alone")
    rows = await connection.fetch(
        "select shop_id from (select distinct shop_id from provider_answers where read_at is null) s limit $1", limit
    )
    return [row["shop_id"] for row in rows]


async def unread(scope: Scope, connection: Connection, limit: int) -> list[Answer]:
    """Up to `limit` answers that nobody has read, oldest first; none that another worker is reading.

    They are locked until the transaction ends.
    """
    rows = await connection.fetch(
        f"""
        select {_COLUMNS}
        from provider_answers a
        join shipments s on s.shop_id = a.shop_id and s.id = a.shipment_id
        join orders o on o.shop_id = s.shop_id and o.id = s.order_id
        where a.read_at is null and a.shop_id = any ($1::uuid[])
        order by a.received_at limit $2
        for update of a skip locked
        """,  # noqa: S608 - no value is interpolated
        list(scope.shops),
        limit,
    )
    return [_answer(row) for row in rows]


async def last_answers(scope: Scope, connection: Connection, parcels: Sequence[tuple[UUID, UUID]]) -> list[Answer]:
    """What was told last of each of these parcels, by shop and shipment; left out where nothing was."""
    rows = await connection.fetch(
        f"""
        select {_COLUMNS}
        from unnest($1::uuid[], $2::uuid[]) as wanted (shop_id, id)
        join shipments s on s.shop_id = wanted.shop_id and s.id = wanted.id
        join orders o on o.shop_id = s.shop_id and o.id = s.order_id
        cross join lateral (
            select * from provider_answers p
            where p.shop_id = s.shop_id and p.shipment_id = s.id order by p.received_at desc limit 1) a
        where wanted.shop_id = any ($3::uuid[])
        """,  # noqa: S608 - no value is interpolated
        [shop_id for shop_id, _ in parcels],
        [shipment_id for _, shipment_id in parcels],
        list(scope.shops),
    )
    return [_answer(row) for row in rows]


def _answer(row: asyncpg.Record) -> Answer:
    told = {name: row[name] for name in Answer.__struct_fields__}
    return Answer(**told | {"phase": Phase(told["phase"]), "direction": Direction(told["direction"])})
