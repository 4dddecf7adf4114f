"""How long an answer asks to be left alone, as RFC 9110 has it."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)


def retry_after_seconds(header: str, now: datetime) -> float | None:
    """Seconds from `now` until a `Retry-After` in either of its forms, 0 for a past one; None for what is neither.

    A date is taken by our clock, and one without a zone as UTC. Whoever asks bounds the answer.
    """
    value = header.strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - now).total_seconds())
