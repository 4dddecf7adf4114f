"""Reads of the trail of administrative changes."""

from collections.abc import Collection
from uuid import UUID

import asyncpg

from karla.domain.audit.records import AuditEntry, AuditFilter, AuditPage
from karla.infra.work import Connection, Origin
from karla.vocabulary.scope import Scope

_ENTRIES = """
    select id, changed_at, shop_id, shop_slug, action, object_id, actor_kind, actor_id, actor_name, before, after,
           ip_address, user_agent, request_id
    from audit_entries
"""

_FILTERS = """
    and ($2::text is null or action = $2 or starts_with(action, $2 || '.'))
    and ($3::text is null or actor_name = $3 or actor_id::text = lower($3))
    and ($4::text is null or object_id = $4)
    and ($5::timestamptz is null or changed_at >= $5)
    and ($6::timestamptz is null or changed_at < $6)
    and ($7::timestamptz is null or (changed_at, id) < ($7, $8::uuid))
    order by changed_at desc, id desc limit $9
"""


async def shop_entries(scope: Scope, connection: Connection, wanted: AuditFilter) -> AuditPage:
    """The trail of the scope's one shop, the newest first."""
    rows = await connection.fetch(f"{_ENTRIES} where shop_id = $1 {_FILTERS}", scope.shop, *_values(wanted))
    return _page(rows, wanted)


async def organisation_entries(
    scope: Scope,
    connection: Connection,
    organisation_id: UUID,
    wanted: AuditFilter,
    shops: Collection[UUID] | None = None,
) -> AuditPage:
    """The trail of an organisation, the newest first; of some shops alone if they are given."""
    del scope
    rows = await connection.fetch(
        f"{_ENTRIES} where organisation_id = $1 and ($10::uuid[] is null or shop_id = any($10)) {_FILTERS}",
        organisation_id,
        *_values(wanted),
        shops,
    )
    return _page(rows, wanted)


def _values(wanted: AuditFilter) -> tuple[object, ...]:
    after = wanted.after
    return (
        wanted.action,
        wanted.actor,
        wanted.object_id,
        wanted.since,
        wanted.until,
        after.time if after else None,
        after.id if after else None,
        wanted.limit + 1,
    )


def _page(rows: list[asyncpg.Record], wanted: AuditFilter) -> AuditPage:
    return AuditPage(tuple(_entry(row) for row in rows[: wanted.limit]), more=len(rows) > wanted.limit)


def _entry(row: asyncpg.Record) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        changed_at=row["changed_at"],
        shop_slug=row["shop_slug"],
        action=row["action"],
        object_id=row["object_id"],
        origin=Origin(
            kind=row["actor_kind"],
            name=row["actor_name"],
            key_id=row["actor_id"],
            ip_address=row["ip_address"],
            user_agent=row["user_agent"],
            request_id=row["request_id"],
        ),
        before=row["before"],
        after=row["after"],
    )
