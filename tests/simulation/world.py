"""The real engine on a clock that jumps: everything but the network and the time is as in a worker."""

import asyncio
import contextlib
import heapq
import itertools
import random
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from karla.domain.subscribers.journal import Journal
from karla.domain.subscribers.records.deliveries import RetryPolicy
from karla.domain.subscribers.records.webhooks import Ordering, PayloadFormat, Webhook
from karla.domain.tenants.commands import create_shop
from karla.domain.tenants.records import Shop
from karla.infra.access import EVERYWHERE, NOWHERE
from karla.infra.db import Database
from karla.infra.errors import Unavailable
from karla.infra.http import Answer
from karla.infra.work import Work
from karla.pipeline.crew import Crew
from karla.pipeline.delivery import WebhookDelivery
from tests.simulation.model import BASE, RETRIES, Model
from tests.simulation.receivers import FLEET, Reply, reply
from tests.support.benches import Bench
from tests.support.clocks import NOON
from tests.support.facts import happen, order_file, shipment_event

JOURNEY = ("DEPARTURE_FROM_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
SLOTS, WORKERS = 400, 2
UPKEEP_EVERY = timedelta(hours=1)
# How often in a row a machine that stalls may make a step fail.
STALLS = 10

Result = TypeVar("Result")


def tick(now: datetime) -> timedelta:
    """Everything happens at multiples of this: finely at first, coarsely once only the stubborn are left."""
    return timedelta(seconds=5) if now - NOON < timedelta(minutes=30) else timedelta(seconds=30)


async def a_shop(url: str, slug: str) -> Shop:
    """A shop of its own; no API is needed for that."""
    db = await Database.open(url, announce=Journal, pool_size=1)
    try:
        return await db.write(
            NOWHERE,
            lambda work: create_shop(
                work, organisation="simulation", create_organisation=True, slug=slug, name=slug.capitalize()
            ),
        )
    finally:
        await db.close()


class Waiting(NamedTuple):
    """An attempt that gets its answer at a time; among those of one moment, the first that began."""

    at: datetime
    number: int
    answered: asyncio.Future[None]


class Worker:
    """A delivery crew whose way out leads into the simulated world."""

    def __init__(self, world: "World", number: int, slots: int) -> None:
        self.waiting: list[Waiting] = []
        self._world = world
        self._numbers = itertools.count()
        bench, chance = world.bench, random.Random(world.seed * WORKERS + number)
        policy = RetryPolicy(RETRIES, BASE.total_seconds())
        self.crew = Crew(f"worker {number}", WebhookDelivery(bench.db, self, bench.clock, policy, chance=chance), slots)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> Answer:
        """As `Egress.post`."""
        clock, webhook = self._world.bench.clock, number_of(url)
        began = clock.now()
        event, met = self._world.begin(webhook, headers["webhook-id"])
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self.waiting, Waiting(self._world.rounded(began + met.after), next(self._numbers), future))
        self._world.waits()
        await future
        self._world.model.ended(webhook, event, met, began, clock.now())
        return met.given()

    async def answer(self) -> None:
        """Everything ends whose time has come."""
        while self.waiting and self.waiting[0].at <= self._world.bench.clock.now():
            heapq.heappop(self.waiting).answered.set_result(None)
        await _quiet()

    async def hang_up(self) -> None:
        """What is still under way gets no answer any more."""
        for waiting in self.waiting:
            waiting.answered.cancel()
        await _quiet()

    async def sent(self) -> None:
        """All that was claimed is on its way: a crew begins its rows a few at a time."""
        before = -1
        while len(self.waiting) > before:
            before = len(self.waiting)
            await _quiet()


