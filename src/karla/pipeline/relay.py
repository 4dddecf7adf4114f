"""Outbox row → one delivery for each webhook that wants the event."""

from collections.abc import Callable
from uuid import UUID

from karla.domain.subscribers.commands.relaying import BatchTooSlow, fan_out
from karla.domain.subscribers.rules.relaying import WHOLE, larger, smaller
from karla.infra.access import EVERYWHERE
from karla.infra.db import Database
from karla.infra.errors import Unavailable
from karla.infra.telemetry import EVENTS_RELAYED


class Relay:
    """Turns of a loop. The rows may be of every shop."""

    def __init__(self, db: Database, on_deliveries: Callable[[], None]) -> None:
        self._db = db
        self._on_deliveries = on_deliveries
        self._batch = WHOLE
        self._after: UUID | None = None

    async def turn(self) -> bool:
        """Relay one batch; whether there may be more. After one that took too long they are half as large."""
        await self._relay()
        return self._after is not None

    async def drain(self) -> bool:
        """Relay all there is; whether there was anything."""
        relayed = await self._relay()
        while self._after is not None:
            relayed += await self._relay()
        return bool(relayed)

    async def _relay(self) -> int:
        batch, after = self._batch, self._after
        try:
            done = await self._db.write(
                EVERYWHERE, lambda work: fan_out(work, batch.events, deliveries=batch.deliveries, after=after)
            )
        except Unavailable as error:
            if isinstance(error.__cause__, BatchTooSlow):
                self._batch = smaller(batch)
            raise
        self._after = done.after
        if done.events:
            self._batch = larger(batch)
        EVENTS_RELAYED.inc(done.events)
        if done.deliveries:
            self._on_deliveries()
        return done.events
