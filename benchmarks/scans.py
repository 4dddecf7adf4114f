"""Batches of scans observed in process and relayed to delivery rows, beside raw `unnest` of the rows that come out."""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from benchmarks.api import api_of
from benchmarks.comparison import Comparison, compare, paragraph, table
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.rows import Connection, Row, Table, raw, renamed, table_of
from benchmarks.seeding import SCANS, fill, template
from benchmarks.stage import free_port, stage
from karla.domain.shipments.commands.observe import observe
from karla.domain.shipments.records import Observation
from karla.domain.subscribers.journal import Journal
from karla.infra.access import scope_of
from karla.infra.db import Database
from karla.infra.garbage import collect_less_often
from karla.infra.ids import new_id
from karla.pipeline.relay import Relay

BATCH = 500
TABLES = ("shipment_events", "events", "deliveries")
_KEY = ("shop_id", "id")


def _batches(shop: UUID, shipments: list[UUID]) -> Iterator[list[Observation]]:
    """Scan after scan of every shipment, another shipment each."""
    at = datetime(2026, 3, 16, 7, 12, tzinfo=UTC)
    places = itertools.count()
    for name in itertools.cycle(SCANS):
        for first in range(0, len(shipments), BATCH):
            yield [
                Observation(
                    shop_id=shop,
                    shipment_id=shipment,
                    origin="carrier",
                    external_id=f"scan-{next(places)}",
                    event_name=name,
                    event_time=at,
                )
                for shipment in shipments[first : first + BATCH]
            ]


class Karla:
    """The command and the relay, side by side in one process as in a worker."""

    def __init__(self, db: Database, batches: Iterator[list[Observation]]) -> None:
        self._db = db
        self._batches = batches
        self._relay = Relay(db, on_deliveries=lambda: None)
        self._news = asyncio.Event()

    async def turn(self, count: int, in_flight: int) -> float:
        """Scans a second, from the first to the last delivery row; so many batches on their way at once."""
        prepared = list(itertools.islice(self._batches, count))
        began = time.perf_counter()
        batches = iter(prepared)
        relaying = asyncio.create_task(self._relay_when_told())
        await asyncio.gather(*(self._observe(batches) for _ in range(in_flight)))
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        while await self._relay.turn():
            pass
        return BATCH * count / (time.perf_counter() - began)

    async def _observe(self, batches: Iterator[list[Observation]]) -> None:
        for batch in batches:
            scope = scope_of(observation.shop_id for observation in batch)
            await self._db.write(scope, partial(observe, observations=batch))
            self._news.set()

    async def _relay_when_told(self) -> None:
        while await self._news.wait():
            self._news.clear()
            while await self._relay.turn():
                pass


