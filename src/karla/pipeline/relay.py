"""Outbox row → one delivery for each webhook that wants the event."""

from collections.abc import Callable

from karla.domain.subscribers import commands
from karla.infra.access import NOWHERE
from karla.infra.db import Database
from karla.infra.telemetry import EVENTS_RELAYED

BATCH = 500


class Relay:
    """Turns of a loop. The rows may be of every shop, so they are taken under the empty scope."""

    def __init__(self, db: Database, on_deliveries: Callable[[], None]) -> None:
        self._db = db
        self._on_deliveries = on_deliveries

    async def turn(self) -> bool:
        """Relay one batch; whether there may be more."""
        done = await self._db.write(NOWHERE, lambda work: commands.fan_out(work, BATCH))
        EVENTS_RELAYED.inc(done.events)
        if done.deliveries:
            self._on_deliveries()
        return done.events == BATCH
