"""Sends events again, or to a webhook that never got them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.subscribers.commands.lanes import hold_lane, wake
from karla.domain.subscribers.queries.deliveries import delivered_events, demand_delivery
from karla.domain.subscribers.queries.journal import LONG_SECONDS, announced_events
from karla.domain.subscribers.queries.webhooks import demand_webhook
from karla.domain.subscribers.records.deliveries import Delivery
from karla.domain.subscribers.records.journal import AnnouncedEvent, Span
from karla.domain.subscribers.records.replays import ReplayCriteria, Replayed, ReplaySource
from karla.domain.subscribers.records.webhooks import Webhook
from karla.domain.subscribers.rules import replays as rules
from karla.domain.subscribers.rules.filters import EVERYTHING, canonical_filters, wanted
from karla.domain.subscribers.rules.webhooks import demand_active
from karla.infra.ids import id_sql, id_start, new_id
from karla.infra.where import Where
from karla.infra.work import Work
from karla.vocabulary.events import WEBHOOKS

# A webhook has a second delivery of an event only by a replay, so those alone may be newer than another one.
_NEWEST = """
    not e.test and not exists (
        select from deliveries r
        where r.shop_id = d.shop_id and r.webhook_id = d.webhook_id and r.event_id = d.event_id
          and r.triggered_at = d.triggered_at and r.replay_id is not null and r.id <> d.id
          and (d.replay_id is null or r.created_at > d.created_at))
"""
# What the relay is about to deliver anyway is left to it.
_NOT_UNDER_WAY = """
    not e.test and not exists (
        select from outbox o join webhooks w on w.shop_id = o.shop_id and w.id = {}
        where o.shop_id = e.shop_id and o.event_id = e.id and o.id > w.active_from and o.filters && w.enabled_events)
"""
# Not every event of the journal has a place in the outbox that is known. Its time takes the place, far below all
# real ones: within a shipment a replay goes before what happens meanwhile, and in its own order.
_PLACE_BY_TIME = "(extract(epoch from e.triggered_at) * 1000000)::bigint - 4000000000000000000"


async def replay(
    work: Work,
    webhook_id: UUID,
    criteria: ReplayCriteria,
    *,
    dry_run: bool = False,
    limit: int = rules.REPLAYED_AT_MOST,
) -> Replayed:
    """Make new deliveries of all events that fit, the oldest `limit` of them; a dry run only counts them all.

    An event has at most one pending delivery at a webhook, so what is on its way is not sent twice. Invalid names
    every fault of the criteria; NotFound; Conflict for an inactive webhook.
    """
    rules.demand_sensible(criteria)
    webhook = await _serving(work, webhook_id)
    where, place = _asked(webhook, criteria, await _kinds(work, webhook, criteria))
    source = _SOURCES[criteria.source]
    if criteria.source is ReplaySource.JOURNAL:
        # No index leads from an event to its deliveries. A planner that knows too little of new rows would look
        # through all of these for each event.
        await work.connection.execute("set local enable_nestloop = off")
    if dry_run:
        count = await work.connection.fetchval(
            f"select count(*) {source} where {where.sql}",
            *where.values,
            timeout=LONG_SECONDS,
        )
        return Replayed(None, count, more=count > limit)
    replay_id = new_id()
    new_ids = id_sql(*(where.value(part) for part in id_start()))
    found = await work.connection.fetchrow(
        f"""
        with chosen as (
            select e.id, e.triggered_at, e.shipment_id, {place} as position {source} where {where.sql}
            order by e.triggered_at, e.id limit {where.value(limit + 1)}
        ), added as (
            insert into deliveries (shop_id, id, webhook_id, event_id, triggered_at, position, ordering_key,
                                    replay_id, status, attempts, due_at, created_at)
            select {where.value(webhook.shop_id)}, {new_ids}, {where.value(webhook.id)},
                   id, triggered_at, position,
                   case when {where.value(webhook.ordering)} = 'shipment' then shipment_id end,
                   {where.value(replay_id)}, 'pending', 0, {(now := where.value(work.now))}, {now}
            from (select * from chosen order by triggered_at, id limit {where.value(limit)}) as within
            returning 1
        )
        select (select count(*) from chosen) as chosen, (select count(*) from added) as added
        """,  # noqa: S608 - values are parameters
        *where.values,
        timeout=LONG_SECONDS,
    )
    assert found is not None, "a select of two counts has one row"  # noqa: S101
    if not found["added"]:
        return Replayed(None, 0, more=False)
    await _note(work, webhook, replay_id, msgspec.to_builtins(criteria), found["added"])
    return Replayed(replay_id, found["added"], more=found["chosen"] > found["added"])


_SOURCES = {
    ReplaySource.DELIVERIES: """
        from deliveries d
        join events e on e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id
    """,
    ReplaySource.JOURNAL: "from events e",
}


def _asked(webhook: Webhook, criteria: ReplayCriteria, kinds: Sequence[AnnouncedEvent] | None) -> tuple[Where, str]:
    """Which events, and their place among the webhook's deliveries, as SQL."""
    journal = criteria.source is ReplaySource.JOURNAL
    where, place = (_of_journal if journal else _of_deliveries)(webhook, criteria)
    if kinds is not None:
        refs, groups = [kind.ref for kind in kinds], [kind.event_group for kind in kinds]
        where.add("(e.ref, e.event_group) in (select * from unnest({}::text[], {}::text[]))", refs, groups)
    elif journal:
        where.add("e.source <> {}", WEBHOOKS)  # as `*` leaves it out
    return where, place


