"""What waits for a webhook and is wanted no more is cancelled: some at once, never all that waits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from karla.domain.subscribers.records.webhooks import Webhook
from karla.domain.subscribers.rules.filters import asks_for
from karla.domain.subscribers.rules.lanes import LEASE
from karla.infra.work import Work

BATCH = 5_000
"""So many at once where nothing is locked but they: more would hold up whoever settles one of them."""

AT_ONCE = 1_000
"""So many at once where a webhook or a lane is locked meanwhile, which others wait for: some 50 ms."""

_CANCEL = """
    update deliveries d
    set status = case d.status when 'pending' then 'cancelled' else d.status end,
        finished_at = coalesce(d.finished_at, $1)
    from unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) as k (shop_id, id, triggered_at)
    where d.shop_id = k.shop_id and d.id = k.id and d.triggered_at = k.triggered_at
"""
# A replay was asked for by itself, and so was a test: neither is dropped because other events are wanted now.
_NEXT = """
    select d.shop_id, d.webhook_id, d.id, d.triggered_at, d.ordering_key, w.enabled_events,
           e.ref, e.event_name, e.event_group
    from unnest($1::uuid[], $2::uuid[]) as k (shop_id, webhook_id)
    join webhooks w on w.shop_id = k.shop_id and w.id = k.webhook_id
    cross join lateral (
        select * from deliveries d
        where d.webhook_id = k.webhook_id and d.shop_id = k.shop_id and d.status = 'pending' and d.replay_id is null
        order by d.due_at limit $3
    ) d
    cross join lateral (
        select e.ref, e.event_name, e.event_group, e.test from events e
        where e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id limit 1
    ) e
    where not e.test
"""
# A probe that isn't made tells nothing of its endpoint, so the next one need not wait for its end.
_WAKE = """
    update webhook_lanes l
    set paused_until = case when k.probe then null else l.paused_until end,
        next_due_at = least(l.next_due_at, greatest($1, case when k.probe then null else l.paused_until end))
    from unnest($2::uuid[], $3::uuid[], $4::bool[]) as k (shop_id, webhook_id, probe)
    where l.shop_id = k.shop_id and l.webhook_id = k.webhook_id
"""
# A delivery that was put off behind one of the same shipment need not wait any longer. It is told by being due later
# than a leased one can be; one that has been tried keeps to its schedule.
_RELEASE = """
    update deliveries d set due_at = $1
    from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as k (shop_id, webhook_id, ordering_key)
    cross join lateral (
        select n.id, n.triggered_at from deliveries n
        where n.webhook_id = k.webhook_id and n.ordering_key = k.ordering_key and n.shop_id = k.shop_id
          and n.status = 'pending'
        order by n.position, n.id limit 1
    ) n
    where d.shop_id = k.shop_id and d.id = n.id and d.triggered_at = n.triggered_at
      and d.attempts = 0 and d.due_at > $5
"""


class Unwanted(msgspec.Struct, frozen=True):
    """A pending delivery that is not to be sent."""

    shop_id: UUID
    webhook_id: UUID
    id: UUID
    triggered_at: datetime
    ordering_key: UUID | None


async def cancel_undeliverable(work: Work, limit: int = BATCH) -> int:
    """Cancel up to `limit` deliveries of webhooks that are inactive; how many. Works for every shop."""
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
        limit,
    )
    return done


async def cancel_waiting(work: Work, webhook: Webhook, limit: int = AT_ONCE) -> bool:
    """Cancel up to `limit` of what waits for one webhook, which must be locked; whether there may be more."""
    # Two statements: of one the planner would make a join with all that is pending.
    rows = await work.connection.fetch(
        """
        select shop_id, id, triggered_at from deliveries
        where webhook_id = $2 and shop_id = $1 and status = 'pending' order by due_at limit $3 for update
        """,
        webhook.shop_id,
        webhook.id,
        limit,
    )
    await _cancel(work, rows)
    return len(rows) == limit


async def drop_unwanted(
    work: Work, webhooks: Mapping[tuple[UUID, UUID], bool], found: Collection[Unwanted] = ()
) -> None:
    """Cancel `found`, and what of the webhooks' next `AT_ONCE` deliveries matches none of their filters.

    The keys are shop and webhook, whose lanes must be locked; the value: what was found at it was to be a probe.
    """
    shops, ids = [shop_id for shop_id, _ in webhooks], [webhook_id for _, webhook_id in webhooks]
    rows = await work.connection.fetch(_NEXT, shops, ids, AT_ONCE)
    dropped = [*found, *(unwanted_of(row) for row in rows if not is_wanted(row))]
    if not dropped:
        return
    await _cancel(work, [(one.shop_id, one.id, one.triggered_at) for one in dropped])
    await release_next(
        work, {(one.shop_id, one.webhook_id, one.ordering_key) for one in dropped if one.ordering_key is not None}
    )
    await work.connection.execute(_WAKE, work.now, shops, ids, list(webhooks.values()))


async def _cancel(work: Work, keys: Sequence[Iterable[object]]) -> None:
    if keys:
        shops, ids, times = zip(*keys, strict=True)
        await work.connection.execute(_CANCEL, work.now, shops, ids, times)


def is_wanted(row: asyncpg.Record) -> bool:
    """Whether the webhook asks for the event, of a row with the filters of the one and the names of the other."""
    return asks_for(tuple(row["enabled_events"]), row["ref"], row["event_name"], row["event_group"])


def unwanted_of(row: asyncpg.Record) -> Unwanted:
    """The key of a row of `deliveries`."""
    return Unwanted(row["shop_id"], row["webhook_id"], row["id"], row["triggered_at"], row["ordering_key"])


async def release_next(work: Work, settled: Collection[tuple[UUID, UUID, UUID]]) -> None:
    """Let the next event of each shipment go whose event before has been settled: shop, webhook, ordering key."""
    if settled:
        shops, webhooks, keys = zip(*settled, strict=True)
        await work.connection.execute(_RELEASE, work.now, shops, webhooks, keys, work.now + LEASE)
