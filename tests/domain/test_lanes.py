"""Whoever changes what is due to a webhook never waits for the belt in a circle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from karla.domain.subscribers.commands.replays import replay_delivery
from karla.domain.subscribers.commands.webhooks import delete_webhook, update_webhook
from karla.domain.subscribers.records.webhooks import WebhookMembers
from karla.infra.access import EVERYWHERE
from karla.infra.settings import Settings
from karla.infra.work import Work
from tests.support.benches import Bench, bench_of
from tests.support.karla import Karla

ANYWHERE = "http://127.0.0.1:9/hooks"
MOVED = WebhookMembers(url=f"{ANYWHERE}/new", enabled_events=["claims"])

# What is done to a webhook and one of its deliveries.
Command = Callable[[Work, UUID, UUID], Awaitable[object]]


async def delete(work: Work, webhook_id: UUID, _delivery_id: UUID) -> None:
    await delete_webhook(work, webhook_id)


async def move(work: Work, webhook_id: UUID, _delivery_id: UUID) -> None:
    await update_webhook(work, webhook_id, MOVED, allow_private=True)


@pytest_asyncio.fixture
async def bench(karla: Karla, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    client = await karla.shop()
    async with bench_of(client.shop, settings, database_url) as made:
        yield made


@pytest.mark.parametrize("command", [delete, move, replay_delivery])
async def test_neither_has_to_be_run_again(bench: Bench, command: Command) -> None:
    webhook = await bench.webhook(ANYWHERE)
    await bench.happen()
    await bench.relay()
    (due,) = await bench.claim()
    await bench.finish(bench.result_of(due, status_code=500))
    bench.clock.advance(timedelta(seconds=5))
    runs: list[str] = []

    async def ours(work: Work) -> None:
        runs.append("ours")
        await command(work, webhook.id, due.id)

    async with asyncio.TaskGroup() as group:

        async def belt(work: Work) -> None:
            runs.append("belt")
            # As when attempts are settled: the lane first, then its deliveries.
            await work.connection.execute("select from webhook_lanes where webhook_id = $1 for update", webhook.id)
            group.create_task(bench.db.write(bench.scope, ours))
            await bench.until_blocked()
            await work.connection.execute("update deliveries set due_at = due_at where id = $1", due.id)

        await bench.db.write(EVERYWHERE, belt)
    assert runs == ["belt", "ours"]
