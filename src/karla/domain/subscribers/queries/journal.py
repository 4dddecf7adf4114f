"""Reads of the journal."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from karla.domain.subscribers.records.journal import AnnouncedEvent, JournalEntry, JournalPage, Span
from karla.domain.subscribers.rules.filters import handovers
from karla.infra.errors import NotFound
from karla.infra.paging import Cursor
from karla.infra.where import Where
from karla.infra.work import Connection
from karla.vocabulary.events import ALL_DELIVERED
from karla.vocabulary.scope import Scope

LONG_SECONDS = 60.0
"""How long a statement may take that looks through months of events."""


class JournalFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: None is "any".

    `ref` is a ref or its beginning in whole segments, `group` any group that webhooks may ask for; `since` is the
    first moment that counts, `until` the first that no longer does; both are times of triggering. `after` is the
    place in the list to go on. Of the orders and the shipments one is enough. `seen` are events to leave out.
    """

    ref: str | None = None
    group: str | None = None
    orders: tuple[UUID, ...] | None = None
    shipments: tuple[UUID, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Cursor | None = None
    seen: Collection[UUID] = ()
    include_test: bool = False
    ascending: bool = False

    def narrow(self, where: Where) -> None:
        """Demand the same of rows of `events`."""
        where.add("(ref = {0} or starts_with(ref, {0} || '/'))", self.ref)
        if self.group == ALL_DELIVERED:
            names, groups = zip(*handovers(), strict=True)
            where.add("(event_name, event_group) in (select * from unnest({}::text[], {}::text[]))", names, groups)
        else:
            where.add("event_group = {}", self.group)
        where.add("order_id = any ({})", self.orders)
        where.add("shipment_id = any ({})", self.shipments)
        where.add("triggered_at >= {}", self.since)
        where.add("triggered_at < {}", self.until)
        if self.after:
            beyond = ">" if self.ascending else "<"
            where.add(f"(triggered_at, id) {beyond} ({{}}, {{}})", self.after.time, self.after.id)
        if self.seen:
            where.add("id <> all ({})", list(self.seen))
        where.add("test = {}", None if self.include_test else False)


async def journal(
    scope: Scope, connection: Connection, wanted: JournalFilter, *, limit: int, max_bytes: int
) -> JournalPage:
    """Events of the shop, up to `limit`, and up to `max_bytes` of payload but one at least.

    The newest come first, or the oldest if `ascending`.
    """
    where = Where("shop_id = {}", scope.shop)
    wanted.narrow(where)
    order = "triggered_at, id" if wanted.ascending else "triggered_at desc, id desc"
    rows = await connection.fetch(
        f"""
        with matching as (
            select shop_id, triggered_at, id, octet_length(payload) as size from events where {where.sql}
            order by {order} limit {where.value(limit + 1)}
        ), listed as (
            select *, row_number() over in_order as place, sum(size) over in_order as bytes, count(*) over () as found
            from matching window in_order as (order by {order})
        )
        select e.id, e.triggered_at, e.ref, e.payload, l.found
        from listed l
        join events e on e.shop_id = l.shop_id and e.triggered_at = l.triggered_at and e.id = l.id
        where l.place <= {where.value(limit)} and (l.place = 1 or l.bytes <= {where.value(max_bytes)})
        order by l.place
        """,  # noqa: S608 - values are parameters
        *where.values,
    )
    entries = [_entry(row) for row in rows]
    return JournalPage(entries, more=bool(rows) and rows[0]["found"] > len(rows))


async def journal_ids(scope: Scope, connection: Connection, wanted: JournalFilter) -> list[UUID]:
    """The ids of all that match, in no order."""
    where = Where("shop_id = {}", scope.shop)
    wanted.narrow(where)
    rows = await connection.fetch(f"select id from events where {where.sql}", *where.values)  # noqa: S608
    return [row["id"] for row in rows]


async def journal_entry(scope: Scope, connection: Connection, event_id: UUID) -> JournalEntry:
    """One event, also one that was made up to test a webhook; NotFound."""
    row = await connection.fetchrow(
        "select id, triggered_at, ref, payload from events where shop_id = $1 and id = $2", scope.shop, event_id
    )
    if row is None:
        raise NotFound("event_not_found", "The requested event does not exist.")
    return _entry(row)


async def announced_events(scope: Scope, connection: Connection, span: Span) -> list[AnnouncedEvent]:
    """The kinds of events that were announced to someone, each once."""
    where = Where("shop_id = {}", scope.shop)
    JournalFilter(since=span.since, until=span.until).narrow(where)
    rows = await connection.fetch(
        f"""
        select distinct ref, event_name, event_group from events where {where.sql} and event_group is not null
        """,  # noqa: S608 - values are parameters
        *where.values,
        timeout=LONG_SECONDS,
    )
    return [AnnouncedEvent(**row) for row in rows]


def _entry(row: "asyncpg.Record") -> JournalEntry:
    return JournalEntry(row["id"], row["triggered_at"], row["ref"], row["payload"])
