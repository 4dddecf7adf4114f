"""An order read by its number over HTTP, beside a bare ASGI handler with one select."""

import os
import random
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial

from benchmarks.api import api_of
from benchmarks.comparison import compare, paragraph, table
from benchmarks.load import CONNECTIONS, ask, drive, request_bytes
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.seeding import fill, template
from benchmarks.stage import CORES, SHOP, child, processes, stage, wait_for


def _requests(orders: int, authorization: str) -> Iterator[bytes]:
    chance = random.Random(1)
    while True:
        path = f"/v1/shops/{SHOP}/orders/copy-{chance.randrange(orders)}"
        yield request_bytes("GET", path, authorization, b"")


async def run(plan: Plan) -> Section:
    """Karla and the ceiling in turn."""
    orders, seconds = plan.of(20_000, 2_000), plan.of(5.0, 1.0)
    with stage() as it, processes(lambda port: it.karla("serve", port=port), CORES) as karla:
        await template(api_of(it, karla[0]))
        await fill(it.url, orders)
        requests = _requests(orders, it.authorization)
        size = len(await ask(karla[0], next(requests)))

        def bare(port: int) -> AbstractContextManager[object]:
            command = [sys.executable, "-m", "benchmarks.read_ceiling", it.url, str(it.shop_id), str(port), str(size)]
            return child(command, dict(os.environ))

        with processes(bare, CORES) as ceiling:
            for port in ceiling:
                wait_for(f"http://127.0.0.1:{port}/")

            async def turn(ports: list[int]) -> float:
                return (await drive(ports, requests, seconds)).per_second

            contenders = {
                f"{name}, {count}": partial(turn, ports[:count])
                for count in sorted({1, CORES})
                for name, ports in (("karla", karla), ("ceiling", ceiling))
            }
            compared = await compare(plan, contenders, "reads/s")
    rows = [
        [
            f"{count}",
            f"{compared.median(f'karla, {count}'):,.0f}",
            f"{compared.median(f'ceiling, {count}'):,.0f}",
            compared.ratio(f"karla, {count}", f"ceiling, {count}"),
        ]
        for count in sorted({1, CORES})
    ]
    lines = [
        paragraph(
            f"{orders:,} orders with a parcel and its timeline each, random order numbers, {CONNECTIONS} connections;",
            f"median of {plan.rounds} alternating rounds of {seconds:.0f} s; one server process, and one a core, for",
            "each of the two.",
            "Karla: `GET /v1/shops/{slug}/orders/{ref}`.",
            "The ceiling: bare ASGI (uvicorn, uvloop, httptools), one asyncpg",
            "select, which makes the whole answer: the order's row as JSON with its parcels' rows and their",
            f"timelines' in it, written to the socket as PostgreSQL gives it, filled up to Karla's {size:,} bytes.",
            "It asks for no key and no role.",
        ),
        "",
        *table(["processes", "Karla, reads/s", "ceiling, reads/s", "ratio"], rows),
        "",
        "At least 0.7 is wanted.",
    ]
    return Section("read", "Order read by reference", "\n".join(lines))
