"""The test clocks of shops."""

from collections.abc import Collection
from uuid import UUID

from karla.domain.tracking.records import ShopClock
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope


async def clock_of(scope: Scope, connection: Connection, shop_id: UUID) -> ShopClock | None:
    """The shop's test clock; None: it lives by the real time."""
    return (await clocks_of(scope, connection, [shop_id])).get(shop_id)


async def clocks_of(scope: Scope, connection: Connection, shops: Collection[UUID]) -> dict[UUID, ShopClock]:
    """The test clocks of those of the shops that have one."""
    rows = await connection.fetch(
        """
        select shop_id, set_at, showed_at, factor from test_clocks
        where shop_id = any ($1::uuid[]) and ($2 or shop_id = any ($3::uuid[]))
        """,
        list(shops),
        scope.everywhere,
        list(scope.shops),
    )
    return {row["shop_id"]: ShopClock(**row) for row in rows}
