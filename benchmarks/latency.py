"""Scan to first webhook attempt at half of the greatest rate that API, database and worker sustain together."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

from benchmarks.api import Api, api_of
from benchmarks.comparison import paragraph, table
from benchmarks.hooks import Hooks, hooks
from benchmarks.load import CONNECTIONS
from benchmarks.orders import bodies
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.seeding import SCANS
from benchmarks.stage import free_port, stage

_PATIENCE_SECONDS = 30


class Scans:
    """Scan after scan of every shipment; each is new, and a webhook wants it."""

    def __init__(self, api: Api, shipments: list[str], names: Sequence[str] = SCANS) -> None:
        self._api = api
        self._turns = self._each(shipments, names)

    def _each(self, shipments: list[str], names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        number = 0
        for name in cycle(names):
            for shipment in shipments:
                number += 1
                yield shipment, name, f"scan-{number}"

    async def next(self) -> str:
        """Send the next one; the event's id."""
        return await self._api.scan(*next(self._turns))


async def placed(api: Api, count: int) -> list[str]:
    """The parcels of so many new orders."""
    shipments = []
    for body, number in zip(bodies("latency-"), range(count), strict=False):
        order = json.loads(body)
        order["trackings"] = [{"tracking_number": f"00340434161094{number:06d}", "carrier_reference": "dhl"}]
        shipments.append(str((await api.call("PUT", "/orders", order))["trackings"][0]["id"]))
    return shipments


async def run(plan: Plan) -> Section:
    """API, worker, PostgreSQL and receiver as processes of their own, the load in this one."""
    flood, seconds = plan.of(15.0, 1.5), plan.of(20.0, 3.0)
    port = free_port()
    with stage() as it, hooks() as receiver, it.karla("serve", port=port), it.karla("work"):
        api = api_of(it, port)
        await api.webhook(receiver.url("hook"), "shipments/in_transit", "shipments/in_delivery", "shipments/delivered")
        scans = Scans(api, await placed(api, plan.of(500, 50)))
        await _flood(scans, receiver, flood / 3)  # warms up
        greatest = await _flood(scans, receiver, flood)
        rate = greatest / 2
        print(f"  at most {greatest:.0f} scans/s; now {rate:.0f}", flush=True)
        await receiver.forget()
        sent = await at_rate(scans, rate, seconds)
        await receiver.until(len(sent), _PATIENCE_SECONDS)
        seen = {event: at for (_, event), at in (await receiver.seen()).items()}
    waits = sorted(1000 * (seen[event] - began) for event, began in sent.items())
    figures = [f"{rate:.0f}", str(len(sent)), *(f"{quantile(waits, share):.0f} ms" for share in (0.5, 0.9, 0.99, 1))]
    lines = [
        paragraph(
            "Scans through `POST …/shipments/{id}/events`, one subscriber on loopback.",
            f"First scans as fast as {CONNECTIONS} connections bring them in {flood:.0f} s, until the last one is",
            f"delivered: **{greatest:.0f} scans/s** is the most.",
            f"Then half of that for {seconds:.0f} s at an even pace, measured from sending the scan's request to the",
            "webhook at the receiver: API, commit, relay, delivery.",
        ),
        "",
        *table(["scans/s", "scans, all delivered", "p50", "p90", "p99", "worst"], [figures]),
        "",
        "p50 under 50 ms and p99 under 1 s are wanted.",
    ]
    return Section("latency", "Scan to first webhook attempt", "\n".join(lines))


async def _flood(scans: Scans, receiver: Hooks, seconds: float) -> float:
    """As many as go in that time; a second, until the last one's webhook."""
    await receiver.forget()
    began = time.time()

    async def lane() -> int:
        count = 0
        while time.time() < began + seconds:
            await scans.next()
            count += 1
        return count

    count = sum(await asyncio.gather(*(lane() for _ in range(CONNECTIONS))))
    return count / ((await receiver.until(count, _PATIENCE_SECONDS)).last_at - began)


async def at_rate(scans: Scans, rate: float, seconds: float) -> dict[str, float]:
    """So many a second, however long each takes; when each event's request was sent, by wall clock."""
    sent: dict[str, float] = {}

    async def one() -> None:
        began = time.time()
        sent[await scans.next()] = began

    tasks = []
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one()))
    await asyncio.gather(*tasks)
    return sent


def quantile(ordered: list[float], share: float) -> float:
    """Of values in order."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
