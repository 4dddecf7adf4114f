"""Karla beside Karrio, an open peer with orders and webhooks: both on the same machine and PostgreSQL, in turn."""

import itertools
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial

from benchmarks.api import api_of
from benchmarks.backlog import Backlog
from benchmarks.comparison import Comparison, compare, paragraph, table
from benchmarks.hooks import Hooks, hooks
from benchmarks.karrio_peer import WEB_WORKERS, Peer, peer, version
from benchmarks.load import ask, drive, request_bytes
from benchmarks.orders import bodies
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.stage import SHOP, Stage, free_port, stage

CONNECTIONS = 8
_QUIET_SECONDS = 5.0
_ADDRESS = {
    "person_name": "Mara Lindqvist", "address_line1": "Torstraße 140", "city": "Berlin", "postal_code": "10119",
    "country_code": "DE", "email": "buyer@mail.example",
}  # fmt: skip
_LINES = [
    {
        "sku": f"NL-TEE-{place}", "title": "Linen tee, olive, M", "quantity": 2, "weight": 0.3, "weight_unit": "KG",
        "value_amount": 24.95, "value_currency": "EUR",
    }
    for place in range(4)
]  # fmt: skip


class Side:
    """One of the two: how its requests look, and how it delivers."""

    def __init__(self, port: int, authorization: str, orders: str, seconds: float) -> None:
        self._port = port
        self._authorization = authorization
        self._orders = orders
        self._seconds = seconds
        self._made = itertools.count()
        self._known: list[str] = []

    def created(self) -> Iterator[bytes]:
        """Requests that create orders."""
        raise NotImplementedError

    async def create(self) -> float:
        """Orders a second."""
        return await self._rate(self.created())

    async def read(self) -> float:
        """Reads of a random order a second."""
        chance = random.Random(1)
        return await self._rate(self._get(f"{self._orders}/{chance.choice(self._known)}") for _ in itertools.count())

    async def list_of_20(self, query: str) -> float:
        """First pages a second."""
        return await self._rate(itertools.repeat(self._get(f"{self._orders}?{query}")))

    async def make(self, count: int) -> None:
        """So many orders, known for `read`."""
        for request in itertools.islice(self.created(), count):
            made = json.loads(await ask(self._port, request))
            self._known.append(str(made.get("uuid") or made["id"]))

    def _get(self, path: str) -> bytes:
        return request_bytes("GET", path, self._authorization, b"")

    async def _rate(self, requests: Iterator[bytes]) -> float:
        return (await drive(self._port, requests, self._seconds, CONNECTIONS)).per_second


class KarlaSide(Side):
    """Orders by the upsert, deliveries by `karla work`."""

    def __init__(self, it: Stage, port: int, seconds: float) -> None:
        super().__init__(port, it.authorization, f"/v1/shops/{SHOP}/orders", seconds)

    def created(self) -> Iterator[bytes]:
        for body in bodies(f"side-{next(self._made)}-"):
            yield request_bytes("PUT", self._orders, self._authorization, body)


class KarrioSide(Side):
    """Orders with the same lines, deliveries by its background worker."""

    def __init__(self, other: Peer, seconds: float) -> None:
        super().__init__(other.port, other.authorization, "/v1/orders", seconds)

    def created(self) -> Iterator[bytes]:
        prefix = next(self._made)
        for number in itertools.count():
            order = {"order_id": f"{prefix}-{number}", "source": "bench", "shipping_to": _ADDRESS, "line_items": _LINES}
            yield request_bytes("POST", self._orders, self._authorization, json.dumps(order).encode())

    async def subscribe(self, url: str) -> None:
        """To everything."""
        body = json.dumps({"url": url, "enabled_events": ["all"]}).encode()
        await ask(self._port, request_bytes("POST", "/v1/webhooks", self._authorization, body))


async def run(plan: Plan) -> Section:
    """API by API, then the webhooks of a backlog each."""
    seconds, backlog, known = plan.of(5.0, 1.0), plan.of((5_000, 200), (500, 10)), plan.of(100, 10)
    async with _both(seconds) as (it, port, other, receiver):
        karla, karrio = KarlaSide(it, port, seconds), KarrioSide(other, seconds)
        waiting = Backlog(it.url)
        await waiting.prepare(api_of(it, port))
        await karla.make(known)
        await karrio.make(known)
        compared = {
            title: await _compared(plan, title, ours, theirs)
            for title, ours, theirs in (
                ("order create", karla.create, karrio.create),
                ("order read", karla.read, karrio.read),
                ("list of 20", partial(karla.list_of_20, "per_page=20"), partial(karrio.list_of_20, "limit=20")),
            )
        }
        await api_of(it, port).webhook(receiver.url("karla"), "shipments/delivered")
        await karrio.subscribe(receiver.url("karrio"))

        async def ours() -> float:
            await waiting.pile_up("SUCCESSFULLY_DELIVERED", backlog[0])
            await receiver.forget()
            with it.karla("work"):
                return (await receiver.until(backlog[0], 30)).per_second

        async def theirs() -> float:
            await karrio.make(backlog[1])
            await receiver.forget()
            with other.worker():
                return (await receiver.until_quiet(_QUIET_SECONDS)).per_second

        compared["webhook delivery"] = await _compared(plan, "webhook delivery", ours, theirs)
    rows = [
        [title, f"{c.median('Karla'):,.1f}/s", f"{c.median('Karrio'):,.1f}/s", c.ratio("Karla", "Karrio")]
        for title, c in compared.items()
    ]
    lines = [
        paragraph(
            f"Karrio {version()} from PyPI: gunicorn with {WEB_WORKERS} uvicorn workers, Redis, huey with 4 threads;",
            "Karla: one `karla serve`, one `karla work`. Each has a cluster of the same PostgreSQL, with the same",
            "settings.",
            f"Orders of four lines, {CONNECTIONS} connections, keep-alive;",
            f"median of {plan.rounds} alternating rounds of {seconds:.0f} s.",
            "Deliveries: a backlog to one keep-alive receiver on loopback, from its first to its last request.",
        ),
        "",
        *table(["", "Karla", "Karrio", "Karla to Karrio"], rows),
    ]
    return Section("karrio", "Beside Karrio", "\n".join(lines))


@asynccontextmanager
async def _both(seconds: float) -> AsyncIterator[tuple[Stage, int, Peer, Hooks]]:
    port = free_port()
    with peer() as other, stage() as it, hooks() as receiver, it.karla("serve", port=port):
        yield it, port, other, receiver


async def _compared(
    plan: Plan, title: str, ours: Callable[[], Awaitable[float]], theirs: Callable[[], Awaitable[float]]
) -> Comparison:
    print(f" {title}", flush=True)
    return await compare(plan, {"Karla": ours, "Karrio": theirs}, "/s")
