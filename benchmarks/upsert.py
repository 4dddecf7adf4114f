"""Order upsert over HTTP with Basic auth, 2 KB body, 32 connections, beside its ceilings."""

import os
import statistics
import sys
from collections.abc import Iterator

import psycopg

from benchmarks.load import CONNECTIONS, Outcome, drive, request_bytes
from benchmarks.orders import bodies
from benchmarks.results import Section
from benchmarks.stage import SHOP, child, free_port, stage, wait_for

ROUNDS = 5
SECONDS = 5.0
_PATH = f"/v1/shops/{SHOP}/orders"


def _requests(prefix: str, authorization: str) -> Iterator[bytes]:
    return (request_bytes("PUT", _PATH, authorization, body) for body in bodies(prefix))


async def run() -> Section:
    """Karla and the two ceilings in turn, so that a drift of the machine's speed hits all alike."""
    ports = {name: free_port() for name in ("karla", "one", "many")}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in ports}
    with stage() as it:
        with psycopg.connect(it.url) as connection:
            row = connection.execute("select id from shops where slug = %s", [SHOP]).fetchone()
        shop = str(row[0]) if row else ""
        command = [sys.executable, "-m", "benchmarks.ceiling", it.url, shop]
        with (
            it.karla("serve", port=ports["karla"]),
            child([*command, str(ports["one"]), "--statements", "one"], dict(os.environ)),
            child([*command, str(ports["many"]), "--statements", "many"], dict(os.environ)),
        ):
            for port in (ports["one"], ports["many"]):
                wait_for(f"http://127.0.0.1:{port}/")
            for turn in range(ROUNDS + 1):
                for name, port in ports.items():
                    outcome = await drive(port, _requests(f"{name}-{turn}-", it.authorization), SECONDS)
                    print(
                        f"  {name:6}{outcome.per_second:8.0f}/s  p50 {outcome.p50_ms:.1f}  p99 {outcome.p99_ms:.1f} ms"
                    )
                    if turn:
                        outcomes[name].append(outcome)
    return Section("upsert", "Order upsert over HTTP", _text(outcomes))


def _text(outcomes: dict[str, list[Outcome]]) -> str:
    median = {
        name: Outcome(*(statistics.median(values) for values in zip(*runs, strict=True)))
        for name, runs in outcomes.items()
    }
    titles = {
        "karla": "Karla: `PUT /v1/shops/{slug}/orders`, answer with the whole order",
        "many": "ceiling: bare ASGI, same validation, one transaction, a statement a table",
        "one": "ceiling: the same, all rows in a single statement",
    }
    lines = [
        f"New orders, Basic auth, 2 KB body, {CONNECTIONS} connections; median of {ROUNDS} runs of {SECONDS:.0f} s.",
        "",
        "| | orders/s | p50 | p99 | Karla's ratio |",
        "|---|---|---|---|---|",
    ]
    for name in ("karla", "many", "one"):
        ratio = "" if name == "karla" else f"{median['karla'].per_second / median[name].per_second:.2f}"
        m = median[name]
        lines.append(f"| {titles[name]} | {m.per_second:,.0f} | {m.p50_ms:.1f} ms | {m.p99_ms:.1f} ms | {ratio} |")
    return "\n".join(lines)
