"""Order upsert over HTTP with Basic auth, 2 KB body, 32 connections, beside its ceilings."""

import os
import sys
from collections.abc import Iterator
from functools import partial
from statistics import median

from benchmarks.api import api_of
from benchmarks.comparison import Comparison, compare, paragraph, table
from benchmarks.load import CONNECTIONS, Outcome, drive, request_bytes
from benchmarks.orders import bodies
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.seeding import fill, template
from benchmarks.stage import SHOP, child, free_port, stage, wait_for

_PATH = f"/v1/shops/{SHOP}/orders"
_TITLES = {
    "karla": "Karla: `PUT /v1/shops/{slug}/orders`, answer with the whole order",
    "many": "ceiling: bare ASGI, same validation, one transaction a request, a statement a table",
    "one": "the same with all rows in a single statement",
}


def _requests(prefix: str, authorization: str) -> Iterator[bytes]:
    return (request_bytes("PUT", _PATH, authorization, body) for body in bodies(prefix))


async def run(plan: Plan) -> Section:
    """Karla and the two ceilings in turn."""
    stored, seconds = plan.of(20_000, 2_000), plan.of(5.0, 1.0)
    ports = {name: free_port() for name in _TITLES}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in ports}
    with stage() as it, it.karla("serve", port=ports["karla"]):
        await template(api_of(it, ports["karla"]))
        await fill(it.url, stored)
        command = [sys.executable, "-m", "benchmarks.ceiling", it.url, str(it.shop_id)]
        with (
            child([*command, str(ports["many"]), "--statements", "many"], dict(os.environ)),
            child([*command, str(ports["one"]), "--statements", "one"], dict(os.environ)),
        ):
            for name in ("many", "one"):
                wait_for(f"http://127.0.0.1:{ports[name]}/")

            async def turn(name: str) -> float:
                requests = _requests(f"{name}-{len(outcomes[name])}-", it.authorization)
                outcomes[name].append(await drive(ports[name], requests, seconds))
                return outcomes[name][-1].per_second

            compared = await compare(plan, {name: partial(turn, name) for name in ports}, "orders/s")
    lines = [
        paragraph(
            f"New orders, Basic auth, 2 KB body, {CONNECTIONS} connections, {stored:,} orders in the table;",
            f"median of {plan.rounds} alternating rounds of {seconds:.0f} s.",
        ),
        "",
        *table(["", "orders/s", "p50", "p99", "Karla's ratio"], [_row(name, compared, outcomes) for name in ports]),
        "",
        paragraph(
            "To the first ceiling at least 1.5 is wanted, with a p99 not above its own.",
            "The second one does by hand what PostgreSQL can do for one order.",
        ),
    ]
    return Section("upsert", "Order upsert over HTTP", "\n".join(lines))


def _row(name: str, compared: Comparison, outcomes: dict[str, list[Outcome]]) -> list[str]:
    counted = outcomes[name][-5:]
    p50, p99 = median(o.p50_ms for o in counted), median(o.p99_ms for o in counted)
    ratio = "" if name == "karla" else compared.ratio("karla", name)
    return [_TITLES[name], f"{compared.median(name):,.0f}", f"{p50:.1f} ms", f"{p99:.1f} ms", ratio]
