"""Writes of webhooks, and the belt's moves: events to deliveries, deliveries to attempts."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from karla.domain.subscribers import queries, rules
from karla.domain.subscribers.records import (
    AttemptResult,
    DueDelivery,
    FannedOut,
    Webhook,
    WebhookCreated,
    WebhookMembers,
    WebhookStatus,
)
from karla.infra.ids import new_id
from karla.infra.work import Work


async def create_webhook(work: Work, members: WebhookMembers, *, allow_private: bool) -> WebhookCreated:
    """A webhook of these members; one with the same URL and events is left as it is and given back.

    Invalid names every fault of the URL and the filters.
    """
    rules.demand_usable(members, allow_private)
    wanted = rules.created(members, shop_id=work.scope.shop, new_id=new_id(), new_secret=str(new_id()), now=work.now)
    # Of two equal calls at once the second waits here, and then sees the first one's row.
    await work.connection.execute("select pg_advisory_xact_lock(hashtextextended('webhooks ' || $1, 0))", wanted.url)
    existing = await queries.webhook_like(work.scope, work.connection, wanted.url, wanted.enabled_events)
    if existing:
        return WebhookCreated(existing, created=False)
    await work.connection.execute(
        """
        insert into webhooks (shop_id, id, url, enabled_events, secret, description, status,
                              active_since, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        wanted.shop_id,
        wanted.id,
        wanted.url,
        wanted.enabled_events,
        wanted.secret,
        wanted.description,
        wanted.status,
        wanted.active_since,
        wanted.created_at,
        wanted.updated_at,
    )
    return WebhookCreated(wanted, created=True)


async def update_webhook(work: Work, webhook_id: UUID, members: WebhookMembers, *, allow_private: bool) -> Webhook:
    """The webhook with what was said of it; NotFound, Invalid.

    One set inactive drops what is still due to it, one with other events what it no longer asks for. With
    another URL it is the same subscriber that has moved: what is still due goes to the new one.
    """
    rules.demand_usable(members, allow_private)
    before = await queries.demand_webhook(work.scope, work.connection, webhook_id, lock=True)
    after = rules.changed(before, members, work.now)
    if after is before:
        return after
    await work.connection.execute(
        """
        update webhooks
        set url = $3, enabled_events = $4, description = $5, status = $6, active_since = $7, updated_at = $8
        where shop_id = $1 and id = $2
        """,
        after.shop_id,
        after.id,
        after.url,
        after.enabled_events,
        after.description,
        after.status,
        after.active_since,
        after.updated_at,
    )
    if after.status is WebhookStatus.INACTIVE:
        await work.connection.execute(
            """
            update deliveries set status = 'cancelled', finished_at = $3
            where shop_id = $1 and webhook_id = $2 and status = 'pending'
            """,
            after.shop_id,
            after.id,
            work.now,
        )
    elif after.enabled_events != before.enabled_events:
        await _cancel_unwanted(work, after)
    return after


async def _cancel_unwanted(work: Work, webhook: Webhook) -> None:
    """Drop what is due to the webhook and matches none of its filters; its row must be locked."""
    pending = await queries.pending_events(work.scope, work.connection, webhook.id)
    unwanted = rules.unwanted(pending, webhook.enabled_events)
    await work.connection.execute(
        """
        update deliveries d set status = 'cancelled', finished_at = $3
        from events e
        join unnest($4::text[], $5::text[]) as unwanted (ref, event_group)
          on e.ref = unwanted.ref and e.event_group is not distinct from unwanted.event_group
        where d.shop_id = $1 and d.webhook_id = $2 and d.status = 'pending'
          and e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id
        """,
        webhook.shop_id,
        webhook.id,
        work.now,
        [event.ref for event in unwanted],
        [event.event_group for event in unwanted],
    )


async def delete_webhook(work: Work, webhook_id: UUID) -> None:
    """Forget a webhook with its deliveries and their log; NotFound."""
    await queries.demand_webhook(work.scope, work.connection, webhook_id, lock=True)
    await work.connection.execute("delete from webhooks where shop_id = $1 and id = $2", work.scope.shop, webhook_id)


