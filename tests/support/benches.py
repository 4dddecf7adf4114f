"""A shop, its webhooks and the belt, with a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg

from karla.domain.subscribers.commands.claiming import claim_deliveries
from karla.domain.subscribers.commands.relaying import fan_out
from karla.domain.subscribers.commands.settling import finish
from karla.domain.subscribers.commands.webhooks import create_webhook, delete_webhook, update_webhook
from karla.domain.subscribers.journal import Journal
from karla.domain.subscribers.queries import deliveries as deliveries_queries
from karla.domain.subscribers.queries import journal as journal_queries
from karla.domain.subscribers.queries import webhooks as webhooks_queries
from karla.domain.subscribers.queries.deliveries import DeliveryFilter
from karla.domain.subscribers.queries.journal import JournalFilter
from karla.domain.subscribers.queries.webhooks import WebhookFilter
from karla.domain.subscribers.records.deliveries import Attempt, AttemptResult, Delivery, DueDelivery, RetryPolicy
from karla.domain.subscribers.records.journal import JournalEntry
from karla.domain.subscribers.records.lanes import LaneState, Rooms
from karla.domain.subscribers.records.webhooks import (
    Ordering,
    PayloadFormat,
    Webhook,
    WebhookMembers,
    WebhookStatus,
)
from karla.domain.subscribers.rules.retries import follow_up, outcome_of
from karla.domain.tenants.records import Shop
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.settings import Settings
from karla.infra.work import Fact, Work
from karla.pipeline.belt import Belt
from karla.vocabulary.events import Direction
from tests.support.clocks import StandingClock
from tests.support.facts import happen, order_file, shipment_event
from tests.support.receiver import Receiver


class Bench:
    """What happens here happens at the clock's time; `belt` moves when it is drained."""

    def __init__(self, shop: Shop, settings: Settings, clock: StandingClock, db: Database, egress: Egress) -> None:
        self.shop = shop
        self.settings = settings
        self.clock = clock
        self.db = db
        self.egress = egress
        self.scope = scope_of([shop.id])
        self.started_at = clock.now()
        self.belt = Belt(settings, db, egress, clock)

    async def webhook(
        self,
        url: str,
        *filters: str,
        secret: str | None = None,
        ordering: Ordering | None = None,
        payload_format: PayloadFormat | None = None,
    ) -> Webhook:
        """A new webhook."""
        members = WebhookMembers(
            url=url, enabled_events=filters, secret=secret, ordering=ordering, payload_format=payload_format
        )
        done = await self.db.write(self.scope, lambda work: create_webhook(work, members, allow_private=True))
        return done.webhook

    async def subscribed(self, receiver: Receiver, path: str = "", *filters: str, **members: Any) -> Webhook:
        """A new webhook that leads to the receiver, which knows its secret."""
        webhook = await self.webhook(receiver.url + path, *filters, **members)
        receiver.secrets.append(webhook.secret)
        return webhook

    async def set_status(self, webhook: Webhook, status: WebhookStatus) -> Webhook:
        """Switch a webhook on or off."""
        return await self.change(webhook, WebhookMembers(status=status))

    async def delete(self, webhook: Webhook) -> None:
        """Delete a webhook."""
        await self.db.write(self.scope, lambda work: delete_webhook(work, webhook.id))

    async def happen(
        self,
        *names: str,
        direction: Direction = Direction.MERCHANT_CUSTOMER,
    ) -> list[str]:
        """Let these events happen, in one transaction; their ids."""
        at = self.clock.now()
        events = [
            shipment_event(order_file(self.shop.id, at=at), name, direction=direction, at=at)
            for name in names or ("SUCCESSFULLY_DELIVERED",)
        ]
        await happen(self.db, *events)
        return [str(event.event_id) for event in events]

    async def announce(self, *facts: Fact) -> None:
        """Announce facts as a command would, in one transaction."""

        async def command(work: Work) -> None:
            for fact in facts:
                work.emit(fact)

        await self.db.write(self.scope, command)

    async def deliveries(self, webhook: Webhook) -> list[Delivery]:
        """The log of a webhook."""
        async with self.db.read(self.scope) as connection:
            wanted = DeliveryFilter(webhook_id=webhook.id)
            return await deliveries_queries.deliveries(self.scope, connection, wanted, limit=1000, offset=0)

    async def only_delivery(self, webhook: Webhook) -> Delivery:
        """The one delivery of a webhook that has one."""
        (delivery,) = await self.deliveries(webhook)
        return delivery

    async def read(self, webhook: Webhook) -> Webhook:
        """The webhook as it is now."""
        async with self.db.read(self.scope) as connection:
            return await webhooks_queries.demand_webhook(self.scope, connection, webhook.id)

    async def change(self, webhook: Webhook, members: WebhookMembers) -> Webhook:
        """The webhook with what is said of it."""
        return await self.db.write(
            self.scope, lambda work: update_webhook(work, webhook.id, members, allow_private=True)
        )

    async def lane(self, webhook: Webhook) -> LaneState:
        """How the webhook has been doing."""
        return (await self.read(webhook)).lane

    async def relay(self, limit: int = 500) -> int:
        """Turn what has happened into deliveries that wait; how many events."""
        return (await self.db.write(EVERYWHERE, lambda work: fan_out(work, limit))).events

    async def until_blocked(self) -> None:
        """Until a statement waits for the lock of another transaction."""
        async with asyncio.timeout(10), self.db.read(EVERYWHERE) as connection:
            while not await connection.fetchval("select exists (select from pg_locks where not granted)"):
                pass

    async def claim(self, limit: int = 10, rooms: Rooms | None = None) -> Sequence[DueDelivery]:
        """Lease what is due, as a worker does."""
        return (await self.db.write(EVERYWHERE, lambda work: claim_deliveries(work, limit, rooms))).rows

    def result_of(self, due: DueDelivery, *, status_code: int | None = 200, retries: int = 15) -> AttemptResult:
        """What a claimed delivery would come to, were it answered so."""
        outcome = outcome_of(status_code)
        wait = timedelta(seconds=30)
        status, due_at = follow_up(due.attempts + 1, outcome, RetryPolicy(retries, 30), wait, self.clock.now())
        return AttemptResult(
            shop_id=due.shop_id,
            webhook_id=due.webhook_id,
            url=due.url,
            delivery_id=due.id,
            triggered_at=due.triggered_at,
            ordering_key=due.ordering_key,
            attempt=Attempt(
                started_at=self.clock.now(), duration_ms=5, status_code=status_code, error=None, response_excerpt=""
            ),
            outcome=outcome,
            probe=due.probe,
            pause=timedelta(),
            status=status,
            due_at=due_at,
        )

    async def finish(self, *results: AttemptResult) -> None:
        """Write down what came of it, as a worker does."""
        await self.db.write(EVERYWHERE, lambda work: finish(work, results, 0.5))

    async def journal(self, wanted: JournalFilter | None = None) -> Sequence[JournalEntry]:
        """The shop's events."""
        async with self.db.read(self.scope) as connection:
            page = await journal_queries.journal(
                self.scope, connection, wanted or JournalFilter(), limit=1000, max_bytes=10**9
            )
            return page.entries

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass, and the belt do what has come due."""
        self.clock.advance(by)
        await self.belt.drain()

    async def clear(self) -> None:
        """Leave nothing for the belts of other tests."""
        async with self.db.read(self.scope) as connection:
            left = await webhooks_queries.webhooks(self.scope, connection, WebhookFilter(), limit=1000, offset=0)
        for webhook in left:
            await self.delete(webhook)
        await self.belt.drain()


@asynccontextmanager
async def bench_of(shop: Shop, settings: Settings, url: str) -> AsyncIterator[Bench]:
    """A bench on a database of its own connections."""
    clock = StandingClock()
    db = await Database.open(url, announce=Journal, clock=clock, pool_size=8)
    try:
        async with Egress(settings.allow_private_targets) as egress:
            bench = Bench(shop, settings, clock, db, egress)
            await bench.belt.drain()
            yield bench
            await bench.clear()
    finally:
        await db.close()


async def cut_connections(url: str, application: str) -> None:
    """End all connections that call themselves so, as a restart of PostgreSQL does."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", application
        )
    finally:
        await connection.close()
