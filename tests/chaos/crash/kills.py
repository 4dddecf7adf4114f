"""What is killed and when, and how long it takes until all goes on."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from enum import StrEnum

import msgspec

from tests.chaos.caller import Caller, Failure
from tests.chaos.instance import Instance, Server
from tests.chaos.processes import Part, comes
from tests.chaos.subscriber import Subscriber

_RECOVERY_SECONDS = 60.0
_LONGEST_PAUSE = 0.6
# So many kills in a hundred don't wait until Karla has recovered from the one before, the others not for long.
_WHILE_DOWN = 50
_PATIENCE_SECONDS = 2.5
# Connections that broke are noticed one by one, as they are used.
_AFTERMATH_SECONDS = 2.0


class Victim(StrEnum):
    """What a `kill -9` can hit."""

    API = "karla serve"
    WORKER = "karla work"
    POSTMASTER = "PostgreSQL, postmaster"
    BACKEND = "PostgreSQL, one backend"


class Kill(msgspec.Struct):
    """One kill; times are those of `time.monotonic`.

    `back`: what was killed runs again. `served`: a call that was made after the kill has been carried out.
    `heard`: a webhook has come after the kill.
    """

    victim: Victim
    at: float
    back: float | None = None
    served: float | None = None
    heard: float | None = None

    @property
    def recovery(self) -> float:
        """Seconds until calls and webhooks went on."""
        assert self.served is not None and self.heard is not None, "it has recovered"
        return max(self.served, self.heard) - self.at

    @property
    def excuses(self) -> bool:
        """Whether the API may say that it is unavailable: its database has gone away."""
        return self.victim in {Victim.POSTMASTER, Victim.BACKEND}


class Killer:
    """Kills parts of an instance, as many of each kind, in an order drawn by chance."""

    def __init__(
        self,
        instance: Instance,
        parts: tuple[Server, Part],
        caller: Caller,
        subscriber: Subscriber,
        chance: random.Random,
    ) -> None:
        self.kills: list[Kill] = []
        self._instance = instance
        self._server, self._worker = parts
        self._caller = caller
        self._subscriber = subscriber
        self._chance = chance
        self._never = asyncio.Event()

    async def run(self, count: int, say: Callable[[Kill], None]) -> None:
        """Kill so many times, and come back when Karla has recovered from all of it; TimeoutError when it doesn't."""
        await self._caller.served_since(0.1)
        await self._subscriber.heard_since(0.1)
        async with asyncio.TaskGroup() as recoveries:
            for victim in self._deck(count):
                kill = await self._strike(victim)
                self.kills.append(kill)
                recovery = recoveries.create_task(self._recovery(kill, say))
                if self._chance.randrange(100) >= _WHILE_DOWN:
                    await asyncio.wait([recovery], timeout=_PATIENCE_SECONDS)
                await comes(self._never, self._chance.uniform(0.02, _LONGEST_PAUSE))

    def unexcused(self, failures: list[Failure]) -> Iterator[str]:
        """The 5xx that came though the database was there, and those that are no "unavailable"."""
        for failure in failures:
            excused = any(
                kill.excuses and failure.began < (kill.back or 0) + _AFTERMATH_SECONDS and failure.ended > kill.at
                for kill in self.kills
            )
            if failure.status != 503 or not excused:
                since = [f"{failure.ended - kill.at:.2f} s after {kill.victim}" for kill in self.kills[-300:]]
                yield f"{failure.status} {failure.what}; {since[-3:]}"

    def _deck(self, count: int) -> list[Victim]:
        deck = [list(Victim)[place % len(Victim)] for place in range(count)]
        self._chance.shuffle(deck)
        return deck

    async def _strike(self, victim: Victim) -> Kill:
        """Kill once there is somebody to kill; the return of a database is waited for, as it has one supervisor."""
        postgres = self._instance.postgres
        while True:
            kill = Kill(victim, time.monotonic())
            match victim:
                case Victim.API | Victim.WORKER:
                    struck = (self._server if victim is Victim.API else self._worker).kill()
                case Victim.POSTMASTER:
                    await postgres.kill_whole()
                    struck = True
                case Victim.BACKEND:
                    struck = await postgres.kill_backend(self._chance)
            if struck:
                kill.back = time.monotonic()
                return kill
            await comes(self._never, 0.01)

    async def _recovery(self, kill: Kill, say: Callable[[Kill], None]) -> None:
        async with asyncio.timeout(_RECOVERY_SECONDS):
            kill.served, kill.heard = await asyncio.gather(
                _when(self._caller.served_since(kill.at)), _when(self._heard_since(kill))
            )
        say(kill)

    async def _heard_since(self, kill: Kill) -> None:
        """What a killed worker had sent may still arrive, and doesn't count."""
        if kill.victim is Victim.WORKER:
            while self._worker.started_at < kill.at:
                await comes(self._never, 0.01)
        await self._subscriber.heard_since(max(kill.at, self._worker.started_at))


async def _when(done: Awaitable[None]) -> float:
    await done
    return time.monotonic()