class Ceiling:
    """Holds what one batch wrote, and writes it again and again: of other shipments each time, as scans come in."""

    def __init__(self, tables: list[Table], rows: dict[str, list[Row]], shipments: Table, moved: list[Row]) -> None:
        self._tables = tables
        self._rows = rows
        self._shipments = shipments
        self._scanned = list(dict.fromkeys(row["shipment_id"] for row in rows["shipment_events"]))
        self._order_of = {row["id"]: row["order_id"] for row in moved}
        self._moved = itertools.cycle(
            [moved[first : first + BATCH] for first in range(0, len(moved) - BATCH + 1, BATCH)]
        )
        self._copies = itertools.count(1)

    @classmethod
    async def of_batch(cls, url: str) -> "Ceiling":
        """Read what the one batch that was carried out so far has written."""
        columns = {"shipment_events": "id", "events": "id", "deliveries": "event_id"}
        rows: dict[str, list[Row]] = {}
        async with raw(url) as connection:
            told = [await table_of(connection, name) for name in TABLES]
            for one in told:
                where = f"where {columns[one.name]} in (select event_id from deliveries)"
                rows[one.name] = list(await one.rows(connection, where))
            shipments = await table_of(connection, "shipments")
            return cls(told, rows, shipments, list(await shipments.rows(connection, "order by id")))

    def batch(self) -> list[tuple[str, list[list[object]]]]:
        """Statements with their columns: the next shipments, changed just now, and the rows of them under new ids."""
        moved, copy = next(self._moved), next(self._copies)
        ids: defaultdict[UUID, UUID] = defaultdict(new_id)
        for before, row in zip(self._scanned, moved, strict=True):
            ids[before], ids[self._order_of[before]] = row["id"], row["order_id"]
        ids |= {row["webhook_id"]: row["webhook_id"] for row in self._rows["deliveries"]}
        now = [{**row, "updated_at": row["updated_at"] + copy * timedelta(seconds=1)} for row in moved]
        return [
            (self._shipments.update(_KEY), self._shipments.transposed(now)),
            *(
                (
                    told.insert(),
                    told.transposed(renamed(self._rows[told.name], ids.__getitem__, ("external_id",), f"-{copy}")),
                )
                for told in self._tables
            ),
        ]

    async def turn(self, connections: list[Connection], count: int) -> float:
        """Scans a second; the batches are made before the clock starts."""
        held = [self.batch() for _ in range(count)]
        began = time.perf_counter()
        await asyncio.gather(*(self._lane(connection, held) for connection in connections))
        return BATCH * count / (time.perf_counter() - began)

    async def _lane(self, connection: Connection, held: list[list[tuple[str, list[list[object]]]]]) -> None:
        while held:
            batch = held.pop()
            async with connection.transaction():
                for statement, columns in batch:
                    await connection.execute(statement, *columns)


async def run(plan: Plan) -> Section:
    """In this process, on a stage whose API has gone when the clock starts."""
    count, orders = plan.of(40, 4), plan.of(20_000, 2_000)
    with stage() as it:
        port = free_port()
        with it.karla("serve", port=port):
            api = api_of(it, port)
            await template(api)
            await api.webhook("http://127.0.0.1:9/never", "*")
        await fill(it.url, orders)
        collect_less_often()  # as Karla's processes do
        db = await Database.open(it.url, announce=Journal, pool_size=4)
        try:
            async with raw(it.url) as one, raw(it.url) as other:
                await one.execute("truncate outbox")
                found = await one.fetch("select id from shipments order by id desc limit $1", orders)
                karla = Karla(db, _batches(it.shop_id, [row["id"] for row in found]))
                await karla.turn(1, 1)
                ceiling = await Ceiling.of_batch(it.url)
                # All in each round: timelines grow from turn to turn, and Karla reads them.
                contenders = {
                    "karla, 1": lambda: karla.turn(count, 1),
                    "ceiling, 1": lambda: ceiling.turn([one], count),
                    "karla, 2": lambda: karla.turn(count, 2),
                    "ceiling, 2": lambda: ceiling.turn([one, other], count),
                }
                compared = await compare(plan, contenders, "scans/s")
        finally:
            await db.close()
    lines = [
        paragraph(
            f"{BATCH} scans a batch over {orders:,} shipments, one webhook that wants them; both in one process",
            f"without HTTP; median of {plan.rounds} alternating rounds of {count} batches. Karla: `observe`, one batch",
            "after the other as a worker's stage does, or two at once, and in both cases the relay beside it on a",
            "connection of its own. The ceiling holds what such batches come to and writes it by raw `unnest`, a",
            "transaction a batch, on one connection or two: timeline rows, the shipments' new state, journal events",
            "with their payloads, delivery rows. It has no outbox in between, and reads nothing before it writes.",
        ),
        "",
        *table(
            ["batches at once", "Karla, scans/s", "ceiling, scans/s", "ratio"],
            [_row(compared, "1"), _row(compared, "2")],
        ),
        "",
        "At least 0.5 is wanted, in both rows. The relay gives Karla one connection more than the ceiling has.",
    ]
    return Section("scans", "Scans in, events and delivery rows out", "\n".join(lines))


def _row(compared: Comparison, at_once: str) -> list[str]:
    karla, ceiling = f"karla, {at_once}", f"ceiling, {at_once}"
    medians = (f"{compared.median(name):,.0f}" for name in (karla, ceiling))
    return [at_once, *medians, compared.ratio(karla, ceiling)]
