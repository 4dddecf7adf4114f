"""Deliveries that wait: events copied from one that the API made, sent through the relay while no worker runs."""

from benchmarks.api import Api
from benchmarks.rows import raw, table_of
from benchmarks.seeding import SCANS, template
from karla.domain.subscribers.journal import Journal
from karla.infra.db import Database
from karla.pipeline.relay import Relay

_KEEP = """
    create table bench_events as table events;
    create table bench_outbox as table outbox;
    delete from outbox;
"""
_MADE = """
    create temporary table made on commit drop as
    select gen_random_uuid() as id, now() + n * interval '1 microsecond' as triggered_at
    from generate_series(1, {}) n
"""
_EVENTS = """
    select copy.* from bench_events e, made, lateral jsonb_populate_record(null::events, to_jsonb(e)
        || jsonb_build_object('id', made.id, 'triggered_at', made.triggered_at)) copy
    where e.event_name = $1
"""
_OUTBOX = """
    select copy.* from bench_outbox o, made, lateral jsonb_populate_record(null::outbox, to_jsonb(o)
        || jsonb_build_object('event_id', made.id, 'triggered_at', made.triggered_at)) copy
    where o.event_id = (select id from bench_events where event_name = $1)
"""


class Backlog:
    """Makes events wait for their delivery."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def prepare(self, api: Api) -> None:
        """Keep an event of each scan as a template; before any worker runs."""
        await template(api, len(SCANS))
        async with raw(self._url) as connection:
            await connection.execute(_KEEP)

    async def pile_up(self, scan: str, events: int) -> None:
        """Let so many scans of this name have happened, and relay them to whoever wants them."""
        async with raw(self._url) as connection, connection.transaction():
            await connection.execute(_MADE.format(int(events)))
            for name, copies in (("events", _EVENTS), ("outbox", _OUTBOX)):
                await connection.execute((await table_of(connection, name)).insert_from(copies), scan)
        await relay_all(self._url)

    async def settled(self) -> dict[str, int]:
        """How many deliveries have which status."""
        async with raw(self._url) as connection:
            rows = await connection.fetch("select status, count(*) from deliveries group by status")
            return {row["status"]: row["count"] for row in rows}


async def relay_all(url: str) -> None:
    """Turn what waits in the outbox into deliveries, by the worker's own relay."""
    db = await Database.open(url, announce=Journal, pool_size=2)
    try:
        relay = Relay(db, on_deliveries=lambda: None)
        while await relay.turn():
            pass
    finally:
        await db.close()