class World:
    """Webhooks of every kind, two workers, and a model that watches."""

    def __init__(
        self, bench: Bench, seed: int, slots: int = SLOTS, ticks: Callable[[datetime], timedelta] = tick
    ) -> None:
        self.bench = bench
        self.seed = seed
        self.model = Model()
        self.webhooks: list[Webhook] = []
        self.kinds: list[str] = []
        self.most_in_flight = 0
        # By webhook, from an event to its first attempt.
        self.longest_wait: defaultdict[int, timedelta] = defaultdict(timedelta)
        self._tick = ticks
        self._events: dict[str, int] = {}
        self._happened_at: list[datetime] = []
        self._upkeep_at = NOON + UPKEEP_EVERY
        self._workers = deque(Worker(self, number, slots) for number in range(WORKERS))

    async def subscribe(self) -> None:
        """A webhook of each kind of the fleet; every other of those that take all events wants them in order."""
        for number, kind in enumerate(FLEET):
            ordered = number % 2 == 0 and kind not in ("dead", "gone", "returns")
            webhook = await self.bench.webhook(
                f"http://127.0.0.1:9/{number}",
                ordering=Ordering.SHIPMENT if ordered else None,
                payload_format=PayloadFormat.CLOUDEVENTS if number % 3 == 0 else None,
            )
            if ordered:
                self.model.ordered.add(number)
            self.kinds.append(kind)
            self.webhooks.append(webhook)

    async def join(self, bench: Bench, kind: str, count: int) -> range:
        """So many more webhooks of one kind, of the shop of that bench, more than a shop may make; their numbers."""
        numbers = range(len(self.kinds), len(self.kinds) + count)
        first = await bench.webhook(f"http://127.0.0.1:9/{numbers[0]}")
        await bench.db.write(bench.scope, lambda work: _copy(work, first, numbers[1:]))
        self.kinds += [kind] * count
        return numbers

    async def leave(self, bench: Bench) -> None:
        """Nothing more goes to the webhooks of that shop."""
        async with self.bench.db.read(EVERYWHERE) as connection:
            await connection.execute("update webhooks set status = 'inactive' where shop_id = $1", bench.shop.id)

    async def aclose(self) -> None:
        """The world ends, with whatever hangs in it."""
        for worker in self._workers:
            await worker.hang_up()

    async def happen(self, shipments: int, bench: Bench | None = None) -> None:
        """The whole journeys of so many shipments, an event a transaction, all of one stage a moment later."""
        shop = (bench or self.bench).shop
        files = [order_file(shop.id, at=self.bench.clock.now()) for _ in range(shipments)]
        for place, name in enumerate(JOURNEY):
            events = [shipment_event(file, name, at=self.bench.clock.now()) for file in files]
            for event in events:
                self._events[str(event.event_id)] = self.model.happened(str(event.shipment.id), place)
                self._happened_at.append(self.bench.clock.now())
            await patiently(partial(happen, self.bench.db, *events))
        while await patiently(self.bench.relay):
            pass

    def begin(self, webhook: int, event_id: str) -> tuple[int, Reply]:
        """An attempt begins: which event's it is, and what it meets."""
        event, began = self._events[event_id], self.bench.clock.now()
        attempt = self.model.started(webhook, event, began)
        if attempt == 1:
            self.longest_wait[webhook] = max(self.longest_wait[webhook], began - self._happened_at[event])
        return event, reply(self.seed, self.kinds[webhook], webhook, event, attempt, began - NOON)

    def waits(self) -> None:
        """One more attempt waits for its answer."""
        self.most_in_flight = max(self.most_in_flight, sum(len(worker.waiting) for worker in self._workers))

    def rounded(self, moment: datetime) -> datetime:
        """The first tick at or after a moment."""
        step = self._tick(moment)
        return NOON - (NOON - moment) // step * step

    async def run_until(self, until: datetime | None = None) -> None:
        """Let the workers work until that time; without one, until nothing is left to do."""
        while True:
            await self._work()
            following = await patiently(self._next_moment)
            if following is None or (until and following > until):
                break
            self.bench.clock.advance(following - self.bench.clock.now())
            if self.bench.clock.now() >= self._upkeep_at:
                self._upkeep_at = self.bench.clock.now() + UPKEEP_EVERY
                await patiently(self.bench.belt.look_after)
                await self._compare_plans()
        if until:
            self.bench.clock.advance(until - self.bench.clock.now())
            await self._compare_plans()

    async def _compare_plans(self) -> None:
        """Hold the times of all next attempts against those that the model worked out."""
        async with self.bench.db.read(EVERYWHERE) as connection:
            rows = await connection.fetch(
                """
                select w.url, d.event_id, d.due_at from deliveries d
                join webhooks w on w.shop_id = d.shop_id and w.id = d.webhook_id
                where d.status = 'pending' and d.attempts > 0
                """
            )
        for row in rows:
            self.model.planned(number_of(row["url"]), self._events[str(row["event_id"])], row["due_at"])

    async def _work(self) -> None:
        """Let one worker claim what it can at this moment, now that what has ended at either is written down.

        What ended at one is written down before anything ends at the next: so the engine and the model hear of it
        in the same order, on which it depends whether an endpoint failed ten times in a row.
        """
        self._workers.rotate()
        *others, active = self._workers
        for worker in others:
            await worker.answer()
            await patiently(worker.crew.write_down)
        await active.answer()
        more = True
        while more:
            more = await patiently(active.crew.turn)
            await active.sent()

    async def _next_moment(self) -> datetime | None:
        moments = [worker.waiting[0].at for worker in self._workers if worker.waiting]
        async with self.bench.db.read(EVERYWHERE) as connection:
            due_at = await connection.fetchval(
                """
                select min(l.next_due_at) from webhook_lanes l
                join webhooks w on w.shop_id = l.shop_id and w.id = l.webhook_id and w.status = 'active'
                where l.next_due_at < 'infinity' and l.next_due_at > $1
                """,
                self.bench.clock.now(),
            )
        if due_at:
            moments.append(self.rounded(due_at))
        return min(moments, default=None)

    async def ends(self) -> AsyncIterator[tuple[int, dict[int, tuple[str, int]]]]:
        """What became of the deliveries, one webhook after the other, so that memory need not hold all.

        By event: the status, and how many attempts are in the log.
        """
        for webhook in self.webhooks:
            async with self.bench.db.read(EVERYWHERE) as connection:
                rows = await connection.fetch(
                    """
                    select event_id, status, jsonb_array_length(attempt_log) as attempts
                    from deliveries where shop_id = $1 and webhook_id = $2
                    """,
                    self.bench.shop.id,
                    webhook.id,
                )
            found = {self._events[str(row["event_id"])]: (row["status"], row["attempts"]) for row in rows}
            assert len(found) == len(rows), "an event has two deliveries at one webhook"
            yield number_of(webhook.url), found


async def _copy(work: Work, webhook: Webhook, numbers: Sequence[int]) -> None:
    await work.connection.execute(
        """
        with copied as (
            insert into webhooks
            select c.* from webhooks w, unnest($3::int[]) n, lateral jsonb_populate_record(w,
                jsonb_build_object('id', gen_random_uuid(), 'url', 'http://127.0.0.1:9/' || n)) c
            where w.shop_id = $1 and w.id = $2
            returning shop_id, id
        )
        insert into webhook_lanes (shop_id, webhook_id) select shop_id, id from copied
        """,
        webhook.shop_id,
        webhook.id,
        numbers,
    )


async def patiently(step: Callable[[], Awaitable[Result]]) -> Result:
    """Take a step of the engine again when the database was too slow, as the engine's own loop does."""
    for _ in range(STALLS):
        with contextlib.suppress(Unavailable):
            return await step()
    return await step()


def number_of(url: str) -> int:
    return int(url.rpartition("/")[2])


async def _quiet() -> None:
    """Let tasks go on to where they wait for time to pass."""
    for _ in range(4):
        await asyncio.sleep(0)
