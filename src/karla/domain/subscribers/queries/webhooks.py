"""Reads of webhooks."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from karla.domain.subscribers.records.lanes import LaneFailure, LaneState
from karla.domain.subscribers.records.webhooks import (
    COUNTED_AT_MOST,
    Ordering,
    PayloadFormat,
    Webhook,
    WebhookStatus,
)
from karla.infra.errors import NotFound
from karla.infra.where import Where
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

_SELECT = f"""
    select w.*, l.paused_until, l.failures, l.failing_since, l.reported_at, l.last_success_at, l.last_failure,
           (select count(*) from (
               select from deliveries d
               where d.shop_id = w.shop_id and d.webhook_id = w.id and d.status = 'pending' limit {COUNTED_AT_MOST}
           ) p) as pending
    from webhooks w
    join webhook_lanes l on l.shop_id = w.shop_id and l.webhook_id = w.id
"""  # noqa: S608 - what is put in is a constant


class WebhookFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which webhooks: None is "any"."""

    id: UUID | None = None
    url: str | None = None
    status: WebhookStatus | None = None


async def webhooks(
    scope: Scope, connection: Connection, wanted: WebhookFilter, *, limit: int, offset: int
) -> list[Webhook]:
    """Webhooks of the shop, the newest first."""
    where = Where("w.shop_id = {}", scope.shop)
    where.add("w.id = {}", wanted.id)
    where.add("w.url = {}", wanted.url)
    where.add("w.status = {}", wanted.status)
    rows = await connection.fetch(
        f"""
        {_SELECT} where {where.sql}
        order by w.created_at desc, w.id limit {where.value(limit)} offset {where.value(offset)}
        """,
        *where.values,
    )
    return [_webhook(row) for row in rows]


async def demand_webhook(
    scope: Scope, connection: Connection, webhook_id: UUID, *, lock: Literal["share", "update"] | None = None
) -> Webhook:
    """One webhook; NotFound. Until the transaction ends a lock keeps others from changing it, or from sharing it too.

    The relay shares each webhook that it makes deliveries for, so a lock for update holds it up.
    """
    row = await connection.fetchrow(
        f"{_SELECT} where w.shop_id = $1 and w.id = $2 {f'for {lock} of w' if lock else ''}",
        scope.shop,
        webhook_id,
    )
    if row is None:
        raise NotFound("webhook_not_found", "The requested webhook does not exist.")
    return _webhook(row)


async def webhook_like(scope: Scope, connection: Connection, url: str, enabled_events: Sequence[str]) -> Webhook | None:
    """The oldest webhook with this URL and these filters, in whatever order they stand."""
    row = await connection.fetchrow(
        f"""
        {_SELECT} where w.shop_id = $1 and w.url = $2 and w.enabled_events @> $3 and w.enabled_events <@ $3
        order by w.created_at, w.id limit 1
        """,
        scope.shop,
        url,
        enabled_events,
    )
    return _webhook(row) if row else None


def _webhook(row: "asyncpg.Record") -> Webhook:
    return Webhook(
        shop_id=row["shop_id"],
        id=row["id"],
        url=row["url"],
        enabled_events=row["enabled_events"],
        secret=row["secret"],
        previous_secret=row["previous_secret"],
        previous_secret_until=row["previous_secret_until"],
        description=row["description"],
        ordering=Ordering(row["ordering"]),
        payload_format=PayloadFormat(row["payload_format"]),
        status=WebhookStatus(row["status"]),
        disabled_reason=row["disabled_reason"],
        active_since=row["active_since"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        lane=lane_state_from(row),
        pending=row["pending"],
    )


def lane_state_from(row: asyncpg.Record) -> LaneState:
    """How a webhook has been doing, of a row with the columns of its lane."""
    return LaneState(
        paused_until=row["paused_until"],
        failures=row["failures"],
        failing_since=row["failing_since"],
        reported_at=row["reported_at"],
        last_success_at=row["last_success_at"],
        last_failure=msgspec.convert(row["last_failure"], LaneFailure | None),
    )
