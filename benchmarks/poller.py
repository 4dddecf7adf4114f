"""One worker that polls due parcels at a provider that takes 50 ms, beside a bare loop that sends the same requests."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.carrier import SLUG, Counts
from benchmarks.comparison import Comparison, compare, paragraph, table
from benchmarks.followed import Followed
from benchmarks.hooks import TooSlow
from benchmarks.load import ask, request_bytes
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.stage import Stage, child, free_port, stage, wait_for
from karla.domain.subscribers.journal import Journal
from karla.infra.db import Database
from karla.infra.garbage import collect_less_often
from karla.integrations import registry
from karla.integrations.contract import Kind
from karla.pipeline.normaliser import Normaliser

LATENCY_SECONDS = 0.05
AT_ONCE = registry.manifest(Kind.CARRIERS, SLUG).pace.concurrency
"""So many calls of one account are under way at once."""
_HEAD = (
    "shops",
    "parcels",
    "most at once",
    "Karla, parcels polled/s",
    "ceiling, requests/s",
    "ratio",
    "answers read/s meanwhile",
    "answers read/s, normaliser alone",
)
_PATIENCE_SECONDS = 30
_LOOK_SECONDS = 0.02


class Provider:
    """The stand-in in its process, as seen by the benchmark."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.url = f"http://127.0.0.1:{port}"

    async def counts(self) -> Counts:
        """What it was asked since it forgot."""
        return msgspec.json.decode(await self.told("counts"), type=Counts)

    async def told(self, verb: str) -> bytes:
        """The answer to a word of control."""
        return await ask(self._port, request_bytes("POST", f"/_standin/{verb}", "", b""))

    async def until(self, count: int) -> Counts:
        """When so many parcels were asked about; TooSlow after long without a further one."""
        before, deadline = -1, 0.0
        while (counts := await self.counts()).distinct < count:
            if counts.distinct > before:
                before, deadline = counts.distinct, time.monotonic() + _PATIENCE_SECONDS
            if time.monotonic() > deadline:
                raise TooSlow(f"{counts.distinct} of {count} parcels were asked about, and none for long")
            await asyncio.sleep(_LOOK_SECONDS)
        if counts.refused or counts.answers > count:
            raise RuntimeError(f"not each parcel was asked about once and well: {counts}")
        return counts


@contextlib.contextmanager
def provider(parcels: int) -> Iterator[Provider]:
    """A process of its own."""
    port = free_port()
    given = [str(port), str(parcels), str(LATENCY_SECONDS)]
    with child([sys.executable, "-m", "benchmarks.carrier", *given], dict(os.environ)):
        wait_for(f"http://127.0.0.1:{port}/_standin/journal")
        yield Provider(port)


class Rounds:
    """Of the worker, of its normaliser alone, and of the ceiling, over the same parcels."""

    def __init__(self, it: Stage, asked: Provider, followed: Followed, in_flight: int) -> None:
        self.read: list[float] = []
        self.at_once: list[int] = []
        self._it = it
        self._asked = asked
        self._followed = followed
        self._in_flight = in_flight
        self._requests = Path(it.folder) / "requests.json"

    async def karla(self) -> float:
        """Start a worker and wait until it has read the last answer; parcels polled a second by the stand-in's clock.

        Answers read a second, from the first request, are noted aside.
        """
        await self._followed.renew()
        await self._asked.told("forget")
        with self._it.karla("work"):
            counts = await self._asked.until(self._followed.count)
            await self._followed.until_read(_PATIENCE_SECONDS)
            self.read.append(self._followed.count / (time.time() - counts.began_at))
        self.at_once.append(counts.most_at_once)
        self._requests.write_bytes(await self._asked.told("requests"))
        return counts.per_second

    async def normaliser(self) -> float:
        """Read the same answers with nothing else to do, in this process; answers a second."""
        await self._followed.renew(answered=True)
        db = await Database.open(self._it.url, announce=Journal, pool_size=2)
        try:
            normaliser = Normaliser(db)
            began = time.perf_counter()
            while await normaliser.turn():
                pass
            took = time.perf_counter() - began
        finally:
            await db.close()
        await self._followed.until_read(0)
        return self._followed.count / took

    async def ceiling(self) -> float:
        """The requests of the worker's round by the bare loop."""
        await self._asked.told("forget")
        given = [self._asked.url, str(self._requests), str(self._in_flight)]
        with child([sys.executable, "-m", "benchmarks.poller_ceiling", *given], dict(os.environ)) as process:
            counts = await self._asked.until(self._followed.count)
            process.wait(_PATIENCE_SECONDS)
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, process.args)
        return counts.per_second


class Outcome(NamedTuple):
    """What so many shops came to; `read` is of the worker's rounds, `at_once` the most, `scans` of all parcels."""

    compared: Comparison
    read: Comparison
    at_once: int
    scans: int


async def _follow(plan: Plan, shops: int, parcels: int) -> Outcome:
    with stage() as it, provider(parcels) as asked:
        followed = await Followed.prepare(it, asked.url, shops, parcels)
        rounds = Rounds(it, asked, followed, shops * AT_ONCE)
        contenders = {"karla": rounds.karla, "normaliser": rounds.normaliser, "ceiling": rounds.ceiling}
        compared = await compare(plan, contenders, "parcels/s")
        read = Comparison({"read": rounds.read[-plan.rounds :]})
        return Outcome(compared, read, max(rounds.at_once), await followed.scans())


async def run(plan: Plan) -> Section:
    """Spread over some shops, and all of one."""
    collect_less_often()  # as Karla's processes do
    rows, events = [], set()
    for shops, parcels in ((16, plan.of(2_000, 320)), (1, plan.of(400, 40))):
        print(f" shops: {shops}", flush=True)
        it = await _follow(plan, shops, parcels)
        events.add(f"{it.scans / parcels:.0f}")
        rows.append([str(shops), f"{parcels:,}", f"{it.at_once} of {shops * AT_ONCE}", *_figures(it)])
    name = registry.manifest(Kind.CARRIERS, SLUG).name
    lines = [
        paragraph(
            "Due parcels of shops with an account each at a provider whose stand-in, a process of its own, answers",
            f"after {1000 * LATENCY_SECONDS:.0f} ms: {name}, one parcel a call, {AT_ONCE} calls of an account at once.",
            "One `karla work` asks about each parcel once, keeps what is told, and reads it, which makes",
            f"{' or '.join(sorted(events))} events on each timeline. From the first request to the last answer at the",
            f"stand-in, median of {plan.rounds} alternating rounds. The ceiling is one process (uvloop) with one",
            "aiohttp session that has as many requests in flight as the accounts may, sends the same requests and",
            f"throws the answers away. The wait alone allows {1 / LATENCY_SECONDS:.0f} a second for each in flight.",
        ),
        "",
        *table(_HEAD, rows),
        "",
        paragraph(
            "Answers read meanwhile: from the first request until the worker has read the last one. The normaliser",
            "alone reads the same answers with nothing else to do.",
        ),
    ]
    return Section("poller", "Due parcels polled by one worker", "\n".join(lines))


def _figures(it: Outcome) -> list[str]:
    return [
        *(f"{it.compared.median(name):,.0f}" for name in ("karla", "ceiling")),
        it.compared.ratio("karla", "ceiling"),
        f"{it.read.median('read'):,.0f}",
        f"{it.compared.median('normaliser'):,.0f}",
    ]
