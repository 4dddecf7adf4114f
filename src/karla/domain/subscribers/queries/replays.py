"""Reads of replays and of what has become of them."""

from uuid import UUID

import asyncpg
import msgspec

from karla.domain.subscribers.records.replays import Replay, ReplayCriteria
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope


async def replays(scope: Scope, connection: Connection, webhook_id: UUID, *, limit: int, offset: int) -> list[Replay]:
    """A webhook's replays, the newest first, with their deliveries counted by status."""
    rows = await connection.fetch(
        """
        select r.id, r.webhook_id, r.criteria, r.deliveries, r.created_at, c.pending, c.delivered, c.failed, c.cancelled
        from replays r
        cross join lateral (
            select count(*) filter (where d.status = 'pending') as pending,
                   count(*) filter (where d.status = 'delivered') as delivered,
                   count(*) filter (where d.status = 'failed') as failed,
                   count(*) filter (where d.status = 'cancelled') as cancelled
            from deliveries d where d.shop_id = r.shop_id and d.replay_id = r.id
        ) c
        where r.shop_id = $1 and r.webhook_id = $2
        order by r.created_at desc, r.id limit $3 offset $4
        """,
        scope.shop,
        webhook_id,
        limit,
        offset,
    )
    return [_replay(row) for row in rows]


def _replay(row: "asyncpg.Record") -> Replay:
    told = row["criteria"]
    single = told.get("delivery_id")
    return Replay(
        id=row["id"],
        webhook_id=row["webhook_id"],
        criteria=None if single else msgspec.convert(told, ReplayCriteria),
        delivery_id=UUID(single) if single else None,
        deliveries=row["deliveries"],
        created_at=row["created_at"],
        pending=row["pending"],
        delivered=row["delivered"],
        failed=row["failed"],
        cancelled=row["cancelled"],
    )
