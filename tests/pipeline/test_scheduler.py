"""What is done now and then: lanes that went wrong are woken, what can't be delivered ends, each by one worker."""

import asyncio
from datetime import timedelta

from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.infra.access import EVERYWHERE
from karla.infra.work import Work
from karla.pipeline.scheduler import PeriodicJob, Scheduler
from tests.support.benches import Bench
from tests.support.receiver import Receiver

A_MINUTE = timedelta(minutes=1)


async def execute(bench: Bench, statement: str, *values: object) -> None:
    async def command(work: Work) -> None:
        await work.connection.execute(statement, *values)

    await bench.db.write(EVERYWHERE, command)


async def test_a_lane_that_was_forgotten_is_woken(bench: Bench, receiver: Receiver) -> None:
    webhook = await bench.subscribed(receiver)
    await bench.happen()
    await bench.relay()
    forgotten = "update webhook_lanes set next_due_at = 'infinity' where shop_id = $1 and webhook_id = $2"
    await execute(bench, forgotten, bench.shop.id, webhook.id)
    await bench.belt.drain()
    assert not receiver.journal
    await bench.belt.look_after()
    await bench.belt.drain()
    assert len(receiver.journal) == 1


async def test_a_paused_lane_sleeps_on(bench: Bench, receiver: Receiver) -> None:
    await bench.subscribed(receiver)
    receiver.answer(429, headers={"Retry-After": "600"})
    await bench.happen()
    await bench.belt.drain()
    await bench.belt.look_after()
    await bench.pass_time(timedelta(minutes=9))
    assert len(receiver.journal) == 1


async def test_what_an_inactive_webhook_still_has_is_cancelled(bench: Bench, receiver: Receiver) -> None:
    webhook = await bench.subscribed(receiver)
    await bench.happen()
    await bench.relay()
    await execute(bench, "update webhooks set status = 'inactive' where shop_id = $1", bench.shop.id)
    await bench.belt.look_after()
    assert (await bench.only_delivery(webhook)).status is DeliveryStatus.CANCELLED


class Counting:
    """A job that counts how often it ran, and finds something to do as often as it was told."""

    def __init__(self, finds: int = 0) -> None:
        self.runs = 0
        self.finds = finds
        self.at_it = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, work: Work) -> int:
        self.runs += 1
        self.finds -= 1
        return int(self.finds >= 0)

    async def slowly(self, work: Work) -> int:
        self.runs += 1
        self.at_it.set()
        await self.go_on.wait()
        return 0


async def until_nothing(scheduler: Scheduler) -> None:
    while await scheduler.turn():
        pass


async def test_each_job_at_its_own_pace(bench: Bench) -> None:
    often, seldom = Counting(), Counting()
    jobs = [PeriodicJob("often", A_MINUTE, often), PeriodicJob("seldom", 5 * A_MINUTE, seldom)]
    scheduler = Scheduler(bench.db, bench.clock, jobs)
    for _ in range(10):
        await until_nothing(scheduler)
        bench.clock.advance(A_MINUTE)
    assert (often.runs, seldom.runs) == (10, 2)


async def test_one_that_finds_much_goes_on_at_once(bench: Bench) -> None:
    much, little = Counting(finds=3), Counting(finds=3)
    jobs = [PeriodicJob("much", A_MINUTE, much, repeated=True), PeriodicJob("little", A_MINUTE, little)]
    await until_nothing(Scheduler(bench.db, bench.clock, jobs))
    assert (much.runs, little.runs) == (4, 1)


async def test_a_job_is_done_by_one_worker_at_a_time(bench: Bench) -> None:
    job = Counting()
    workers = [Scheduler(bench.db, bench.clock, [PeriodicJob("slow", A_MINUTE, job.slowly)]) for _ in range(2)]
    first = asyncio.create_task(workers[0].turn())
    await job.at_it.wait()
    await workers[1].turn()
    job.go_on.set()
    await first
    assert job.runs == 1


async def test_one_that_fails_holds_up_no_other(bench: Bench) -> None:
    async def fails(work: Work) -> int:
        raise LookupError

    other = Counting()
    scheduler = Scheduler(
        bench.db, bench.clock, [PeriodicJob("fails", A_MINUTE, fails), PeriodicJob("other", A_MINUTE, other)]
    )
    failed = await asyncio.gather(scheduler.turn(), return_exceptions=True)
    assert isinstance(failed[0], LookupError)
    await until_nothing(scheduler)
    assert other.runs == 1
