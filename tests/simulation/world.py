"""The real engine on a clock that jumps: everything but the network and the time is as in a worker."""

import asyncio
import heapq
import itertools
import random
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from karla.domain.subscribers.journal import Journal
from karla.domain.subscribers.records.deliveries import RetryPolicy
from karla.domain.subscribers.records.webhooks import Ordering, PayloadFormat, Webhook
from karla.domain.tenants.commands import create_shop
from karla.domain.tenants.records import Shop
from karla.infra.access import EVERYWHERE, NOWHERE
from karla.infra.db import Database
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
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._upkeep_at = NOON + UPKEEP_EVERY
        policy = RetryPolicy(RETRIES, BASE.total_seconds())
        self._crews = deque(
            Crew(
                f"worker {number}",
                WebhookDelivery(bench.db, self, bench.clock, policy, chance=random.Random(seed * WORKERS + number)),
                slots,
            )
            for number in range(WORKERS)
        )

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

    async def happen(self, shipments: int, bench: Bench | None = None) -> None:
        """The whole journeys of so many shipments, an event a transaction, all of one stage a moment later."""
        shop = (bench or self.bench).shop
        files = [order_file(shop.id, at=self.bench.clock.now()) for _ in range(shipments)]
        for place, name in enumerate(JOURNEY):
            events = [shipment_event(file, name, at=self.bench.clock.now()) for file in files]
            for event in events:
                self._events[str(event.event_id)] = self.model.happened(str(event.shipment.id), place)
                self._happened_at.append(self.bench.clock.now())
            await happen(self.bench.db, *events)
        await self.bench.relay()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> Answer:
        """As `Egress.post`."""
        webhook, event, began = number_of(url), self._events[headers["webhook-id"]], self.bench.clock.now()
        attempt = self.model.started(webhook, event, began)
        if attempt == 1:
            self.longest_wait[webhook] = max(self.longest_wait[webhook], began - self._happened_at[event])
        met = self._reply(webhook, event, attempt)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._rounded(began + met.after), next(self._numbers), future))
        self.most_in_flight = max(self.most_in_flight, len(self._waiting))
        await future
        self.model.ended(webhook, event, met, began, self.bench.clock.now())
        return met.given()

    def _rounded(self, moment: datetime) -> datetime:
        """The first tick at or after a moment."""
        step = self._tick(moment)
        return NOON - (NOON - moment) // step * step

    def _reply(self, webhook: int, event: int, attempt: int) -> Reply:
        since = self.bench.clock.now() - NOON
        return reply(self.seed, self.kinds[webhook], webhook, event, attempt, since)

    async def run_until(self, until: datetime | None = None) -> None:
        """Let the workers work until that time; without one, until nothing is left to do."""
        while True:
            await self._work()
            following = await self._next_moment()
            if following is None or (until and following > until):
                break
            self.bench.clock.advance(following - self.bench.clock.now())
            while self._waiting and self._waiting[0][0] <= self.bench.clock.now():
                heapq.heappop(self._waiting)[2].set_result(None)
            await _quiet()
            if self.bench.clock.now() >= self._upkeep_at:
                self._upkeep_at = self.bench.clock.now() + UPKEEP_EVERY
                await self.bench.belt.look_after()
        if until:
            self.bench.clock.advance(until - self.bench.clock.now())

    async def _work(self) -> None:
        """Let one worker claim what it can at this moment, now that what has ended at either is written down."""
        self._crews.rotate()
        *others, active = self._crews
        for crew in others:
            await crew.write_down()
        more = True
        while more:
            more = await active.turn()
            await _quiet()

    async def _next_moment(self) -> datetime | None:
        moments = [self._waiting[0][0]] if self._waiting else []
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
            moments.append(self._rounded(due_at))
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


def number_of(url: str) -> int:
    return int(url.rpartition("/")[2])


async def _quiet() -> None:
    """Let tasks go on to where they wait for time to pass."""
    for _ in range(4):
        await asyncio.sleep(0)
