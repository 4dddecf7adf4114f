"""One worker that delivers a backlog, beside a raw aiohttp loop that signs and posts the same bytes."""

import os
import subprocess
import sys

from benchmarks.api import api_of
from benchmarks.backlog import Backlog
from benchmarks.comparison import compare, paragraph, table
from benchmarks.hooks import Hooks, hooks
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.stage import Stage, child, free_port, stage
from karla.infra.settings import Settings

WEBHOOKS = 16
CONCURRENCY = Settings().webhook_concurrency
MANY, SINGLE = "SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY"
_PATIENCE_SECONDS = 30


class Delivered:
    """Rounds of Karla and of the ceiling over the same webhooks."""

    def __init__(self, it: Stage, receiver: Hooks, backlog: Backlog, count: int) -> None:
        self._it = it
        self._receiver = receiver
        self._backlog = backlog
        self._count = count

    async def karla(self, scan: str, webhooks: int) -> float:
        """Pile up, start a worker, wait for the last; deliveries a second by the receiver's clock."""
        await self._backlog.pile_up(scan, self._count // webhooks)
        await self._receiver.forget()
        with self._it.karla("work"):
            return (await self._receiver.until(self._count, _PATIENCE_SECONDS)).per_second

    async def ceiling(self, scan: str, webhooks: int) -> float:
        """The same by the raw loop."""
        await self._receiver.forget()
        given = [self._it.url, scan, str(self._count // webhooks), str(CONCURRENCY)]
        with child([sys.executable, "-m", "benchmarks.deliveries_ceiling", *given], dict(os.environ)) as process:
            counts = await self._receiver.until(self._count, _PATIENCE_SECONDS)
            process.wait(_PATIENCE_SECONDS)
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, process.args)
            return counts.per_second


async def run(plan: Plan) -> Section:
    """Spread over some webhooks, and all to one."""
    count = plan.of(20_000, 1_600)
    with stage() as it, hooks() as receiver:
        backlog = Backlog(it.url)
        port = free_port()
        with it.karla("serve", port=port):
            api = api_of(it, port)
            await backlog.prepare(api)
            for number in range(WEBHOOKS):
                await api.webhook(receiver.url(f"many-{number}"), "shipments/delivered")
            await api.webhook(receiver.url("single"), "shipments/in_delivery")
        delivered = Delivered(it, receiver, backlog, count)
        cases = {"karla": delivered.karla, "ceiling": delivered.ceiling}
        rows = []
        for scan, webhooks in ((MANY, WEBHOOKS), (SINGLE, 1)):
            print(f" webhooks: {webhooks}", flush=True)
            contenders = {
                name: (lambda turn=turn, scan=scan, webhooks=webhooks: turn(scan, webhooks))
                for name, turn in cases.items()
            }
            compared = await compare(plan, contenders, "deliveries/s")
            rows.append(
                [
                    str(webhooks),
                    *(f"{compared.median(name):,.0f}" for name in cases),
                    compared.ratio("karla", "ceiling"),
                ]
            )
        settled = await backlog.settled()
    lines = [
        paragraph(
            f"A backlog of {count:,} deliveries, one `karla work`, {CONCURRENCY} requests in flight, a keep-alive",
            f"receiver; from the first to the last request there, median of {plan.rounds} alternating rounds.",
            "The ceiling is one process (uvloop) with one aiohttp session that holds events and secrets, signs by both",
            "schemes at each request and posts the same bytes with the same headers; it claims and logs nothing.",
        ),
        "",
        *table(["webhooks", "Karla, deliveries/s", "ceiling, deliveries/s", "ratio"], rows),
        "",
        f"At least 0.6 is wanted. Afterwards the deliveries were: {settled}.",
    ]
    return Section("deliveries", "Webhook deliveries by one worker", "\n".join(lines))
