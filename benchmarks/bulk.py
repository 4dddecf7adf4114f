"""Bulk upserts of 500 orders a call over HTTP, beside raw `unnest` of the very rows that they come to."""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from uuid import UUID

from benchmarks.api import api_of
from benchmarks.comparison import Comparison, compare, paragraph, table
from benchmarks.load import drive, request_bytes
from benchmarks.orders import bodies
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.rows import Connection, Row, Table, raw, renamed, table_of
from benchmarks.stage import SHOP, Stage, free_port, stage
from karla.infra.ids import new_id

ORDERS = 500
TABLES = ("orders", "shipments", "shipment_events", "events", "outbox")
_UNIQUE = ("order_number", "external_id", "tracking_number")

Batch = dict[str, list[list[object]]]


def _calls(prefix: str, authorization: str) -> Iterator[bytes]:
    orders = bodies(prefix)
    while True:
        body = b"[" + b",".join(itertools.islice(orders, ORDERS)) + b"]"
        yield request_bytes("PUT", f"/v1/shops/{SHOP}/orders/bulk", authorization, body)


class Ceiling:
    """Holds what one bulk call wrote, and writes it again and again under other ids."""

    def __init__(self, tables: list[Table], rows: dict[str, list[Row]]) -> None:
        self._tables = tables
        self._rows = rows
        self._copies = itertools.count()

    @classmethod
    async def of_call(cls, it: Stage, port: int) -> "Ceiling":
        """Make the call, and read what it wrote."""
        async with raw(it.url) as connection:
            await connection.execute(f"truncate {', '.join(TABLES)} cascade")
            await drive(port, itertools.islice(_calls("held-", it.authorization), 1), 1e9, 1)
            tables = [await table_of(connection, name) for name in TABLES]
            return cls(tables, {told.name: list(await told.rows(connection, "")) for told in tables})

    def batch(self) -> Batch:
        """The rows under new ids, column by column."""
        ids: defaultdict[UUID, UUID] = defaultdict(new_id)
        suffix = f"-{next(self._copies)}"
        return {
            told.name: told.transposed(renamed(self._rows[told.name], ids.__getitem__, _UNIQUE, suffix))
            for told in self._tables
        }

    async def write(self, connection: Connection, batch: Batch) -> None:
        """One transaction, a statement a table."""
        async with connection.transaction():
            for told in self._tables:
                await connection.execute(told.insert(), *batch[told.name])

    async def turn(self, connections: list[Connection], batches: int) -> float:
        """Orders a second; the batches are made before the clock starts."""
        held = [self.batch() for _ in range(batches)]
        began = time.perf_counter()
        await asyncio.gather(*(self._lane(connection, held) for connection in connections))
        return ORDERS * batches / (time.perf_counter() - began)

    async def _lane(self, connection: Connection, held: list[Batch]) -> None:
        while held:
            await self.write(connection, held.pop())


async def run(plan: Plan) -> Section:
    """With one call under way at a time, and with two."""
    port, calls = free_port(), plan.of(20, 2)
    compared: dict[int, Comparison] = {}
    with stage() as it, it.karla("serve", port=port):
        await api_of(it, port).call("GET", "/orders")
        ceiling = await Ceiling.of_call(it, port)
        requests = _calls("bulk-", it.authorization)

        async def karla(in_flight: int) -> float:
            prepared = list(itertools.islice(requests, calls))
            outcome = await drive(port, iter(prepared), 1e9, in_flight)
            return ORDERS * outcome.per_second

        for in_flight in (1, 2):
            async with AsyncExitStack() as stack:
                connections = [await stack.enter_async_context(raw(it.url)) for _ in range(in_flight)]
                contenders = {
                    "karla": partial(karla, in_flight),
                    "ceiling": partial(ceiling.turn, connections, calls),
                }
                print(f" {in_flight} in flight", flush=True)
                compared[in_flight] = await compare(plan, contenders, "orders/s")
    rows = [
        [f"{n}", f"{c.median('karla'):,.0f}", f"{c.median('ceiling'):,.0f}", c.ratio("karla", "ceiling")]
        for n, c in compared.items()
    ]
    lines = [
        paragraph(
            f"New orders of 2 KB, {ORDERS} a call, Basic auth;",
            f"median of {plan.rounds} alternating rounds of {calls} calls.",
            "The ceiling is one process that holds the rows of such calls column by column: all that Karla writes",
            f"({', '.join(TABLES)}; the journal with its payloads), into the same tables, one `unnest` a table",
            f"and one transaction for {ORDERS} orders. It reads no HTTP and no JSON, checks, plans and locks nothing.",
        ),
        "",
        *table(["calls in flight", "Karla, orders/s", "ceiling, orders/s", "ratio"], rows),
        "",
        "At least 0.6 is wanted.",
    ]
    return Section("bulk", "Bulk upsert, 500 orders a call", "\n".join(lines))
