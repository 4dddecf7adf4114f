"""What tells one answer from another, and one promise from another."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

DELAYED: Final = "DELAYED_BY_CARRIER"
"""How it is told that a window moved out, or passed."""
GRACE: Final = timedelta(hours=3)
"""By so much a promise may be missed before that is a delay."""


def digest_of(body: bytes) -> bytes:
    """What tells an answer from any other."""
    return sha256(body).digest()


def moved_out(before: datetime | None, after: datetime | None) -> bool:
    """Whether the end of a promised window moved to another, later time by more than three hours."""
    return before is not None and after is not None and after - before > GRACE


def passed(until: datetime | None, now: datetime) -> bool:
    """Whether a promised window has ended, and may not be missed any longer."""
    return until is not None and now - until > GRACE
