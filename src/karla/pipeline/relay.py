"""Outbox row → one delivery for each webhook that wants the event."""

from collections.abc import Callable

from karla.domain.subscribers.commands.relaying import fan_out
from karla.infra.access import EVERYWHERE
from karla.infra.db import Database
from karla.infra.telemetry import EVENTS_RELAYED

BATCH = 500


class Relay:
    """Turns of a loop. The rows may be of every shop."""

    def __init__(self, db: Database, on_deliveries: Callable[[], None]) -> None:
        self._db = db
        self._on_deliveries = on_deliveries

    async def turn(self) -> bool:
        """Relay one batch; whether there may be more."""
        return await self._relay() == BATCH

    async def drain(self) -> bool:
        """Relay all there is; whether there was anything."""
        relayed = events = await self._relay()
        while events == BATCH:
            events = await self._relay()
        return bool(relayed)

    async def _relay(self) -> int:
        done = await self._db.write(EVERYWHERE, lambda work: fan_out(work, BATCH))
        EVENTS_RELAYED.inc(done.events)
        if done.deliveries:
            self._on_deliveries()
        return done.events
