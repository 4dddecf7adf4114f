"""How much waits on the belt, for /metrics."""

import math
from datetime import datetime, timedelta

from karla.domain.subscribers.queries.deliveries import backlog
from karla.domain.subscribers.records.deliveries import Backlog
from karla.infra.access import EVERYWHERE
from karla.infra.clock import Clock
from karla.infra.db import Database, bounded
from karla.infra.errors import Unavailable
from karla.infra.telemetry import (
    DELIVERIES_OLDEST_SECONDS,
    DELIVERIES_WAITING,
    OUTBOX_EVENTS,
    OUTBOX_OLDEST_SECONDS,
    WEBHOOKS_TROUBLED,
    metrics_text,
)

# Counting a long backlog takes a while, and there may be many who ask.
_KEPT = timedelta(seconds=5)
# Less than Prometheus waits for an answer, which is 10 s.
_PATIENCE_SECONDS = 5.0


class BacklogMetrics:
    """The metrics of this process with those of the backlog, which all processes of a database share."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._counted_at: datetime | None = None

    async def text(self) -> bytes:
        """Prometheus' text format; without a database the backlog's values are not numbers."""
        now = self._clock.now()
        if self._counted_at is None or now - self._counted_at >= _KEPT:
            self._counted_at = now
            await self._count(now)
        return metrics_text()

    async def _count(self, now: datetime) -> None:
        try:
            _show(await bounded(_PATIENCE_SECONDS, self._read(now)), now)
        except Unavailable:
            for gauge in (
                OUTBOX_EVENTS,
                OUTBOX_OLDEST_SECONDS,
                DELIVERIES_WAITING.labels("pending"),
                DELIVERIES_WAITING.labels("due"),
                DELIVERIES_OLDEST_SECONDS,
                WEBHOOKS_TROUBLED.labels("paused"),
                WEBHOOKS_TROUBLED.labels("failing"),
            ):
                gauge.set(math.nan)

    async def _read(self, now: datetime) -> Backlog:
        async with self._db.read(EVERYWHERE) as connection:
            return await backlog(EVERYWHERE, connection, now)


def _show(backlog: Backlog, now: datetime) -> None:
    OUTBOX_EVENTS.set(backlog.outbox)
    OUTBOX_OLDEST_SECONDS.set(_age(backlog.outbox_oldest_at, now))
    DELIVERIES_WAITING.labels("pending").set(backlog.deliveries_pending)
    DELIVERIES_WAITING.labels("due").set(backlog.deliveries_due)
    DELIVERIES_OLDEST_SECONDS.set(_age(backlog.due_since, now))
    WEBHOOKS_TROUBLED.labels("paused").set(backlog.webhooks_paused)
    WEBHOOKS_TROUBLED.labels("failing").set(backlog.webhooks_failing)


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
