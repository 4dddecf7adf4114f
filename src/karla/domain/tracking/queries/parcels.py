"""Followed parcels that are due, or silent."""

from collections.abc import Collection
from datetime import datetime

from karla.domain.tracking.records import Followed, Silent, Turn
from karla.domain.tracking.rules.asking import ON_THE_WAY, SILENT, SILENT_AFTER
from karla.domain.tracking.rules.clocks import EARLIEST, LATEST
from karla.infra.work import Connection
from karla.vocabulary.events import Phase
from karla.vocabulary.scope import Scope

PARCEL_COLUMNS = """
    s.phase, s.event_time, s.expected_from, s.expected_to,
    o.address ->> 'country_code' as country, o.address ->> 'zip_code' as postal_code
"""


# What was told since may say otherwise: the parcel was asked about in its time (or is an hour late, for want of
# calls), and all that was told of it is read. Of the followed parcel `f`, at the moment $1.
UP_TO_DATE = """
    (f.due_at > $1 or f.due_at < $1 - interval '1 hour') and not exists (
        select from provider_answers u
        where u.shop_id = f.shop_id and u.shipment_id = f.shipment_id and u.read_at is null)
"""


async def due_parcels(scope: Scope, connection: Connection, turn: Turn, now: datetime, limit: int) -> list[Followed]:
    """Up to `limit` parcels of an account that are due, the most urgent first.

    One that got another carrier or number since is left out: it is about to be followed anew.
    """
    rows = await connection.fetch(
        f"""
        select f.shop_id, f.shipment_id, f.carrier, f.tracking_number, f.registered, f.asked_at, f.changed_at,
               f.failures, f.digest, coalesce(f.began_at, s.tracking_placed_at, s.created_at) as placed_at,
               {PARCEL_COLUMNS}
        from followed_parcels f
        join shipments s on s.shop_id = f.shop_id and s.id = f.shipment_id
            and s.carrier_reference = f.carrier and s.tracking_number = f.tracking_number
        join orders o on o.shop_id = s.shop_id and o.id = s.order_id
        where f.shop_id = $1 and f.provider = $2 and f.due_at <= $3 and f.due_at < 'infinity'
          and f.shop_id = any ($5::uuid[])
        -- One that waits becomes more urgent every six hours: where calls are too few, all have their turn.
        order by f.urgency - floor(extract(epoch from $3 - f.due_at) / 21600), f.due_at limit $4
        """,  # noqa: S608 - no value is interpolated
        turn.shop_id,
        turn.provider,
        now,
        limit,
        list(scope.shops),
    )
    return [Followed(**{**dict(row), "phase": Phase(row["phase"])}) for row in rows]


async def next_due(scope: Scope, connection: Connection, turn: Turn) -> datetime | None:
    """When the account's next parcel is due; None where none is."""
    found: datetime | None = await connection.fetchval(
        """
        select min(f.due_at) from followed_parcels f
        join shipments s on s.shop_id = f.shop_id and s.id = f.shipment_id
            and s.carrier_reference = f.carrier and s.tracking_number = f.tracking_number
        where f.shop_id = $1 and f.provider = $2 and f.due_at < 'infinity' and f.shop_id = any ($3::uuid[])
        """,
        turn.shop_id,
        turn.provider,
        list(scope.shops),
    )
    return found


async def silent_parcels(
    scope: Scope, connection: Connection, now: datetime, limit: int, by_test_clock: Collection[str]
) -> list[Silent]:
    """Up to `limit` parcels on their way of which nothing new was heard for `SILENT_AFTER`.

    It is `now` for them but where their provider goes by test clocks and their shop has one. Those are left out of
    which it was told already. `scope` is everywhere, as the belt's is.
    """
    if not scope.everywhere:
        raise ValueError("silent parcels of all shops are looked for by the belt alone")
    rows = await connection.fetch(
        f"""
        select f.shop_id, f.shipment_id, t.now
        from followed_parcels f
        join shipments s on s.shop_id = f.shop_id and s.id = f.shipment_id and s.phase = any ($3::text[])
        left join test_clocks c on c.shop_id = f.shop_id and f.provider = any ($6::text[])
        cross join lateral (
            select case when c.shop_id is null then $1::timestamptz else least(c.showed_at + interval '1 second'
                * least(greatest(extract(epoch from $1 - c.set_at), 0) * c.factor, $7), $8) end as now) t
        where f.due_at < 'infinity' and {UP_TO_DATE} and f.changed_at < t.now - $5::interval and not exists (
            select from shipment_events e
            where e.shop_id = f.shop_id and e.shipment_id = f.shipment_id and e.event_name = $4
              and e.event_time >= f.changed_at)
        limit $2
        """,  # noqa: S608 - no value is interpolated
        now,
        limit,
        [str(phase) for phase in ON_THE_WAY],
        SILENT,
        SILENT_AFTER,
        list(by_test_clock),
        (LATEST - EARLIEST).total_seconds(),
        LATEST,
    )
    return [Silent(**row) for row in rows]
