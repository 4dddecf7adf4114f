"""What time it is: the only place that asks the machine."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; tests pass one that stands still."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)


def milliseconds() -> int:
    """Since 1970, by the machine; for what is merely led by the time, such as an id."""
    return time.time_ns() // 1_000_000
