"""What was announced, as the journal keeps it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec


class AnnouncedEvent(msgspec.Struct, frozen=True):
    """What filters look at in an event of the journal."""

    ref: str
    event_name: str
    event_group: str | None


class Span(msgspec.Struct, frozen=True):
    """Times of triggering: the first moment that counts, and the first that no longer does; None is "any"."""

    since: datetime | None = None
    until: datetime | None = None


ANY_TIME = Span()


class JournalEntry(msgspec.Struct, frozen=True):
    """One event of the journal; `payload` is its envelope in JSON."""

    id: UUID
    triggered_at: datetime
    ref: str
    payload: bytes


class JournalPage(msgspec.Struct, frozen=True):
    """Some events of the journal, and whether there are more after them."""

    entries: Sequence[JournalEntry]
    more: bool
