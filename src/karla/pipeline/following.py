"""What follows parcels: accounts come and go, due parcels are asked about, and what is told is read."""

import asyncio
from collections.abc import Awaitable, Callable

from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.sealing import Seals
from karla.pipeline.lateness import Lateness
from karla.pipeline.loop import POLL_SECONDS, Loop
from karla.pipeline.normaliser import Normaliser
from karla.pipeline.poller import Poller
from karla.pipeline.silence import Silence

_ENROL_SECONDS = 5.0
_SILENCE_SECONDS = 600.0
_LATENESS_SECONDS = 600.0


class Following:
    """The stages of it. Any number of processes may run them on the same database."""

    def __init__(
        self,
        db: Database,
        egress: Egress,
        clock: Clock,
        seals: Seals,
        *,
        poll_seconds: float = POLL_SECONDS,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._normaliser = Normaliser(db)
        self._reading = Loop("normaliser", self._normaliser.turn, poll_seconds)
        self._poller = Poller(
            db,
            egress,
            clock,
            seals,
            on_answers=self._reading.wake,
            on_ended=self._turn_ended,
            pause=pause,
        )
        self._polling = Loop("poller", self._poller.turn, poll_seconds)
        self._silence = Silence(db, clock)
        self._listening = Loop("silence", self._silence.turn, _SILENCE_SECONDS)
        self._lateness = Lateness(db, clock)
        self._waiting = Loop("lateness", self._lateness.turn, _LATENESS_SECONDS)
        self._enrolling = Loop("accounts", self._enrol, _ENROL_SECONDS)

    def wake(self) -> None:
        """It is time to stop, or there may be something to do."""
        for loop in (self._reading, self._polling, self._enrolling, self._listening, self._waiting):
            loop.wake()

    def hurry(self) -> None:
        """A parcel may be due, or an answer unread."""
        self._polling.wake()
        self._reading.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; whoever sets that wakes it too."""
        async with asyncio.TaskGroup() as stages:
            stages.create_task(self._enrolling.run(stop), name="accounts")
            stages.create_task(self._poll(stop), name="poller")
            stages.create_task(self._reading.run(stop), name="normaliser")
            stages.create_task(self._listening.run(stop), name="silence")
            stages.create_task(self._waiting.run(stop), name="lateness")

    async def drain(self) -> None:
        """Work until nothing is due now; not while `run` is running."""
        await self._poller.enrol()
        while await self._poller.turn() or await self._poller.settled():
            pass
        while await self._normaliser.turn():
            pass
        while await self._silence.turn():
            pass
        while await self._lateness.turn():
            pass

    def _turn_ended(self, by_test_clock: bool) -> None:
        self._polling.wake()
        if by_test_clock:  # on which days may have passed
            self._listening.wake()
            self._waiting.wake()

    async def _poll(self, stop: asyncio.Event) -> None:
        await self._polling.run(stop)
        await self._poller.stop()

    async def _enrol(self) -> bool:
        if await self._poller.enrol():
            self._polling.wake()
        return False
