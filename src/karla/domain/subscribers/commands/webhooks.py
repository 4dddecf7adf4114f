"""Creates, changes and deletes webhooks."""

from uuid import UUID

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.subscribers.commands.cancelling import AT_ONCE, BATCH, cancel_waiting, drop_unwanted
from karla.domain.subscribers.commands.lanes import hold_lane
from karla.domain.subscribers.queries.webhooks import demand_webhook, webhook_like
from karla.domain.subscribers.records.webhooks import (
    Rotation,
    Webhook,
    WebhookCreated,
    WebhookMembers,
    WebhookStatus,
)
from karla.domain.subscribers.rules import webhooks as rules
from karla.infra.ids import new_id, new_signing_secret, new_webhook_secret
from karla.infra.work import Work

# Of the shop's events those that are in the outbox now come before it, and all others after.
_END_OF_OUTBOX = "coalesce((select max(id) from outbox where shop_id = $1), 0)"


async def create_webhook(work: Work, members: WebhookMembers, *, allow_private: bool) -> WebhookCreated:
    """A webhook of these members; one with the same URL and events is left as it is and given back.

    Invalid names every fault of the URL and the filters; Conflict what is said otherwise of the one that exists, or
    that the shop has as many webhooks as it may have.
    """
    rules.demand_usable(members, allow_private)
    wanted = rules.created(
        members, shop_id=work.scope.shop, new_id=new_id(), new_secret=new_webhook_secret(), now=work.now
    )
    # Of two calls of a shop at once the second waits here, and then sees the first one's row.
    await work.connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('webhooks ' || $1, 0))", str(wanted.shop_id)
    )
    existing = await webhook_like(work.scope, work.connection, wanted.url, wanted.enabled_events)
    if existing:
        rules.demand_same(existing, members)
        return WebhookCreated(existing, created=False)
    rules.demand_room(
        await work.connection.fetchval("select count(*) from webhooks where shop_id = $1", wanted.shop_id)
    )
    await work.connection.execute(
        f"""
        with added as (
            insert into webhooks (shop_id, id, url, enabled_events, secret, description, ordering, payload_format,
                                  status, active_since, created_at, updated_at, active_from)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, {_END_OF_OUTBOX})
            returning shop_id, id
        )
        insert into webhook_lanes (shop_id, webhook_id) select shop_id, id from added
        """,  # noqa: S608 - what is put in is a constant
        wanted.shop_id,
        wanted.id,
        wanted.url,
        wanted.enabled_events,
        wanted.secret,
        wanted.description,
        wanted.ordering,
        wanted.payload_format,
        wanted.status,
        wanted.active_since,
        wanted.created_at,
        wanted.updated_at,
    )
    await record(work, Action.WEBHOOK_CREATED, wanted.id, after=rules.said_of(wanted))
    return WebhookCreated(wanted, created=True)


async def update_webhook(work: Work, webhook_id: UUID, members: WebhookMembers, *, allow_private: bool) -> Webhook:
    """The webhook with what was said of it; NotFound, Invalid.

    One set inactive gets nothing of what is still due to it, one with other events nothing that it no longer asks
    for: some of that is cancelled at once, the rest when its turn comes. What is due keeps the order that it was to
    come in. With another URL it is the same subscriber that has moved: what is still due goes to the new one.
    Before one is set active, `empty_webhook` is to be repeated.
    """
    before = await demand_webhook(work.scope, work.connection, webhook_id, lock="update")
    rules.demand_usable(members, allow_private, before)
    after = rules.changed(before, members, work.now)
    if after is before:
        return after
    await hold_lane(work, before)
    activated = after.status is WebhookStatus.ACTIVE and before.status is not after.status
    await work.connection.execute(
        f"""
        update webhooks
        set url = $3, enabled_events = $4, description = $5, ordering = $6, payload_format = $7, status = $8,
            disabled_reason = $9, active_since = $10, updated_at = $11,
            active_from = case when $12 then {_END_OF_OUTBOX} else active_from end
        where shop_id = $1 and id = $2
        """,  # noqa: S608 - what is put in is a constant
        after.shop_id,
        after.id,
        after.url,
        after.enabled_events,
        after.description,
        after.ordering,
        after.payload_format,
        after.status,
        after.disabled_reason,
        after.active_since,
        after.updated_at,
        activated,
    )
    await _settle_pending(work, before, after)
    if activated or after.url != before.url:
        await _give_another_chance(work, after)
    await record(work, Action.WEBHOOK_UPDATED, after.id, before=rules.said_of(before), after=rules.said_of(after))
    return await demand_webhook(work.scope, work.connection, webhook_id)


