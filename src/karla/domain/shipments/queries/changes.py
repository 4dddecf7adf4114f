"""Reads of single orders by their ids, and of which of many have changed."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from karla.domain.shipments.queries.files import DOCUMENT, Key, file_from
from karla.domain.shipments.records import OrderFile
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

_FILE = f"select {DOCUMENT} from orders o where o.id = $1 and o.shop_id = any ($2::uuid[])"  # noqa: S608 - no value

# A transaction may be committed after one of a later time, so times are compared with those known, not with now.
_CHANGED = """
    select o.shop_id, o.id, greatest(o.updated_at, max(s.updated_at))
    from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as w (shop_id, id, known)
    join orders o on o.shop_id = w.shop_id and o.id = w.id
    left join shipments s on s.shop_id = o.shop_id and s.order_id = o.id
    where o.shop_id = any ($4::uuid[])
    group by o.shop_id, o.id, o.updated_at, w.known
    having greatest(o.updated_at, max(s.updated_at)) is distinct from w.known
"""


async def order_file(scope: Scope, connection: Connection, order_id: UUID) -> OrderFile | None:
    """An order of the scope with all that is on its timelines; None when there is none of this id."""
    document = await connection.fetchval(_FILE, order_id, list(scope.shops))
    return None if document is None else file_from(document)


async def changed_orders(
    scope: Scope, connection: Connection, known: Mapping[Key, datetime | None]
) -> dict[Key, datetime]:
    """Those of the orders that changed, or whose parcels did, with when; `known` has when each was known to have."""
    rows = await connection.fetch(
        _CHANGED,
        [shop_id for shop_id, _ in known],
        [order_id for _, order_id in known],
        list(known.values()),
        list(scope.shops),
    )
    return {(shop_id, order_id): at for shop_id, order_id, at in rows}
