"""Reads of webhooks, their deliveries and the journal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from karla.domain.subscribers.records import (
    AnnouncedEvent,
    Attempt,
    Backlog,
    Delivery,
    DeliveryStatus,
    JournalEntry,
    JournalPage,
    Webhook,
    WebhookStatus,
)
from karla.infra.errors import NotFound
from karla.infra.paging import Cursor
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope


class WebhookFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which webhooks: None is "any"."""

    id: UUID | None = None
    url: str | None = None
    status: WebhookStatus | None = None


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries of a webhook: None is "any"."""

    webhook_id: UUID
    status: DeliveryStatus | None = None
    event_id: UUID | None = None


class JournalFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: None is "any".

    `ref` is a ref or its beginning in whole segments; `since` is the first moment that counts, `until`
    the first that no longer does; both are times of triggering. `after` is the place in the list to go on.
    Of the orders and the shipments one is enough.
    """

    ref: str | None = None
    group: str | None = None
    orders: tuple[UUID, ...] | None = None
    shipments: tuple[UUID, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Cursor | None = None


async def webhooks(
    scope: Scope, connection: Connection, wanted: WebhookFilter, *, limit: int, offset: int
) -> list[Webhook]:
    """Webhooks of the shop, the newest first."""
    where = _Where("shop_id = {}", scope.shop)
    where.add("id = {}", wanted.id)
    where.add("url = {}", wanted.url)
    where.add("status = {}", wanted.status)
    rows = await connection.fetch(
        f"""
        select * from webhooks where {where.sql}
        order by created_at desc, id limit {where.value(limit)} offset {where.value(offset)}
        """,  # noqa: S608 - values are parameters
        *where.values,
    )
    return [_webhook(row) for row in rows]


async def demand_webhook(scope: Scope, connection: Connection, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """One webhook, kept from changing until the transaction ends if `lock`; NotFound."""
    row = await connection.fetchrow(
        f"select * from webhooks where shop_id = $1 and id = $2 {'for update' if lock else ''}",  # noqa: S608
        scope.shop,
        webhook_id,
    )
    if row is None:
        raise NotFound("webhook_not_found", "The requested webhook does not exist.")
    return _webhook(row)


async def webhook_like(scope: Scope, connection: Connection, url: str, enabled_events: Sequence[str]) -> Webhook | None:
    """The oldest webhook with this URL and these filters, in whatever order they stand."""
    row = await connection.fetchrow(
        """
        select * from webhooks
        where shop_id = $1 and url = $2 and enabled_events @> $3 and enabled_events <@ $3
        order by created_at, id limit 1
        """,
        scope.shop,
        url,
        enabled_events,
    )
    return _webhook(row) if row else None


async def deliveries(
    scope: Scope, connection: Connection, wanted: DeliveryFilter, *, limit: int, offset: int
) -> list[Delivery]:
    """A webhook's deliveries with their attempts, the newest first."""
    where = _Where("d.shop_id = {}", scope.shop)
    where.add("d.webhook_id = {}", wanted.webhook_id)
    where.add("d.status = {}", wanted.status)
    where.add("d.event_id = {}", wanted.event_id)
    rows = await connection.fetch(
        f"""
        select d.id, d.webhook_id, d.event_id, e.ref, d.triggered_at, d.status, d.due_at, d.created_at,
               d.finished_at
        from deliveries d
        join events e on e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id
        where {where.sql}
        order by d.created_at desc, d.id limit {where.value(limit)} offset {where.value(offset)}
        """,  # noqa: S608 - values are parameters
        *where.values,
    )
    attempts = await _attempts(scope, connection, [row["id"] for row in rows])
    return [_delivery(row, attempts[row["id"]]) for row in rows]


async def pending_events(scope: Scope, connection: Connection, webhook_id: UUID) -> list[AnnouncedEvent]:
    """The kinds of events that are still due to a webhook, each once."""
    rows = await connection.fetch(
        """
        select distinct e.ref, e.event_name, e.event_group
        from deliveries d
        join events e on e.shop_id = d.shop_id and e.triggered_at = d.triggered_at and e.id = d.event_id
        where d.shop_id = $1 and d.webhook_id = $2 and d.status = 'pending'
        """,
        scope.shop,
        webhook_id,
    )
    return [AnnouncedEvent(**row) for row in rows]


async def _attempts(scope: Scope, connection: Connection, delivery_ids: Sequence[UUID]) -> dict[UUID, list[Attempt]]:
    rows = await connection.fetch(
        """
        select delivery_id, number, started_at, duration_ms, status_code, error, response_excerpt
        from delivery_attempts where shop_id = $1 and delivery_id = any ($2)
        order by delivery_id, number
        """,
        scope.shop,
        delivery_ids,
    )
    found: dict[UUID, list[Attempt]] = {delivery_id: [] for delivery_id in delivery_ids}
    for row in rows:
        found[row["delivery_id"]].append(Attempt(**{name: row[name] for name in Attempt.__struct_fields__}))
    return found


async def journal(
    scope: Scope, connection: Connection, wanted: JournalFilter, *, limit: int, max_bytes: int
) -> JournalPage:
    """Events of the shop, the newest first: up to `limit`, and up to `max_bytes` of payload but one at least."""
    where = _Where("shop_id = {}", scope.shop)
    where.add("(ref = {0} or starts_with(ref, {0} || '/'))", wanted.ref)
    where.add("event_group = {}", wanted.group)
    where.add("order_id = any ({})", wanted.orders)
    where.add("shipment_id = any ({})", wanted.shipments)
    where.add("triggered_at >= {}", wanted.since)
    where.add("triggered_at < {}", wanted.until)
    if wanted.after:
        where.add(f"(triggered_at, id) < ({where.value(wanted.after.time)}, {{}})", wanted.after.id)
    rows = await connection.fetch(
        f"""
        with matching as (
            select shop_id, triggered_at, id, octet_length(payload) as size from events where {where.sql}
            order by triggered_at desc, id desc limit {where.value(limit + 1)}
        ), listed as (
            select *, row_number() over newest_first as place, sum(size) over newest_first as bytes,
                   count(*) over () as found
            from matching window newest_first as (order by triggered_at desc, id desc)
        )
        select e.id, e.triggered_at, e.payload, l.found
        from listed l
        join events e on e.shop_id = l.shop_id and e.triggered_at = l.triggered_at and e.id = l.id
        where l.place <= {where.value(limit)} and (l.place = 1 or l.bytes <= {where.value(max_bytes)})
        order by l.place
        """,  # noqa: S608 - values are parameters
        *where.values,
    )
    entries = [JournalEntry(row["id"], row["triggered_at"], row["payload"]) for row in rows]
    return JournalPage(entries, more=bool(rows) and rows[0]["found"] > len(rows))


async def journal_entry(scope: Scope, connection: Connection, event_id: UUID) -> JournalEntry:
    """One event; NotFound."""
    row = await connection.fetchrow(
        "select id, triggered_at, payload from events where shop_id = $1 and id = $2", scope.shop, event_id
    )
    if row is None:
        raise NotFound("event_not_found", "The requested event does not exist.")
    return JournalEntry(row["id"], row["triggered_at"], row["payload"])


async def backlog(scope: Scope, connection: Connection, now: datetime) -> Backlog:
    """What waits, counted over all shops and telling nothing of any; so `scope` is the empty one."""
    del scope
    row = await connection.fetchrow(
        """
        select (select count(*) from outbox) as outbox,
               (select triggered_at from outbox order by id limit 1) as outbox_oldest_at,
               count(*) as deliveries_pending,
               count(*) filter (where due_at <= $1) as deliveries_due
        from deliveries where status = 'pending'
        """,
        now,
    )
    assert row is not None, "an aggregate has one row"  # noqa: S101
    return Backlog(**row)


class _Where:
    """Conditions that are wanted, joined by `and`: PostgreSQL plans each set of them by itself."""

    def __init__(self, condition: str, value: object) -> None:
        self.values: list[object] = []
        self._conditions: list[str] = []
        self.add(condition, value)

    def add(self, condition: str, value: object | None) -> None:
        """Demand `condition`, with `{}` for the value; None demands nothing."""
        if value is not None:
            self._conditions.append(condition.format(self.value(value)))

    def value(self, value: object) -> str:
        """The place of a value in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"

    @property
    def sql(self) -> str:
        return " and ".join(self._conditions)


def _webhook(row: "asyncpg.Record") -> Webhook:
    values: dict[str, Any] = dict(row)
    return Webhook(**{**values, "status": WebhookStatus(row["status"])})


def _delivery(row: "asyncpg.Record", attempts: Sequence[Attempt]) -> Delivery:
    values: dict[str, Any] = dict(row)
    return Delivery(**{**values, "status": DeliveryStatus(row["status"]), "attempts": attempts})
