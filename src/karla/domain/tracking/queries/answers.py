"""What nobody has read yet."""

from uuid import UUID

from karla.domain.tracking.queries.parcels import PARCEL_COLUMNS
from karla.domain.tracking.records import Answer
from karla.infra.work import Connection
from karla.vocabulary.events import Phase
from karla.vocabulary.scope import Scope


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
        select a.shop_id, a.id, a.received_at, a.shipment_id, a.provider, a.body, a.carrier, a.tracking_number, a.again,
               (a.carrier, a.tracking_number) is not distinct from (s.carrier_reference, s.tracking_number) as current,
               {PARCEL_COLUMNS}
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
    named = set(Answer.__struct_fields__)
    return [
        Answer(
            **{name: value for name, value in row.items() if name in named and name != "phase"},
            phase=Phase(row["phase"]),
        )
        for row in rows
    ]
