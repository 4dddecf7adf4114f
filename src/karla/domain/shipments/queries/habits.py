"""Reads of what is known of shops' carriers."""

from collections.abc import Collection, Mapping
from uuid import UUID

from karla.domain.shipments.rules.lessons import Habits, Make
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

_LATELY = 200


async def habits_of(scope: Scope, connection: Connection, shops: Collection[UUID]) -> Mapping[UUID, Habits]:
    """What each of these shops taught, and which carriers its latest parcels had.

    Shops of which nothing is known, and those outside of the scope, are left out.
    """
    within = [shop_id for shop_id in shops if shop_id in scope.shops]
    lessons: dict[UUID, dict[Make, str]] = {shop_id: {} for shop_id in within}
    for row in await connection.fetch(
        "select shop_id, company, form, carrier_reference from carrier_lessons where shop_id = any ($1)", within
    ):
        lessons[row["shop_id"]][Make(row["company"], row["form"])] = row["carrier_reference"]
    used: dict[UUID, dict[str, int]] = {shop_id: {} for shop_id in within}
    for row in await connection.fetch(
        """
        select w.shop_id, s.carrier_reference, count(*) as parcels
        from unnest($1::uuid[]) as w (shop_id)
        cross join lateral (
            select carrier_reference from shipments
            where shop_id = w.shop_id order by updated_at desc, id limit $2
        ) s
        where s.carrier_reference is not null
        group by w.shop_id, s.carrier_reference
        """,
        within,
        _LATELY,
    ):
        used[row["shop_id"]][row["carrier_reference"]] = row["parcels"]
    known = (shop_id for shop_id in within if lessons[shop_id] or used[shop_id])
    return {shop_id: Habits(lessons[shop_id], used[shop_id]) for shop_id in known}
