"""A shop, its webhooks and the belt, with a clock that stands still."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from karla.domain.subscribers import commands, queries
from karla.domain.subscribers.journal import announce
from karla.domain.subscribers.queries import DeliveryFilter, JournalFilter, WebhookFilter
from karla.domain.subscribers.records import (
    Delivery,
    JournalEntry,
    Webhook,
    WebhookMembers,
    WebhookStatus,
)
from karla.domain.tenants.records import Shop
from karla.infra.access import scope_of
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.settings import Settings
from karla.pipeline.belt import Belt
from karla.vocabulary.events import Direction
from tests.support.clocks import StandingClock
from tests.support.facts import happen, order_file, shipment_event


class Bench:
    """What happens here happens at the clock's time; `belt` moves when it is drained."""

    def __init__(self, shop: Shop, settings: Settings, clock: StandingClock, db: Database, egress: Egress) -> None:
        self.shop = shop
        self.settings = settings
        self.clock = clock
        self.db = db
        self.egress = egress
        self.scope = scope_of([shop.id])
        self.belt = Belt(settings, db, egress, clock)

    async def webhook(self, url: str, *filters: str, secret: str | None = None) -> Webhook:
        """A new webhook."""
        members = WebhookMembers(url=url, enabled_events=filters, secret=secret)
        done = await self.db.write(self.scope, lambda work: commands.create_webhook(work, members, allow_private=True))
        return done.webhook

    async def set_status(self, webhook: Webhook, status: WebhookStatus) -> Webhook:
        """Switch a webhook on or off."""
        members = WebhookMembers(status=status)
        return await self.db.write(
            self.scope, lambda work: commands.update_webhook(work, webhook.id, members, allow_private=True)
        )

    async def delete(self, webhook: Webhook) -> None:
        """Delete a webhook."""
        await self.db.write(self.scope, lambda work: commands.delete_webhook(work, webhook.id))

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

    async def deliveries(self, webhook: Webhook) -> list[Delivery]:
        """The log of a webhook."""
        async with self.db.read(self.scope) as connection:
            wanted = DeliveryFilter(webhook_id=webhook.id)
            return await queries.deliveries(self.scope, connection, wanted, limit=1000, offset=0)

    async def journal(self, wanted: JournalFilter | None = None) -> Sequence[JournalEntry]:
        """The shop's events."""
        async with self.db.read(self.scope) as connection:
            page = await queries.journal(self.scope, connection, wanted or JournalFilter(), limit=1000, max_bytes=10**9)
            return page.entries

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass, and the belt do what has come due."""
        self.clock.advance(by)
        await self.belt.drain()

    async def clear(self) -> None:
        """Leave nothing for the belts of other tests."""
        async with self.db.read(self.scope) as connection:
            left = await queries.webhooks(self.scope, connection, WebhookFilter(), limit=1000, offset=0)
        for webhook in left:
            await self.delete(webhook)
        await self.belt.drain()


@asynccontextmanager
async def bench_of(shop: Shop, settings: Settings, url: str) -> AsyncIterator[Bench]:
    """A bench on a database of its own connections."""
    clock = StandingClock()
    db = await Database.open(url, announce=announce, clock=clock, pool_size=8)
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
