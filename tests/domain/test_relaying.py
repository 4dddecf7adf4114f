"""Who gets which event, once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from karla.domain.subscribers.commands.webhooks import delete_webhook, update_webhook
from karla.domain.subscribers.records.webhooks import WebhookMembers, WebhookStatus
from karla.infra.settings import Settings
from karla.infra.work import Work
from tests.support.benches import Bench, bench_of
from tests.support.karla import Karla

LEASE = timedelta(seconds=30)
ANYWHERE = "http://127.0.0.1:9/hooks"


@pytest_asyncio.fixture
async def bench(karla: Karla, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    client = await karla.shop()
    async with bench_of(client.shop, settings, database_url) as made:
        yield made


class TestFanOut:
    async def test_exactly_one_delivery_whoever_relays(self, bench: Bench) -> None:
        webhooks = [await bench.webhook(f"{ANYWHERE}/{number}") for number in range(3)]
        ids = await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 40)

        async def relay() -> int:
            taken = 0
            while done := await bench.relay(3):
                taken += done
            return taken

        taken = await asyncio.gather(*(relay() for _ in range(5)))
        assert sum(taken) == 40
        for webhook in webhooks:
            got = Counter(str(delivery.event_id) for delivery in await bench.deliveries(webhook))
            assert got == Counter(ids)

    async def test_events_from_before_a_webhook_are_not_its_own(self, bench: Bench) -> None:
        await bench.happen()
        bench.clock.advance(timedelta(milliseconds=1))
        webhook = await bench.webhook(ANYWHERE)
        after = await bench.happen()
        await bench.relay()
        assert [str(delivery.event_id) for delivery in await bench.deliveries(webhook)] == after

    async def test_what_happened_while_it_was_inactive_is_gone(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.set_status(webhook, WebhookStatus.INACTIVE)
        bench.clock.advance(timedelta(minutes=1))
        await bench.happen()
        bench.clock.advance(timedelta(minutes=1))
        await bench.set_status(webhook, WebhookStatus.ACTIVE)
        after = await bench.happen()
        await bench.relay()
        assert [str(delivery.event_id) for delivery in await bench.deliveries(webhook)] == after

    @pytest.mark.parametrize("change", ["inactive", "deleted"])
    async def test_a_webhook_that_is_being_switched_off_gets_nothing(self, bench: Bench, change: str) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        changed, go_on = asyncio.Event(), asyncio.Event()

        async def switch_off(work: Work) -> None:
            if change == "deleted":
                await delete_webhook(work, webhook.id)
            else:
                members = WebhookMembers(status=WebhookStatus.INACTIVE)
                await update_webhook(work, webhook.id, members, allow_private=True)
            changed.set()
            await go_on.wait()

        switching = asyncio.create_task(bench.db.write(bench.scope, switch_off))
        await changed.wait()
        relaying = asyncio.create_task(bench.relay())
        await bench.until_blocked()
        go_on.set()
        await switching
        assert await relaying == 1
        assert not await bench.deliveries(webhook)
