"""Parcels that a provider tells of by itself."""

from collections.abc import Collection

from karla.domain.tracking.queries.parcels import PARCEL_COLUMNS
from karla.domain.tracking.records import Followed
from karla.infra.work import Connection
from karla.vocabulary.events import Phase
from karla.vocabulary.scope import Scope


async def followed_under(
    scope: Scope, connection: Connection, provider: str, numbers: Collection[str]
) -> list[Followed]:
    """The parcels of the scope's one shop that this provider's account follows under any of these numbers.

    One that got another carrier or number since is left out: it is about to be followed anew.
    """
    rows = await connection.fetch(
        f"""
        select f.shop_id, f.shipment_id, f.carrier, f.tracking_number, f.registered, f.asked_at, f.changed_at,
               f.failures, f.digest, coalesce(s.tracking_placed_at, s.created_at) as placed_at, {PARCEL_COLUMNS}
        from shipments s
        join followed_parcels f on f.shop_id = s.shop_id and f.shipment_id = s.id and f.provider = $2
            and f.carrier = s.carrier_reference and f.tracking_number = s.tracking_number
        join orders o on o.shop_id = s.shop_id and o.id = s.order_id
        where s.shop_id = $1 and s.tracking_number = any ($3::text[])
        """,  # noqa: S608 - no value is interpolated
        scope.shop,
        provider,
        list(numbers),
    )
    return [Followed(**{**dict(row), "phase": Phase(row["phase"])}) for row in rows]
