"""Who gets which event, once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from karla.domain.subscribers.commands.relaying import fan_out
from karla.domain.subscribers.commands.webhooks import delete_webhook, update_webhook
from karla.domain.subscribers.records.relaying import FannedOut
from karla.domain.subscribers.records.webhooks import WebhookMembers, WebhookStatus
from karla.infra.access import EVERYWHERE
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


async def relayed(bench: Bench, events: int, deliveries: int, after: UUID | None = None) -> FannedOut:
    """One turn of a relay."""
    return await bench.db.write(EVERYWHERE, lambda work: fan_out(work, events, deliveries=deliveries, after=after))


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

    async def test_a_turn_takes_as_many_events_as_make_so_many_deliveries(self, bench: Bench) -> None:
        webhooks = [await bench.webhook(f"{ANYWHERE}/{number}") for number in range(3)]
        await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 9)
        made, after = [], None
        while (done := await relayed(bench, 100, 10, after)).events:
            made.append((done.events, done.deliveries))
            after = done.after
        assert made == [(4, 12), (4, 12), (1, 3)]
        assert [len(await bench.deliveries(webhook)) for webhook in webhooks] == [9, 9, 9]

    async def test_one_event_goes_however_many_want_it(self, bench: Bench) -> None:
        for number in range(3):
            await bench.webhook(f"{ANYWHERE}/{number}")
        await bench.happen("SUCCESSFULLY_DELIVERED", "SUCCESSFULLY_DELIVERED")
        done = await relayed(bench, 500, 1)
        assert (done.events, done.deliveries) == (1, 3)
        assert done.after is not None
        assert (await relayed(bench, 500, 1, done.after)).after is None

    async def test_what_goes_of_a_shop_is_always_what_happened_first(self, bench: Bench, karla: Karla) -> None:
        other = Bench((await karla.shop()).shop, bench.settings, bench.clock, bench.db, bench.egress)
        shops = [(one, await one.webhook(ANYWHERE)) for one in (bench, other)]
        await bench.webhook(f"{ANYWHERE}/too")
        happened = [await bench.happen(*["OUT_FOR_DELIVERY"] * 30), await other.happen(*["OUT_FOR_DELIVERY"] * 20)]
        happened[0] += await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 30)
        after, turns = None, 0
        while (done := await relayed(bench, 10, 12, after)).events:
            after, turns = done.after, turns + 1
            for (one, webhook), ids in zip(shops, happened, strict=True):
                got = {str(delivery.event_id) for delivery in await one.deliveries(webhook)}
                assert got == set(ids[: len(got)])
            if turns == 2:
                assert got, "the other shop's events don't wait for the first one's"
        assert [len(await one.deliveries(webhook)) for one, webhook in shops] == [60, 20]
        await other.clear()

    async def test_several_workers_with_a_backlog_lose_and_double_nothing(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        ids = await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 60)

        async def relay() -> None:
            after = None
            while (done := await relayed(bench, 3, 3, after)).events:
                after = done.after

        await asyncio.gather(*(relay() for _ in range(5)))
        await relay()
        assert Counter(str(delivery.event_id) for delivery in await bench.deliveries(webhook)) == Counter(ids)

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
