"""What is to be done now and then: looked after by a stage of the belt, each job by one worker at a time."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from karla.domain.branding.commands import forget_lapsed_domains
from karla.domain.shoppers.commands import forget_failures
from karla.domain.subscribers.commands.cancelling import cancel_undeliverable
from karla.domain.subscribers.commands.upkeep import expire, reconcile_lanes
from karla.domain.subscribers.records.deliveries import RetryPolicy
from karla.domain.subscribers.rules.retries import window
from karla.domain.tracking.commands.health import prune_hours
from karla.domain.tracking.commands.transits import count_transits
from karla.infra.access import EVERYWHERE
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.idempotency import purge
from karla.infra.partitions import drop_partitions, make_partitions
from karla.infra.settings import Settings
from karla.infra.turns import is_our_turn
from karla.infra.work import Work

log = structlog.get_logger()

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class PeriodicJob(msgspec.Struct, frozen=True):
    """A command that is run every so often, and again at once while it does something and is `repeated`.

    It answers how many things it did.
    """

    name: str
    every: timedelta
    command: Callable[[Work], Awaitable[int]]
    repeated: bool = False


def jobs(settings: Settings) -> Sequence[PeriodicJob]:
    """All that a Karla has to do now and then."""
    kept = timedelta(days=settings.event_retention_days)
    longest = window(RetryPolicy(settings.webhook_retries, settings.webhook_retry_base_seconds))
    return (
        PeriodicJob("reconcile lanes", _MINUTE, reconcile_lanes),
        PeriodicJob("cancel undeliverable", timedelta(seconds=10), cancel_undeliverable, repeated=True),
        PeriodicJob("expire deliveries", 10 * _MINUTE, lambda work: expire(work, longest), repeated=True),
        PeriodicJob("purge idempotency keys", 10 * _MINUTE, purge, repeated=True),
        PeriodicJob("forget failed look-ups", 10 * _MINUTE, forget_failures, repeated=True),
        PeriodicJob("forget lapsed domains", _HOUR, forget_lapsed_domains),
        PeriodicJob("prune carrier hours", _HOUR, prune_hours, repeated=True),
        PeriodicJob("count transit times", _HOUR, count_transits, repeated=True),
        PeriodicJob("make partitions", 6 * _HOUR, make_partitions),
        PeriodicJob("drop partitions", _HOUR, lambda work: drop_partitions(work, kept)),
    )


class Scheduler:
    """Turns of a loop. Every worker has one; a job that another one is at is left to it."""

    def __init__(self, db: Database, clock: Clock, jobs: Sequence[PeriodicJob]) -> None:
        self._db = db
        self._clock = clock
        self._jobs = jobs
        self._due: dict[str, datetime] = {}

    async def turn(self) -> bool:
        """Run the first job that is due; whether there may be more."""
        now = self._clock.now()
        for job in self._jobs:
            if self._due.get(job.name, now) > now:
                continue
            # Before it runs: one that fails is tried again when it is due again, and holds up no other.
            self._due[job.name] = now + job.every
            done = await self._run(job)
            if done:
                log.info("periodic job", job=job.name, done=done)
            if done and job.repeated:
                self._due[job.name] = now
            return True
        return False

    async def run_all(self) -> None:
        """Run each job once, due or not."""
        for job in self._jobs:
            await self._run(job)

    async def _run(self, job: PeriodicJob) -> int:
        async def command(work: Work) -> int:
            return await job.command(work) if await is_our_turn(work, job.name) else 0

        return await self._db.write(EVERYWHERE, command)
