"""An order read by its number over HTTP, beside a bare ASGI handler with one select."""

import os
import random
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.api import api_of
from benchmarks.comparison import compare, paragraph, table
from benchmarks.load import CONNECTIONS, ask, drive, request_bytes
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.seeding import fill, template
from benchmarks.stage import SHOP, child, free_port, stage, wait_for


def _requests(orders: int, authorization: str) -> Iterator[bytes]:
    chance = random.Random(1)
    while True:
        path = f"/v1/shops/{SHOP}/orders/copy-{chance.randrange(orders)}"
        yield request_bytes("GET", path, authorization, b"")


async def run(plan: Plan) -> Section:
    """Karla and the ceiling in turn."""
    orders, seconds = plan.of(20_000, 2_000), plan.of(5.0, 1.0)
    ports = {"karla": free_port(), "ceiling": free_port()}
    with stage() as it, it.karla("serve", port=ports["karla"]):
        await template(api_of(it, ports["karla"]))
        await fill(it.url, orders)
        requests = _requests(orders, it.authorization)
        size = len(await ask(ports["karla"], next(requests)))
        command = [sys.executable, "-m", "benchmarks.read_ceiling", it.url, str(it.shop_id), str(ports["ceiling"])]
        with child([*command, str(size)], dict(os.environ)):
            wait_for(f"http://127.0.0.1:{ports['ceiling']}/")

            async def turn(port: int) -> float:
                return (await drive(port, requests, seconds)).per_second

            compared = await compare(plan, {name: partial(turn, port) for name, port in ports.items()}, "reads/s")
    titles = {
        "karla": "Karla: `GET /v1/shops/{slug}/orders/{ref}`",
        "ceiling": "ceiling: bare ASGI (uvicorn, uvloop, httptools), one asyncpg select",
    }
    rows = [[titles[name], f"{compared.median(name):,.0f}"] for name in ports]
    lines = [
        paragraph(
            f"{orders:,} orders with a parcel and its timeline each, random order numbers, {CONNECTIONS} connections;",
            f"median of {plan.rounds} alternating rounds of {seconds:.0f} s.",
            "The ceiling's select makes the whole answer: the order's row as JSON with its parcels' rows and their",
            f"timelines' in it, written to the socket as PostgreSQL gives it, filled up to Karla's {size:,} bytes.",
            "It asks for no key and no role.",
        ),
        "",
        *table(["", "reads/s"], rows),
        "",
        f"Karla's ratio: {compared.ratio('karla', 'ceiling')}; at least 0.7 is wanted.",
    ]
    return Section("read", "Order read by reference", "\n".join(lines))