async def _settle_pending(work: Work, before: Webhook, after: Webhook) -> None:
    """Do to the next of what is due what the change asks for: the rest is looked at when its turn comes.

    The webhook and its lane must be locked. They hold up the relay and the worker, so this may not take long.
    """
    if before.status is not after.status:
        await cancel_waiting(work, after)
    elif after.status is WebhookStatus.ACTIVE and after.enabled_events != before.enabled_events:
        await drop_unwanted(work, {(after.shop_id, after.id): False})


async def _give_another_chance(work: Work, webhook: Webhook) -> None:
    """Forget how the webhook did before: it is switched on again, or answers from another address."""
    await work.connection.execute(
        """
        update webhook_lanes
        set failures = 0, failing_since = null, reported_at = null, paused_until = null,
            next_due_at = case when next_due_at < 'infinity' then least(next_due_at, $3) else next_due_at end
        where shop_id = $1 and webhook_id = $2
        """,
        webhook.shop_id,
        webhook.id,
        work.now,
    )


async def rotate_secret(work: Work, webhook_id: UUID, rotation: Rotation) -> Webhook:
    """The webhook with its new secret, beside which the old one signs for the overlap.

    NotFound; Invalid for the secret that it has; Conflict while an earlier rotation lasts.
    """
    before = await demand_webhook(work.scope, work.connection, webhook_id, lock="update")
    after = rules.rotated(before, rotation, new_signing_secret(), work.now)
    await work.connection.execute(
        """
        update webhooks set secret = $3, previous_secret = $4, previous_secret_until = $5, updated_at = $6
        where shop_id = $1 and id = $2
        """,
        after.shop_id,
        after.id,
        after.secret,
        after.previous_secret,
        after.previous_secret_until,
        after.updated_at,
    )
    await record(
        work, Action.WEBHOOK_SECRET_ROTATED, after.id, before=rules.said_of(before), after=rules.said_of(after)
    )
    return after


async def empty_webhook(work: Work, webhook_id: UUID) -> bool:
    """Cancel a batch of what still waits for an inactive webhook; whether there may be more. NotFound.

    To be repeated, each time in a transaction of its own, before the webhook is set active again.
    """
    # Shared with the relay, which it so doesn't hold up; and nobody sets the webhook active meanwhile.
    webhook = await demand_webhook(work.scope, work.connection, webhook_id, lock="share")
    return webhook.status is WebhookStatus.INACTIVE and await cancel_waiting(work, webhook, BATCH)


async def shorten_log(work: Work, webhook_id: UUID) -> bool:
    """Take from a webhook that is to be deleted a batch of its deliveries; whether there may be more. NotFound.

    To be repeated, each time in a transaction of its own, before `delete_webhook`. One with a long log is set
    inactive first, so that it gets no more meanwhile.
    """
    webhook = await demand_webhook(work.scope, work.connection, webhook_id)
    found = await work.connection.fetchval(
        "select count(*) from (select from deliveries where shop_id = $1 and webhook_id = $2 limit $3) d",
        webhook.shop_id,
        webhook.id,
        AT_ONCE + 1,
    )
    if found <= AT_ONCE:
        return False
    if webhook.status is WebhookStatus.ACTIVE:
        await update_webhook(work, webhook.id, WebhookMembers(status=WebhookStatus.INACTIVE), allow_private=True)
        return True
    deleted: str = await work.connection.execute(
        """
        delete from deliveries d
        using (
            select id, triggered_at from deliveries
            where shop_id = $1 and webhook_id = $2 limit $3 for update skip locked
        ) batch
        where d.shop_id = $1 and d.id = batch.id and d.triggered_at = batch.triggered_at
        """,
        webhook.shop_id,
        webhook.id,
        BATCH,
    )
    return deleted != "DELETE 0"


async def delete_webhook(work: Work, webhook_id: UUID) -> None:
    """Forget a webhook with its deliveries and their log; NotFound. A long log goes by `shorten_log` before."""
    webhook = await demand_webhook(work.scope, work.connection, webhook_id, lock="update")
    # The rows that go with the webhook's are deleted in an order that is PostgreSQL's to choose.
    await hold_lane(work, webhook)
    await record(work, Action.WEBHOOK_DELETED, webhook.id, before=rules.said_of(webhook))
    await work.connection.execute("delete from webhooks where shop_id = $1 and id = $2", work.scope.shop, webhook_id)
