"""What tells one answer from another, and one promise from another."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

_DELAY: Final = timedelta(hours=3)


def digest_of(body: bytes) -> bytes:
    """What tells an answer from any other."""
    return sha256(body).digest()


def moved_out(before: datetime | None, after: datetime | None) -> bool:
    """Whether the end of a promised window moved to another, later time by more than three hours."""
    return before is not None and after is not None and after - before > _DELAY
