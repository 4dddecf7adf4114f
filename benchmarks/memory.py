"""Memory of the whole `karla up`: idle, and while events flow through it for long. It should be flat."""

import asyncio
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.api import Api, api_of
from benchmarks.comparison import paragraph, table
from benchmarks.hooks import Hooks, hooks
from benchmarks.latency import Scans
from benchmarks.orders import bodies
from benchmarks.plan import Plan
from benchmarks.processes import memory
from benchmarks.results import Section
from benchmarks.stage import UNLIMITED, Stage, child, free_port, wait_for
from karla.infra.embedded_postgres import EmbeddedPostgres

EVENTS = 1_000_000
# A tenth of the events are scans, one a request; the others come with orders of four parcels, one each.
PARCELS = 4
ORDERS = 100
SCANS = PARCELS * ORDERS // 10
_BEHIND = 10_000
_SETTLE_SECONDS = 5.0
_PATIENCE_SECONDS = 60


async def run(plan: Plan) -> Section:
    """As a user starts it, with a data directory of its own."""
    events, looks_at = plan.events or plan.of(EVENTS, 2_000), plan.of(10, 2)
    folder = Path(tempfile.mkdtemp(prefix="karla-memory-"))
    folder.chmod(0o755)
    port = free_port()
    environment = {**os.environ, **UNLIMITED, "KARLA_LOG_LEVEL": "warning", "KARLA_ALLOW_PRIVATE_TARGETS": "1"}
    command = [sys.executable, "-m", "karla", "up", "--port", str(port), "--data-dir", str(folder)]
    looks: list[tuple[str, dict[str, float]]] = []
    try:
        with hooks() as receiver, child(command, environment) as process:
            wait_for(f"http://127.0.0.1:{port}/readyz", 60)
            api = api_of(Stage(EmbeddedPostgres.url_of_running(folder) or "", folder), port)
            await api.webhook(receiver.url("hook"), "*")
            await asyncio.sleep(plan.of(_SETTLE_SECONDS, 1.0))
            looks.append(("idle, before", memory(process.pid)))
            began = time.perf_counter()
            load = Load(api, receiver)
            for look in range(1, looks_at + 1):
                await load.until(events * look // looks_at)
                looks.append((f"{load.events:,} events", memory(process.pid)))
                _say(*looks[-1], load.events / (time.perf_counter() - began))
            took = time.perf_counter() - began
            await receiver.until(load.events, _PATIENCE_SECONDS)
            await asyncio.sleep(plan.of(6 * _SETTLE_SECONDS, 1.0))
            looks.append(("idle, after", memory(process.pid)))
    finally:
        EmbeddedPostgres.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)
    parts = list(looks[0][1])
    lines = [
        paragraph(
            f"`karla up` with one webhook that wants everything: {load.events:,} events in {took / 60:.1f} minutes, by",
            f"bulk calls of {ORDERS} orders with {PARCELS} parcels and by scans of a tenth of these, each delivered.",
            "Proportional set sizes in MB (PostgreSQL's grow until its shared buffers, 128 MB, were all used).",
        ),
        "",
        *table(["", *parts], [[title, *(f"{look[part]:.0f}" for part in parts)] for title, look in looks]),
    ]
    return Section("memory", "Memory while a million events flow", "\n".join(lines))


class Load:
    """Makes events, and waits where the receiver falls behind."""

    def __init__(self, api: Api, receiver: Hooks) -> None:
        self._api = api
        self._receiver = receiver
        self._orders = self._with_parcels()
        self.events = 0

    def _with_parcels(self) -> Iterator[dict[str, object]]:
        numbers = itertools.count()
        for body in bodies("memory-"):
            order = json.loads(body)
            order["trackings"] = [
                {"tracking_number": f"memory-parcel-{next(numbers)}", "carrier_reference": "dhl"}
                for _ in range(PARCELS)
            ]
            yield order

    async def until(self, events: int) -> None:
        """Until so many have happened."""
        while self.events < events:
            results = await self._api.call("PUT", "/orders/bulk", list(itertools.islice(self._orders, ORDERS)))
            parcels = [parcel["id"] for result in results for parcel in result["shipments"]]
            scans = Scans(self._api, parcels[:SCANS], ("ARRIVAL_AT_TRANSPORT_HUB",))
            await asyncio.gather(*(scans.next() for _ in range(SCANS)))
            self.events += len(parcels) + SCANS
            while self.events - (await self._receiver.counts()).distinct > _BEHIND:
                await asyncio.sleep(0.1)


def _say(title: str, look: dict[str, float], rate: float) -> None:
    sizes = ", ".join(f"{name} {size:.0f}" for name, size in look.items())
    print(f"  {title}: {sizes} MB; {rate:.0f} events/s", flush=True)