async def fan_out(work: Work, limit: int) -> FannedOut:
    """Turn up to `limit` outbox rows, the oldest first, into one delivery a webhook that wants them.

    Works for every shop, so its scope is the empty one. The lock on the webhooks lets a change of theirs
    come wholly before or wholly after: none that is being set inactive or deleted gets a delivery.
    """
    row = await work.connection.fetchrow(
        """
        with taken as (
            delete from outbox
            where id = any (array(select id from outbox order by id limit $1 for update skip locked))
            returning shop_id, event_id, triggered_at, filters
        ), wanted as (
            select t.shop_id, t.event_id, t.triggered_at, w.id as webhook_id
            from taken t
            join webhooks w on w.shop_id = t.shop_id and w.enabled_events && t.filters
                and w.status = 'active' and w.active_since <= t.triggered_at
            for share of w
        ), added as (
            insert into deliveries (shop_id, id, webhook_id, event_id, triggered_at, status, attempts,
                                    due_at, created_at)
            select shop_id, gen_random_uuid(), webhook_id, event_id, triggered_at, 'pending', 0, $2, $2
            from wanted
            on conflict (shop_id, webhook_id, event_id) do nothing
            returning 1
        )
        select (select count(*) from taken) as events, (select count(*) from added) as deliveries
        """,
        limit,
        work.now,
    )
    assert row is not None, "a select of two counts has one row"  # noqa: S101
    return FannedOut(events=row["events"], deliveries=row["deliveries"])


async def claim_deliveries(
    work: Work, limit: int, lease: timedelta, passed_over: Collection[UUID] = ()
) -> list[DueDelivery]:
    """Take up to `limit` due deliveries, the longest due first, leaving out the webhooks `passed_over`.

    They are the caller's for the time of the lease; what isn't finished by then is due again. Works for
    every shop, so its scope is the empty one.
    """
    rows = await work.connection.fetch(
        """
        with due as (
            select shop_id, id from deliveries
            where status = 'pending' and due_at <= $2 and webhook_id <> all ($4)
            order by due_at limit $1
            for update skip locked
        ), claimed as (
            update deliveries d set due_at = $3
            from due where d.shop_id = due.shop_id and d.id = due.id
            returning d.shop_id, d.id, d.webhook_id, d.event_id, d.triggered_at, d.attempts
        )
        select c.shop_id, c.id, c.webhook_id, c.event_id, c.triggered_at, c.attempts, w.url, w.secret, e.payload
        from claimed c
        join webhooks w on w.shop_id = c.shop_id and w.id = c.webhook_id
        join events e on e.shop_id = c.shop_id and e.triggered_at = c.triggered_at and e.id = c.event_id
        """,
        limit,
        work.now,
        work.now + lease,
        list(passed_over),
    )
    return [DueDelivery(**row) for row in rows]


async def finish(work: Work, results: Sequence[AttemptResult]) -> None:
    """Log attempts and settle their deliveries.

    A delivery that was cancelled or settled meanwhile stays so, though its attempt is logged; one that was
    deleted with its webhook is passed over.
    """
    await work.connection.execute(
        """
        with results as (
            select *
            from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::integer[], $6::integer[], $7::text[],
                        $8::text[], $9::text[], $10::timestamptz[])
              as r (shop_id, delivery_id, started_at, duration_ms, status_code, error, response_excerpt,
                    status, due_at)
        ), settled as (
            update deliveries d
            set attempts = d.attempts + 1,
                status = case d.status when 'pending' then r.status else d.status end,
                due_at = case d.status when 'pending' then r.due_at else d.due_at end,
                finished_at = case when d.status <> 'pending' then d.finished_at
                                   when r.status <> 'pending' then $1 end
            from results r
            where d.shop_id = r.shop_id and d.id = r.delivery_id
            returning d.shop_id, d.id, d.attempts as number, r.started_at, r.duration_ms, r.status_code,
                      r.error, r.response_excerpt
        )
        insert into delivery_attempts (shop_id, delivery_id, number, started_at, duration_ms, status_code,
                                       error, response_excerpt)
        select * from settled
        """,
        work.now,
        *_columns(results),
    )


def _columns(results: Sequence[AttemptResult]) -> list[list[Any]]:
    return [[getattr(result, name) for result in results] for name in AttemptResult.__struct_fields__]
