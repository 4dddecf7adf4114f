"""An upgrade as an operator makes it, and the way back, while a shop goes on with its work."""

import asyncio
import random
import time
from pathlib import Path
from typing import NamedTuple

from tests.chaos.caller import Caller, calling
from tests.chaos.instance import Instance, instance
from tests.chaos.processes import Part
from tests.chaos.releases import is_safe, last_migration, newer_migrations
from tests.chaos.subscriber import Moods, Subscriber
from tests.chaos.subscribing import IN_ORDER, subscribed
from tests.chaos.traffic import Traffic
from tests.chaos.verdict import State, drained, faults

_ORDERS = 2000
_BULK = 400
_LANES = 8
_PER_SECOND = 40.0
_CALLS_BETWEEN = 60
_DRAIN_SECONDS = 90.0


class Upgraded(NamedTuple):
    """What came of it; `stopped`: a migration isn't safe while old code runs, so all was stopped for it."""

    migrations: list[str]
    stopped: bool
    caller: Caller
    state: State
    faults: list[str]

    def told(self, release: str) -> str:
        """Which migrations were exercised, and what they met."""
        way = "with all processes stopped, as one is not safe while old code runs" if self.stopped else "under traffic"
        names = f"forward and back {way}: {', '.join(self.migrations)}"
        return (
            f"from {release}; migrations {names if self.migrations else 'none, only the code was rolled'}; "
            f"{len(self.state.orders)} orders, {len(self.state.journal)} events, {self.caller.attempts} requests, "
            f"{self.caller.silences} without answer, {len(self.caller.failures)} answered 5xx"
        )


class _Fleet:
    """The processes that serve now, and how they are replaced."""

    def __init__(self, made: Instance, caller: Caller) -> None:
        self._made = made
        self._caller = caller
        self._parts: list[Part] = []

    async def start(self, code: Path | None) -> None:
        """Start an API and a worker of this code, send callers there, and stop those before."""
        before, server = self._parts, self._made.serve(code)
        self._parts = [server, self._made.work(code)]
        await server.ready()
        self._caller.addresses[:] = [server.url]
        await _stop(before)

    async def stop(self) -> None:
        """Stop all."""
        await _stop(self._parts)
        self._parts = []


async def upgrade(release: Path, seed: int) -> Upgraded:
    """From the unpacked release to this version and back, with orders, scans and webhooks all the while."""
    newer = newer_migrations(release)
    stopped = not all(is_safe(migration) for migration in newer)
    subscriber = Subscriber(random.Random(f"{seed} subscriber"), Moods(refused=10))
    async with (
        instance(release) as made,
        subscriber.listening(),
        calling([], made.authorization, random.Random(f"{seed} caller")) as caller,
    ):
        fleet = _Fleet(made, caller)
        await fleet.start(release)
        webhooks = await subscribed(caller, subscriber)
        traffic = Traffic(caller, random.Random(f"{seed} traffic"), lanes=_LANES, per_second=_PER_SECOND)
        await traffic.fill(_ORDERS, _BULK)
        stop = asyncio.Event()
        flowing = asyncio.create_task(traffic.run(stop))
        try:
            await traffic.more(_CALLS_BETWEEN)
            await _forward(made, fleet, stopped=stopped)
            await traffic.more(_CALLS_BETWEEN)
            await _back(made, fleet, release, stopped=stopped, migrated=bool(newer))
            await traffic.more(_CALLS_BETWEEN)
        finally:
            stop.set()
            await flowing
        state = await drained(caller, webhooks, subscriber, time.monotonic() + _DRAIN_SECONDS)
        found = faults(state, traffic, subscriber, [path for path in webhooks if path == IN_ORDER])
        return Upgraded([migration.stem for migration in newer], stopped, caller, state, found)


async def _forward(made: Instance, fleet: _Fleet, *, stopped: bool) -> None:
    if stopped:
        await fleet.stop()
    await made.run("migrate")
    await fleet.start(None)


async def _back(made: Instance, fleet: _Fleet, release: Path, *, stopped: bool, migrated: bool) -> None:
    """The older code first, which runs on the newer schema where that is safe; only this version knows the way back."""
    if stopped:
        await fleet.stop()
    else:
        await fleet.start(release)
    if migrated:
        said = await made.run("migrate", "--back-to", last_migration(release))
        assert "took back" in said, said
    if stopped:
        await fleet.start(release)


async def _stop(parts: list[Part]) -> None:
    await asyncio.gather(*(part.stop() for part in parts))
