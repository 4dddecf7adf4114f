"""Server time of the tracking page at a steady rate beside a running worker, and of the same bytes from memory."""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

from benchmarks.api import Api, api_of
from benchmarks.comparison import paragraph, table
from benchmarks.hooks import hooks
from benchmarks.latency import Scans, at_rate, placed, quantile
from benchmarks.load import Refused
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.seeding import fill, template
from benchmarks.stage import CORES, Stage, child, free_port, processes, stage, wait_for

RATE = 100
"""Pages a second."""
SCANS = 20
"""Scans a second beside, each of which the worker brings to a webhook."""

_SHARES = (0.5, 0.9, 0.99, 1)


async def run(plan: Plan) -> Section:
    """API processes, which have the pages too, a worker, PostgreSQL and a receiver; the load in this process."""
    orders, links, seconds = plan.of(20_000, 500), plan.of(500, 50), plan.of(30.0, 3.0)
    with (
        stage() as it,
        hooks() as receiver,
        processes(lambda port: it.karla("serve", port=port), CORES) as ports,
        it.karla("work"),
    ):
        api = api_of(it, ports[0])
        await template(api)
        await fill(it.url, orders)
        requests = await _requests(api, links)
        await api.webhook(receiver.url("hook"), "*")
        scans = Scans(api, await placed(api, plan.of(200, 20)))
        whole = await Pages(ports).ask(next(requests))
        took: dict[str, list[float]] = {}
        for count in sorted({1, CORES}):
            pages = Pages(ports[:count])
            await pages.opened(requests, seconds / 3)  # warms up
            async with _beside(scans, seconds):
                took[f"Karla's page, processes: {count}"] = await pages.opened(requests, seconds)
        with _bare(it, whole) as bare:
            took["ceiling, processes: 1"] = await Pages([bare]).opened(requests, seconds)
    rows = [[name, *(f"{1000 * quantile(times, share):.1f} ms" for share in _SHARES)] for name, times in took.items()]
    size = len(whole.partition(b"\r\n\r\n")[2])
    lines = [
        paragraph(
            f"`GET /track/{{slug}}?orderNumber=…&token=…` of {links} of {orders:,} orders, {RATE} a second at an even",
            f"pace for {seconds:.0f} s, however long each takes, measured from when a request is due to the end of its",
            f"answer ({size:,} bytes as a browser takes them). Beside it a worker delivers {SCANS} scans a second.",
            "One process answers API and pages, or one a core; they, worker, PostgreSQL, receiver and load share the",
            "cores.",
            "The ceiling: bare ASGI (uvicorn, uvloop, httptools) that answers the same bytes from memory, at the",
            "same rate.",
        ),
        "",
        *table(["", "p50", "p90", "p99", "worst"], rows),
        "",
        "p99 under 50 ms is wanted.",
    ]
    return Section("tracking_page", "The tracking page at a steady rate", "\n".join(lines))


async def _requests(api: Api, links: int) -> Iterator[bytes]:
    """As a browser sends them, over and over."""
    made = []
    for number in range(links):
        answer = await api.call("POST", "/orders/trackpage-url", {"id": f"copy-{number}", "id_type": "order_number"})
        address = urlsplit(answer["url"])
        made.append(
            f"GET {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\nAccept: text/html\r\n"
            "Accept-Language: de-DE,de;q=0.9,en;q=0.7\r\nAccept-Encoding: gzip, deflate, br\r\n"
            "User-Agent: Mozilla/5.0 (Linux; Android 16) Chrome/150.0 Mobile Safari/537.36\r\n\r\n".encode()
        )
    return itertools.cycle(made)


class Pages:
    """Opens pages over connections that are kept, as many as are needed at once."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = itertools.cycle(ports)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, request: bytes) -> bytes:
        """The whole answer; Refused unless it is 200."""
        while self._idle and self._idle[-1][0].at_eof():
            self._idle.pop()[1].close()
        reader, writer = self._idle.pop() if self._idle else await self._open()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        body = await reader.readexactly(int(lengths[0].split(b":")[1]))
        if not head.startswith(b"HTTP/1.1 200"):
            raise Refused(head.split(b"\r\n")[0].decode())
        self._idle.insert(0, (reader, writer))  # each has its turn, and with it each process
        return head + body

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", next(self._ports))

    async def opened(self, requests: Iterator[bytes], seconds: float) -> list[float]:
        """So many a second for so long, each at its time; how long each took, in order of length."""
        took: list[float] = []

        async def one(due: float, request: bytes) -> None:
            await self.ask(request)
            took.append(time.perf_counter() - due)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(RATE * seconds)):
                due = began + number / RATE
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.create_task(one(due, next(requests)))
        return sorted(took)


@asynccontextmanager
async def _beside(scans: Scans, seconds: float) -> AsyncIterator[None]:
    """Scans go in and webhooks out meanwhile."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(at_rate(scans, SCANS, seconds))
        yield


@contextmanager
def _bare(it: Stage, whole: bytes) -> Iterator[int]:
    """The ceiling's port."""
    kept, port = it.folder / "page.http", free_port()
    kept.write_bytes(whole)
    command = [sys.executable, "-m", "benchmarks.tracking_page_ceiling", str(kept), str(port)]
    with child(command, dict(os.environ)):
        wait_for(f"http://127.0.0.1:{port}/")
        yield port
