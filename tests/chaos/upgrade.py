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

_ORDERS = 3000
_BULK = 400
_LANES = 8
_PER_SECOND = 30.0
_CALLS_BETWEEN = 60
_DRAIN_SECONDS = 90.0


class Upgraded(NamedTuple):
    """What came of it; `stopped`: a migration isn't safe while old code runs, so all was stopped for it.

    `meanwhile`: how many calls were carried out while `karla migrate` worked, forward and back.
    """

    migrations: list[str]
    stopped: bool
    meanwhile: tuple[int, int]
    caller: Caller
    state: State
    faults: list[str]

    def told(self, release: str) -> str:
        """Which migrations were exercised, and what they met."""
        way = "with all processes stopped, as one is not safe while old code runs" if self.stopped else "under traffic"
        names = f"forward and back {way}: {', '.join(self.migrations)}"
        names += "" if self.stopped else f" ({self.meanwhile[0]} and {self.meanwhile[1]} calls meanwhile)"
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
            forward = await _forward(made, fleet, traffic, newer, stopped=stopped)
            await traffic.more(_CALLS_BETWEEN)
            back = await _back(made, fleet, traffic, release, stopped=stopped)
            await traffic.more(_CALLS_BETWEEN)
        finally:
            stop.set()
            await flowing
        state = await drained(caller, webhooks, subscriber, time.monotonic() + _DRAIN_SECONDS)
        found = faults(state, traffic, subscriber, [path for path in webhooks if path == IN_ORDER])
        names = [migration.stem for migration in newer]
        return Upgraded(names, stopped, (forward, back), caller, state, found)


async def _forward(made: Instance, fleet: _Fleet, traffic: Traffic, newer: list[Path], *, stopped: bool) -> int:
    """How many calls were carried out while it migrated."""
    if stopped:
        await fleet.stop()
    before = traffic.carried_out
    said = await made.run("migrate")
    meanwhile = traffic.carried_out - before
    assert [f"applied {migration.stem}" for migration in newer] == said.splitlines()[:-1], said
    await fleet.start(None)
    return meanwhile


async def _back(made: Instance, fleet: _Fleet, traffic: Traffic, release: Path, *, stopped: bool) -> int:
    """The older code first, which runs on the newer schema where that is safe; only this version knows the way back.

    How many calls were carried out while it migrated.
    """
    newer = newer_migrations(release)
    if stopped:
        await fleet.stop()
    else:
        await fleet.start(release)
        await traffic.more(_CALLS_BETWEEN)
    before = traffic.carried_out
    said = await made.run("migrate", "--back-to", last_migration(release))
    meanwhile = traffic.carried_out - before
    assert [f"took back {migration.stem}" for migration in reversed(newer)] == said.splitlines()[:-1], said
    if stopped:
        await fleet.start(release)
    return meanwhile


async def _stop(parts: list[Part]) -> None:
    await asyncio.gather(*(part.stop() for part in parts))
