"""Looks after what the commands of each moment leave behind: run now and then, over all shops."""

from datetime import timedelta

from karla.domain.subscribers.rules.lanes import LEASE, OPEN_AFTER
from karla.domain.subscribers.rules.retries import LEAST_WINDOW
from karla.infra.work import Work

BATCH = 5_000

# Rows are changed by their keys alone, as in `claiming`.
_RELEASE_FORGOTTEN = """
    with forgotten as materialized (
        select f.shop_id, f.id, f.triggered_at
        from webhooks w
        cross join lateral (
            select f.shop_id, f.id, f.triggered_at from deliveries f
            where f.webhook_id = w.id and f.shop_id = w.shop_id and f.status = 'pending' and f.due_at > $2
              and f.attempts = 0 and f.ordering_key is not null
              and not exists (
                  select from deliveries e
                  where e.webhook_id = f.webhook_id and e.shop_id = f.shop_id and e.ordering_key = f.ordering_key
                    and e.status = 'pending' and (e.position, e.id) < (f.position, f.id))
            limit $3
        ) f
        where w.status = 'active' and w.ordering = 'shipment'
        limit $3
    )
    update deliveries d set due_at = case when d.status = 'pending' and d.due_at > $2 then $1 else d.due_at end
    from forgotten f
    where d.shop_id = f.shop_id and d.id = f.id and d.triggered_at = f.triggered_at
"""
# Only ever to an earlier moment: a lane that is due too early costs a look at it, one too late costs the shop.
_WAKE = """
    with late as (
        select l.shop_id, l.webhook_id, d.due_at
        from webhook_lanes l
        join webhooks w on w.shop_id = l.shop_id and w.id = l.webhook_id and w.status = 'active'
        cross join lateral (
            select greatest(d.due_at, l.paused_until) as due_at from deliveries d
            where d.webhook_id = l.webhook_id and d.shop_id = l.shop_id and d.status = 'pending'
            order by d.due_at limit 1
        ) d
        where l.next_due_at > $1 and l.next_due_at > d.due_at
        order by l.shop_id, l.webhook_id
        for update of l skip locked
    ), woken as (
        update webhook_lanes l set next_due_at = least(l.next_due_at, late.due_at)
        from late where l.shop_id = late.shop_id and l.webhook_id = late.webhook_id
        returning 1
    )
    select count(*) from woken
"""
_REST = """
    update webhook_lanes l set next_due_at = 'infinity'
    from webhooks w
    where w.shop_id = l.shop_id and w.id = l.webhook_id and w.status = 'inactive' and l.next_due_at < 'infinity'
      and not exists (
          select from deliveries d where d.shop_id = l.shop_id and d.webhook_id = l.webhook_id and d.status = 'pending')
"""


async def reconcile_lanes(work: Work) -> int:
    """Wake the lanes that are due earlier than they say; how many. There are none unless something went wrong.

    Besides, an event whose predecessor at its shipment was cancelled need not wait any longer, and the lanes of
    inactive webhooks rest.
    """
    await work.connection.execute(_RELEASE_FORGOTTEN, work.now, work.now + LEASE, BATCH)
    woken: int = await work.connection.fetchval(_WAKE, work.now)
    await work.connection.execute(_REST)
    return woken


async def expire(work: Work, window: timedelta) -> int:
    """Give up deliveries that an open breaker has held back until their whole `window` was over; how many.

    Up to `BATCH` at once, and none that is younger than `LEAST_WINDOW`.
    """
    expired: int = await work.connection.fetchval(
        """
        with overdue as (
            select d.shop_id, d.id, d.triggered_at
            from webhook_lanes l cross join lateral (
                select d.* from deliveries d
                where d.webhook_id = l.webhook_id and d.shop_id = l.shop_id and d.status = 'pending'
                  and d.due_at <= $1 and d.created_at <= $2
                order by d.due_at limit $3
                for update skip locked
            ) d
            where l.failures >= $4 limit $3
        ), expired as (
            update deliveries d set status = 'failed', finished_at = $1
            from overdue o
            where d.shop_id = o.shop_id and d.id = o.id and d.triggered_at = o.triggered_at
            returning 1
        )
        select count(*) from expired
        """,
        work.now,
        work.now - max(window, LEAST_WINDOW),
        BATCH,
        OPEN_AFTER,
    )
    return expired
