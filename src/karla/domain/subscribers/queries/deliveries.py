"""Reads of deliveries and their attempts."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from karla.domain.subscribers.records.deliveries import Attempt, Backlog, Delivery, DeliveryStatus
from karla.domain.subscribers.records.journal import ANY_TIME, AnnouncedEvent, Span
from karla.infra.errors import NotFound
from karla.infra.paging import Cursor
from karla.infra.where import Where
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries of a webhook: None is "any".

    `since` is the first moment that counts, `until` the first that no longer does; both are times of the event.
    `after` is the place in the list to go on, by `created_at`.
    """

    webhook_id: UUID
    status: DeliveryStatus | None = None
    event_id: UUID | None = None
    replay_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Cursor | None = None


_SELECT = """
    select d.id, d.webhook_id, d.event_id, d.replay_id, e.test, e.ref, d.triggered_at, d.status, d.due_at,
           d.created_at, d.finished_at, d.attempt_log
    from deliveries d
    join events e on e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id
"""


async def deliveries(
    scope: Scope, connection: Connection, wanted: DeliveryFilter, *, limit: int, offset: int
) -> list[Delivery]:
    """A webhook's deliveries with their attempts, the newest first."""
    where = Where("d.shop_id = {}", scope.shop)
    where.add("d.webhook_id = {}", wanted.webhook_id)
    where.add("d.status = {}", wanted.status)
    where.add("d.event_id = {}", wanted.event_id)
    where.add("d.replay_id = {}", wanted.replay_id)
    where.add("d.triggered_at >= {}", wanted.since)
    where.add("d.triggered_at < {}", wanted.until)
    if wanted.after:
        where.add("d.created_at <= {0} and (d.created_at < {0} or d.id > {1})", wanted.after.time, wanted.after.id)
    rows = await connection.fetch(
        f"""
        {_SELECT} where {where.sql}
        order by d.created_at desc, d.id limit {where.value(limit)} offset {where.value(offset)}
        """,
        *where.values,
    )
    return [_delivery(row) for row in rows]


async def demand_delivery(scope: Scope, connection: Connection, webhook_id: UUID, delivery_id: UUID) -> Delivery:
    """One delivery of a webhook; NotFound."""
    row = await connection.fetchrow(
        f"{_SELECT} where d.shop_id = $1 and d.webhook_id = $2 and d.id = $3", scope.shop, webhook_id, delivery_id
    )
    if row is None:
        raise NotFound("delivery_not_found", "The requested delivery does not exist.")
    return _delivery(row)


async def delivered_events(
    scope: Scope,
    connection: Connection,
    webhook_id: UUID,
    statuses: Collection[DeliveryStatus],
    span: Span = ANY_TIME,
) -> list[AnnouncedEvent]:
    """The kinds of events of a webhook's deliveries in one of these statuses, each once."""
    where = Where("d.shop_id = {}", scope.shop)
    where.add("d.webhook_id = {}", webhook_id)
    where.add("d.status = any ({})", list(statuses))
    where.add("d.triggered_at >= {}", span.since)
    where.add("d.triggered_at < {}", span.until)
    rows = await connection.fetch(
        f"""
        select distinct e.ref, e.event_name, e.event_group
        from deliveries d
        join events e on e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id
        where {where.sql}
        """,  # noqa: S608 - values are parameters
        *where.values,
    )
    return [AnnouncedEvent(**row) for row in rows]


async def backlog(scope: Scope, connection: Connection, now: datetime) -> Backlog:
    """What waits, counted over all shops and telling nothing of any; so `scope` is the one of everything."""
    del scope
    row = await connection.fetchrow(
        """
        select (select count(*) from outbox) as outbox,
               (select triggered_at from outbox order by id limit 1) as outbox_oldest_at,
               p.pending as deliveries_pending, p.due as deliveries_due,
               l.due_since, l.paused as webhooks_paused, l.failing as webhooks_failing
        from (
            select count(*) as pending, count(*) filter (where due_at <= $1) as due
            from deliveries where status = 'pending'
        ) p
        cross join (
            select min(d.due_at) as due_since,
                   count(*) filter (where l.paused_until > $1) as paused,
                   count(*) filter (where l.reported_at is not null) as failing
            from webhook_lanes l
            join webhooks w on w.shop_id = l.shop_id and w.id = l.webhook_id and w.status = 'active'
            left join lateral (
                select d.due_at from deliveries d
                where d.shop_id = l.shop_id and d.webhook_id = l.webhook_id and d.status = 'pending'
                  and d.due_at <= $1
                order by d.due_at limit 1
            ) d on l.next_due_at <= $1
        ) l
        """,
        now,
    )
    assert row is not None, "an aggregate has one row"  # noqa: S101
    return Backlog(**row)


def _delivery(row: "asyncpg.Record") -> Delivery:
    values: dict[str, Any] = dict(row)
    attempts = msgspec.convert(values.pop("attempt_log"), tuple[Attempt, ...])
    return Delivery(**{**values, "status": DeliveryStatus(row["status"]), "attempts": attempts})
