"""What waits for a webhook that gets nothing any more is cancelled."""

from karla.infra.work import Work

BATCH = 5_000
"""So many at once: more would hold up the transaction that they are cancelled in."""


async def cancel_undeliverable(work: Work) -> int:
    """Cancel up to `BATCH` deliveries of webhooks that are inactive; how many. Works for every shop."""
    done: int = await work.connection.fetchval(
        """
        with waiting as (
            select d.shop_id, d.id, d.triggered_at
            from webhooks w cross join lateral (
                select d.* from deliveries d
                where d.webhook_id = w.id and d.shop_id = w.shop_id and d.status = 'pending'
                limit $2 for update skip locked
            ) d
            where w.status = 'inactive' limit $2
        ), cancelled as (
            update deliveries d set status = 'cancelled', finished_at = $1
            from waiting w
            where d.shop_id = w.shop_id and d.id = w.id and d.triggered_at = w.triggered_at and d.status = 'pending'
            returning 1
        )
        select count(*) from cancelled
        """,
        work.now,
        BATCH,
    )
    return done
