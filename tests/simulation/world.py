"""The real engine on a clock that jumps: everything but the network and the time is as in a worker."""

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

from karla.domain.subscribers.records.deliveries import RetryPolicy
from karla.domain.subscribers.records.webhooks import Ordering, PayloadFormat, Webhook
from karla.infra.access import EVERYWHERE
from karla.infra.http import Answer
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


def rounded(moment: datetime) -> datetime:
    """The first tick at or after a moment."""
    step = tick(moment)
    return NOON - (NOON - moment) // step * step


class World:
    """Webhooks of every kind, two workers, and a model that watches."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.seed = seed
        self.model = Model()
        self.webhooks: list[Webhook] = []
        self.kinds = FLEET
        self.most_in_flight = 0
        self._events: dict[str, int] = {}
        self._waiting: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._upkeep_at = NOON + UPKEEP_EVERY
        policy = RetryPolicy(RETRIES, BASE.total_seconds())
        self._crews = deque(
            Crew(
                f"worker {number}",
                WebhookDelivery(bench.db, self, bench.clock, policy, chance=random.Random(seed * WORKERS + number)),
                SLOTS,
            )
            for number in range(WORKERS)
        )

    async def subscribe(self) -> None:
        """A webhook of each kind of the fleet; every other of those that take all events wants them in order."""
        for number, kind in enumerate(self.kinds):
            ordered = number % 2 == 0 and kind not in ("dead", "gone", "returns")
            webhook = await self.bench.webhook(
                f"http://127.0.0.1:9/{number}",
                ordering=Ordering.SHIPMENT if ordered else None,
                payload_format=PayloadFormat.CLOUDEVENTS if number % 3 == 0 else None,
            )
            if ordered:
                self.model.ordered.add(number)
            self.webhooks.append(webhook)

    async def happen(self, shipments: int) -> None:
        """The whole journeys of so many shipments, an event a transaction, all of one stage a moment later."""
        files = [order_file(self.bench.shop.id, at=self.bench.clock.now()) for _ in range(shipments)]
        for place, name in enumerate(JOURNEY):
            events = [shipment_event(file, name, at=self.bench.clock.now()) for file in files]
            for event in events:
                self._events[str(event.event_id)] = self.model.happened(str(event.shipment.id), place)
            await happen(self.bench.db, *events)
        await self.bench.relay()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> Answer:
        """As `Egress.post`."""
        webhook, event, began = number_of(url), self._events[headers["webhook-id"]], self.bench.clock.now()
        attempt = self.model.started(webhook, event, began)
        met = self._reply(webhook, event, attempt)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rounded(began + met.after), next(self._numbers), future))
        self.most_in_flight = max(self.most_in_flight, len(self._waiting))
        await future
        self.model.ended(webhook, event, met, began, self.bench.clock.now())
        return met.given()

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
            moments.append(rounded(due_at))
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


def number_of(url: str) -> int:
    return int(url.rpartition("/")[2])


async def _quiet() -> None:
    """Let tasks go on to where they wait for time to pass."""
    for _ in range(4):
        await asyncio.sleep(0)