def _of_deliveries(webhook: Webhook, criteria: ReplayCriteria) -> tuple[Where, str]:
    where = Where("d.shop_id = {}", webhook.shop_id)
    where.add("d.webhook_id = {}", webhook.id)
    where.add("d.status = any ({})", rules.replayed_statuses(criteria.status))
    where.add("d.triggered_at >= {}", criteria.since)
    where.add("d.triggered_at < {}", criteria.until)
    where.add(_NEWEST)
    return where, "d.position"


def _of_journal(webhook: Webhook, criteria: ReplayCriteria) -> tuple[Where, str]:
    where = Where("e.shop_id = {}", webhook.shop_id)
    where.add("e.triggered_at >= {}", criteria.since)
    where.add("e.triggered_at < {}", criteria.until)
    where.add("e.event_group is not null")
    where.add(_NOT_UNDER_WAY, webhook.id)
    where.add(
        """
        not exists (
            select from deliveries d
            where d.shop_id = e.shop_id and d.webhook_id = {} and d.event_id = e.id
              and d.triggered_at = e.triggered_at and d.triggered_at >= {} and d.status = any ({}))
        """,
        webhook.id,
        criteria.since,
        rules.passed_over(criteria.status),
    )
    return where, _PLACE_BY_TIME


async def _kinds(work: Work, webhook: Webhook, criteria: ReplayCriteria) -> Sequence[AnnouncedEvent] | None:
    """The kinds of events that are asked for; None is "any"."""
    journal = criteria.source is ReplaySource.JOURNAL
    asked = canonical_filters(criteria.events or (webhook.enabled_events if journal else EVERYTHING))
    if set(EVERYTHING) <= set(asked):
        return None
    span = Span(criteria.since, criteria.until)
    if journal:
        return wanted(await announced_events(work.scope, work.connection, span), asked)
    statuses = rules.replayed_statuses(criteria.status)
    return wanted(await delivered_events(work.scope, work.connection, webhook.id, statuses, span), asked)


async def replay_delivery(work: Work, webhook_id: UUID, delivery_id: UUID) -> Delivery:
    """A new delivery of the same event, whatever became of the given one.

    If the event is on its way to the webhook already, it is that delivery, and its next attempt is due now: one that
    is under way this moment is not waited for. NotFound; Conflict for an inactive webhook.
    """
    webhook = await _serving(work, webhook_id)
    await hold_lane(work, webhook)
    given = await demand_delivery(work.scope, work.connection, webhook_id, delivery_id)
    waiting = await work.connection.fetchval(
        """
        update deliveries set due_at = least(due_at, $5)
        where shop_id = $1 and webhook_id = $2 and event_id = $3 and triggered_at = $4 and status = 'pending'
        returning id
        """,
        webhook.shop_id,
        webhook.id,
        given.event_id,
        given.triggered_at,
        work.now,
    )
    if waiting is not None:
        await wake(work, webhook)
        return await demand_delivery(work.scope, work.connection, webhook_id, waiting)
    made, replay_id = new_id(), new_id()
    await work.connection.execute(
        """
        insert into deliveries (shop_id, id, webhook_id, event_id, triggered_at, position, ordering_key, replay_id,
                                status, attempts, due_at, created_at)
        select d.shop_id, $4, d.webhook_id, d.event_id, d.triggered_at, d.position,
               case when $5 = 'shipment' then e.shipment_id end, $6, 'pending', 0, $7, $7
        from deliveries d
        join events e on e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id
        where d.shop_id = $1 and d.webhook_id = $2 and d.id = $3
        """,
        webhook.shop_id,
        webhook.id,
        given.id,
        made,
        webhook.ordering,
        replay_id,
        work.now,
    )
    await _note(work, webhook, replay_id, {"delivery_id": str(given.id)}, 1)
    return await demand_delivery(work.scope, work.connection, webhook_id, made)


async def _serving(work: Work, webhook_id: UUID) -> Webhook:
    """The active webhook, which stays so until the end of the transaction; only one replay of it at a time."""
    # A lock of its own: one for update would hold up the relay, and with it every shop's events.
    await work.connection.execute("select pg_advisory_xact_lock(hashtextextended('replay ' || $1, 0))", str(webhook_id))
    webhook = await demand_webhook(work.scope, work.connection, webhook_id, lock="share")
    demand_active(webhook)
    return webhook


async def _note(work: Work, webhook: Webhook, replay_id: UUID, criteria: dict[str, Any], deliveries: int) -> None:
    await work.connection.execute(
        """
        insert into replays (shop_id, id, webhook_id, criteria, deliveries, created_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        webhook.shop_id,
        replay_id,
        webhook.id,
        criteria,
        deliveries,
        work.now,
    )
    told = {**criteria, "replay_id": replay_id, "deliveries": deliveries}
    await record(work, Action.WEBHOOK_REPLAYED, webhook.id, after=told)
    await wake(work, webhook)
