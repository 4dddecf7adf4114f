"""A shop beside the usual one, whose endpoints all hang: copies of a webhook and of an event that the API made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from benchmarks.api import Api
from benchmarks.backlog import relay_all
from benchmarks.rows import Connection, raw, table_of

_SHOP = """
    select copy.* from shops s, lateral jsonb_populate_record(s,
        jsonb_build_object('id', $1::uuid, 'slug', 'neighbour-' || $1::uuid)) copy
    where s.slug = 'bench'
"""
_WEBHOOKS = """
    select copy.* from webhooks w, generate_series(1, $3::int) n, lateral jsonb_populate_record(w,
        jsonb_build_object('id', gen_random_uuid(), 'shop_id', $1::uuid, 'url', replace(w.url, '?', n || '?'))) copy
    where w.id = $2
"""
_MADE = """
    create temporary table made on commit drop as
    select gen_random_uuid() as id, now() + n * interval '1 microsecond' as triggered_at
    from generate_series(1, {}) n
"""
_EVENTS = """
    select copy.* from bench_events e, made, lateral jsonb_populate_record(null::events, to_jsonb(e)
        || jsonb_build_object('id', made.id, 'triggered_at', made.triggered_at, 'shop_id', $1::uuid)) copy
    where e.event_name = $2
"""
_OUTBOX = """
    select copy.* from bench_outbox o, made, lateral jsonb_populate_record(null::outbox, to_jsonb(o)
        || jsonb_build_object('event_id', made.id, 'triggered_at', made.triggered_at, 'shop_id', $1::uuid)) copy
    where o.event_id = (select id from bench_events where event_name = $2)
"""


@asynccontextmanager
async def neighbour(url: str, api: Api, target: str, scan: str, endpoints: int, events: int) -> AsyncIterator[None]:
    """Another shop with so many endpoints like `target`, which has a query, and so many events for each of them.

    They are copies of the event of this scan that `Backlog.prepare` kept. At the end only the shop itself is left.
    """
    model = UUID(await api.webhook(target, "shipments/delivered"))
    async with raw(url) as connection:
        shop = UUID(str(await connection.fetchval("select gen_random_uuid()")))
        await _copy(connection, shop, model, endpoints)
        await api.call("DELETE", f"/webhooks/{model}")
        async with connection.transaction():
            await connection.execute(_MADE.format(int(events)))
            for name, copies in (("events", _EVENTS), ("outbox", _OUTBOX)):
                await connection.execute((await table_of(connection, name)).insert_from(copies), shop, scan)
        await relay_all(url)
        waiting = await connection.fetchval("select count(*) from deliveries where shop_id = $1", shop)
        if waiting != endpoints * events:
            raise RuntimeError(f"{waiting} deliveries wait, not {endpoints} times {events}")
        try:
            yield
        finally:
            for table in ("deliveries", "webhook_lanes", "webhooks"):
                await connection.execute(f"delete from {table} where shop_id = $1", shop)


async def _copy(connection: Connection, shop: UUID, model: UUID, endpoints: int) -> None:
    async with connection.transaction():
        await connection.execute((await table_of(connection, "shops")).insert_from(_SHOP), shop)
        copies = (await table_of(connection, "webhooks")).insert_from(_WEBHOOKS)
        await connection.execute(copies, shop, model, endpoints)
        await connection.execute(
            "insert into webhook_lanes (shop_id, webhook_id) select shop_id, id from webhooks where shop_id = $1", shop
        )
