"""The relay's turns: how much one takes on, and that no shop waits for another one's backlog."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from karla.domain.subscribers.journal import Journal
from karla.domain.subscribers.records.relaying import Batch
from karla.domain.subscribers.records.webhooks import Webhook
from karla.domain.subscribers.rules.relaying import WHOLE, larger, smaller
from karla.domain.subscribers.rules.webhooks import WEBHOOKS_AT_MOST
from karla.infra.access import EVERYWHERE
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.settings import Settings
from karla.infra.work import Work
from karla.pipeline.loop import Loop
from karla.pipeline.relay import Relay
from tests.support.benches import Bench
from tests.support.clocks import StandingClock
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import running_karla

ANYWHERE = "http://127.0.0.1:9/hooks"


@pytest_asyncio.fixture
async def benches(settings: Settings, own_database_url: str) -> AsyncIterator[list[Bench]]:
    """Three shops that have a database to themselves, as the relay works for all that there are."""
    clock = StandingClock()
    async with running_karla(settings, own_database_url) as karla, Egress(settings.allow_private_targets) as egress:
        db = await Database.open(own_database_url, announce=Journal, clock=clock, pool_size=4)
        try:
            yield [Bench((await karla.shop()).shop, settings, clock, db, egress) for _ in range(3)]
        finally:
            await db.close()


async def flood(bench: Bench, events: int) -> None:
    """A call with many orders: an event of each, in one transaction."""
    at = bench.clock.now()
    await happen(bench.db, *[shipment_event(order_file(bench.shop.id, at=at), at=at) for _ in range(events)])


async def count(bench: Bench, sql: str) -> int:
    async with bench.db.read(EVERYWHERE) as connection:
        counted = await connection.fetchval(sql)
    assert isinstance(counted, int)
    return counted


async def waiting(bench: Bench) -> int:
    """How many events of all shops wait for the relay."""
    return await count(bench, "select count(*) from outbox")


class TestShares:
    async def test_a_shop_with_one_event_waits_for_no_backlog(self, benches: list[Bench]) -> None:
        flooding, quiet, _ = benches
        for number in range(WEBHOOKS_AT_MOST):
            await flooding.webhook(f"{ANYWHERE}/{number}")
        webhook = await quiet.webhook(ANYWHERE)
        await flood(flooding, 700)
        (event_id,) = await quiet.happen()
        relay = Relay(flooding.db, on_deliveries=lambda: None)
        made = 0
        for _ in range(2):
            assert await relay.turn()
            before, made = made, await count(flooding, "select count(*) from deliveries")
            assert made - before <= WHOLE.deliveries + WEBHOOKS_AT_MOST
        assert [str(delivery.event_id) for delivery in await quiet.deliveries(webhook)] == [event_id]
        assert await waiting(flooding) > 600
        (another,) = await quiet.happen()
        await relay.turn()
        assert {str(delivery.event_id) for delivery in await quiet.deliveries(webhook)} == {event_id, another}
        assert await waiting(flooding) > 600

    async def test_each_shop_with_a_backlog_has_its_part_of_a_turn(self, benches: list[Bench]) -> None:
        webhooks = [await bench.webhook(ANYWHERE) for bench in benches]
        for bench, events in zip(benches, (1000, 600, 40), strict=True):
            await flood(bench, events)
        relay = Relay(benches[0].db, on_deliveries=lambda: None)
        await relay.turn()  # the first one finds out that there is more than one turn takes
        assert await got(benches, webhooks) == [500, 0, 0]
        await relay.turn()
        first, second, third = await got(benches, webhooks)
        assert (first + second + third, third) == (1000, 40)
        assert second >= WHOLE.events // 3
        while await relay.turn():
            pass
        assert await got(benches, webhooks) == [1000, 600, 40]

    async def test_of_very_many_shops_each_has_its_turn_before_long(self, benches: list[Bench]) -> None:
        flooding = benches[0]
        await flood(flooding, 1)

        async def flood_and_many_others(work: Work) -> None:
            await work.connection.execute(
                """
                insert into outbox (shop_id, event_id, triggered_at, filters)
                select shop_id, gen_random_uuid(), $1, '{*}'
                from (
                    select shop_id, 1 as place from outbox, generate_series(1, 2500)
                    union all
                    select gen_random_uuid(), 2 from generate_series(1, 250)
                ) w
                order by place
                """,
                work.now,
            )

        await flooding.db.write(EVERYWHERE, flood_and_many_others)
        relay = Relay(flooding.db, on_deliveries=lambda: None)
        left = []
        while await relay.turn():
            left.append(await count(flooding, "select count(distinct shop_id) from outbox") - 1)
        assert (left[0], left[3]) == (250, 0)
        assert left[1] <= 151, "a hundred shops a turn, the flooding one among them"

    async def test_a_shop_alone_has_the_whole_turn(self, benches: list[Bench]) -> None:
        await benches[0].webhook(ANYWHERE)
        await flood(benches[0], 1100)
        relay = Relay(benches[0].db, on_deliveries=lambda: None)
        left = []
        while await relay.turn():
            left.append(await waiting(benches[0]))
        assert left == [600, 100]
        assert not await waiting(benches[0])


async def got(benches: list[Bench], webhooks: list[Webhook]) -> list[int]:
    return [len(await bench.deliveries(webhook)) for bench, webhook in zip(benches, webhooks, strict=True)]


class TestTooSlow:
    async def test_a_turn_that_takes_too_long_is_halved_and_grows_again(
        self, benches: list[Bench], own_database_url: str
    ) -> None:
        bench = benches[0]
        webhook = await bench.webhook(ANYWHERE)
        await flood(bench, 900)
        async with impatient(own_database_url) as db:
            relay = Relay(db, on_deliveries=lambda: None)
            with capture_logs() as lines:
                async with held(bench, webhook):
                    await one_failure(relay)
            assert [(line["event"], line["error"]) for line in lines] == [("database too slow", "BatchTooSlow")]
            assert await waiting(bench) == 900
            left = []
            while await relay.turn():
                left.append(await waiting(bench))
        assert left == [650, 150]
        assert len(await bench.deliveries(webhook)) == 900

    @pytest.mark.parametrize(
        ("batch", "half", "double"),
        [
            (WHOLE, Batch(250, 1_000), WHOLE),
            (Batch(250, 1_000), Batch(125, 500), WHOLE),
            (Batch(3, 9), Batch(1, 4), Batch(6, 18)),
            (Batch(1, 1), Batch(1, 1), Batch(2, 2)),
        ],
    )
    def test_half_is_never_nothing_and_twice_never_more_than_the_whole(
        self, batch: Batch, half: Batch, double: Batch
    ) -> None:
        assert (smaller(batch), larger(batch)) == (half, double)


@asynccontextmanager
async def impatient(url: str) -> AsyncIterator[Database]:
    """A database that gives up a statement soon."""
    db = await Database.open(f"{url}{'&' if '?' in url else '?'}statement_timeout=1500", announce=Journal, pool_size=2)
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def held(bench: Bench, webhook: Webhook) -> AsyncIterator[None]:
    """Someone else's transaction keeps whoever wants the webhook waiting."""
    locked, let_go = asyncio.Event(), asyncio.Event()

    async def hold(work: Work) -> None:
        await work.connection.execute(
            "select from webhooks where shop_id = $1 and id = $2 for update", webhook.shop_id, webhook.id
        )
        locked.set()
        await let_go.wait()

    holding = asyncio.create_task(bench.db.write(bench.scope, hold))
    await locked.wait()
    try:
        yield
    finally:
        let_go.set()
        await holding


async def one_failure(relay: Relay) -> None:
    """Let the stage run until a turn has failed."""
    stop = asyncio.Event()

    async def turn() -> bool:
        try:
            return await relay.turn()
        finally:
            stop.set()

    async with asyncio.timeout(20):
        await Loop("relay", turn).run(stop)
