"""The belt: all stages together, from what happened to what follows from it."""

import asyncio
import contextlib

from karla.domain.subscribers.records.deliveries import RetryPolicy
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.settings import Settings
from karla.pipeline.crew import Crew
from karla.pipeline.delivery import Poster, WebhookDelivery
from karla.pipeline.domains import DomainChecks
from karla.pipeline.following import Following
from karla.pipeline.loop import POLL_SECONDS, Loop
from karla.pipeline.relay import Relay
from karla.pipeline.scheduler import Scheduler, jobs

# What is in flight may end; a database that doesn't answer may not hold up the rest of the ten seconds.
_GRACE_SECONDS = 9.0
_STOP_SECONDS = 10.0


class Belt:
    """Moves events to webhooks, and with `following` finds out what happens to parcels.

    Any number of processes may run one on the same database.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        egress: Poster,
        clock: Clock,
        *,
        following: Following | None = None,
        domains: DomainChecks | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._following = following
        policy = RetryPolicy(settings.webhook_retries, settings.webhook_retry_base_seconds)
        self._deliveries = Crew(
            "delivery",
            WebhookDelivery(db, egress, clock, policy),
            slots=settings.webhook_concurrency,
            poll_seconds=poll_seconds,
        )
        self._relay = Relay(db, on_deliveries=self._deliveries.wake)
        self._relaying = Loop("relay", self._relay.turn, poll_seconds)
        self._scheduler = Scheduler(db, clock, jobs(settings))
        self._scheduling = Loop("scheduler", self._scheduler.turn, poll_seconds)
        self._domains = Loop("domains", domains.turn, poll_seconds) if domains else None

    def wake(self) -> None:
        """There is news in the outbox, or news may have been missed."""
        self._relaying.wake()
        self._deliveries.wake()

    def wake_following(self) -> None:
        """A parcel may be due, or an answer unread."""
        if self._following:
            self._following.hurry()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`, then finish what is in flight, within ten seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as deadline, asyncio.TaskGroup() as stages:
                stages.create_task(self._relaying.run(stop), name="relay")
                stages.create_task(self._deliveries.run(stop, _GRACE_SECONDS), name="delivery")
                stages.create_task(self._scheduling.run(stop), name="scheduler")
                if self._following:
                    stages.create_task(self._following.run(stop), name="following")
                if self._domains:
                    stages.create_task(self._domains.run(stop), name="domains")
                await stop.wait()
                self.wake()
                self._scheduling.wake()
                if self._following:
                    self._following.wake()
                if self._domains:
                    self._domains.wake()
                deadline.reschedule(asyncio.get_running_loop().time() + _STOP_SECONDS)

    async def drain(self) -> None:
        """Work until nothing is due now; not while `run` is running."""
        if self._following:
            await self._following.drain()
        await self._relay.drain()
        await self._deliveries.drain()
        # Attempts may have made news of their webhooks.
        while await self._relay.drain():
            await self._deliveries.drain()

    async def look_after(self) -> None:
        """Do once what is otherwise done now and then."""
        await self._scheduler.run_all()
