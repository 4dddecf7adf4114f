"""Who makes the next attempt, and what is written down of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest_asyncio

from karla.domain.subscribers.commands.claiming import claim_deliveries
from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.lanes import Standing
from karla.domain.subscribers.records.webhooks import WebhookStatus
from karla.domain.subscribers.rules.lanes import LEASE
from karla.infra.access import EVERYWHERE
from karla.infra.settings import Settings
from karla.pipeline.shares import Offer, Pace, Shares, Ticket
from tests.support.benches import Bench, bench_of
from tests.support.karla import Karla

ANYWHERE = "http://127.0.0.1:9/hooks"


@pytest_asyncio.fixture
async def bench(karla: Karla, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    client = await karla.shop()
    async with bench_of(client.shop, settings, database_url) as made:
        yield made


class TestClaims:
    async def test_a_row_has_one_holder_until_its_lease_ends(self, bench: Bench) -> None:
        await bench.webhook(ANYWHERE)
        await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 20)
        await bench.relay()

        async def claim() -> list[str]:
            rows = await bench.claim(8)
            return [str(row.id) for row in rows]

        first: list[str] = []
        while len(first) < 20:  # a lane that is being claimed from is passed over
            for rows in await asyncio.gather(*(claim() for _ in range(4))):
                first += rows
        assert len(set(first)) == 20
        assert await claim() == []
        bench.clock.advance(LEASE)
        assert len(await claim()) == 8

    async def test_a_webhook_that_is_full_is_passed_over(self, bench: Bench) -> None:
        crowded = await bench.webhook(f"{ANYWHERE}/1")
        other = await bench.webhook(f"{ANYWHERE}/2")
        await bench.happen()
        await bench.relay()
        shares = Shares(64)
        ticket = Ticket(uuid4(), crowded.id, Standing.WELL)
        for _ in range(8):
            shares.take(ticket)
        shares.give_back(ticket, Pace.STALLED)
        with Offer(shares) as offer:
            assert [row.webhook_id for row in await bench.claim(8, offer)] == [other.id]

    async def test_endpoints_that_never_said_yes_get_few_slots_and_are_not_asked_for_in_vain(
        self, bench: Bench
    ) -> None:
        for number in range(6):
            await bench.webhook(f"{ANYWHERE}/{number}")
        await bench.happen()
        await bench.relay()
        with Offer(Shares(8)) as offer:
            claim = await bench.db.write(EVERYWHERE, lambda work: claim_deliveries(work, 8, offer))
        assert len(claim.rows) == 1
        assert claim.next_due_at is None or claim.next_due_at > bench.clock.now()  # there may be lanes of other tests
        with Offer(Shares(64)) as offer:
            claim = await bench.db.write(EVERYWHERE, lambda work: claim_deliveries(work, 64, offer))
        assert len(claim.rows) == 5

    async def test_one_that_is_well_is_found_behind_those_that_there_is_no_room_for(self, bench: Bench) -> None:
        well = await bench.webhook(f"{ANYWHERE}/well")
        await bench.happen()
        await bench.relay()
        await bench.finish(*[bench.result_of(due) for due in await bench.claim()])
        for number in range(6):
            await bench.webhook(f"{ANYWHERE}/{number}", "shipments/in_delivery")
        await bench.happen("OUT_FOR_DELIVERY")
        await bench.relay()
        bench.clock.advance(timedelta(seconds=1))
        await bench.happen()
        await bench.relay()
        shares = Shares(8)
        shares.take(Ticket(bench.shop.id, uuid4(), Standing.NEW))
        with Offer(shares) as offer:
            assert {row.webhook_id for row in await bench.claim(1, offer)} == {well.id}

    async def test_each_lane_in_turn(self, bench: Bench) -> None:
        flooded = await bench.webhook(f"{ANYWHERE}/1")
        await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 50)
        bench.clock.advance(timedelta(seconds=1))
        others = [await bench.webhook(f"{ANYWHERE}/{number}") for number in (2, 3)]
        await bench.happen("SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY")
        await bench.relay()
        claimed = Counter(row.webhook_id for row in await bench.claim(6))
        assert claimed == {flooded.id: 2, others[0].id: 2, others[1].id: 2}

    async def test_more_lanes_than_can_be_served_take_turns(self, bench: Bench) -> None:
        webhooks = [await bench.webhook(f"{ANYWHERE}/{number}") for number in range(6)]
        await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 10)
        await bench.relay()
        claimed: list[UUID] = []
        for _ in range(3):
            bench.clock.advance(timedelta(milliseconds=1))
            claimed += [row.webhook_id for row in await bench.claim(2)]
        assert Counter(claimed) == {webhook.id: 1 for webhook in webhooks}

    async def test_a_claim_says_when_there_is_more(self, bench: Bench) -> None:
        await bench.webhook(ANYWHERE)
        await bench.happen("SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY")
        await bench.relay()
        claim = await bench.db.write(EVERYWHERE, lambda work: claim_deliveries(work, 1))
        assert claim.next_due_at == bench.clock.now()
        claim = await bench.db.write(EVERYWHERE, lambda work: claim_deliveries(work, 10))
        assert (len(claim.rows), claim.next_due_at) == (1, bench.clock.now() + LEASE)


class TestFinish:
    async def test_a_cancelled_delivery_stays_cancelled_with_its_attempt_logged(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await bench.relay()
        (due,) = await bench.claim()
        await bench.set_status(webhook, WebhookStatus.INACTIVE)
        await bench.finish(bench.result_of(due))
        (delivery,) = await bench.deliveries(webhook)
        assert delivery.status is DeliveryStatus.CANCELLED
        assert [attempt.status_code for attempt in delivery.attempts] == [200]

    async def test_two_workers_that_tried_the_same_are_both_logged(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await bench.relay()
        (due,) = await bench.claim()
        late = bench.result_of(due, status_code=500)
        await bench.finish(bench.result_of(due))
        await bench.finish(late)
        (delivery,) = await bench.deliveries(webhook)
        assert delivery.status is DeliveryStatus.DELIVERED
        assert [attempt.status_code for attempt in delivery.attempts] == [200, 500]

    async def test_a_deleted_webhook_is_passed_over(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await bench.relay()
        (due,) = await bench.claim()
        await bench.delete(webhook)
        await bench.finish(bench.result_of(due))
        assert not await bench.deliveries(webhook)
