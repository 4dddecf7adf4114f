"""Clocks that tests hold in their hand."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)


class StandingClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by
