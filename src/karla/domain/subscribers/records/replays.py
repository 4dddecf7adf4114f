"""Events that are sent again, or to a webhook that never got them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class ReplaySource(StrEnum):
    """Where a replay looks for events: among what was sent to the webhook, or among all that were announced."""

    DELIVERIES = "deliveries"
    JOURNAL = "journal"


class ReplayStatus(StrEnum):
    """What must have become of an event at the webhook, by its newest delivery.

    Of the journal `failed` also means those that were never sent to it, and those that were cancelled.
    """

    FAILED = "failed"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    ALL = "all"


class ReplayCriteria(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: `events` are filters, None is "any" (of the journal, those that the webhook asks for).

    `since` is the first moment of triggering that counts, `until` the first that no longer does.
    """

    source: ReplaySource = ReplaySource.DELIVERIES
    status: ReplayStatus = ReplayStatus.FAILED
    events: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


class Replayed(msgspec.Struct, frozen=True):
    """What was asked for, or would be in a dry run, which has no id; `more`: there was too much for one replay."""

    id: UUID | None
    deliveries: int
    more: bool


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A replay and what has become of its deliveries. That of a single one names it, else it has `criteria`."""

    id: UUID
    webhook_id: UUID
    criteria: ReplayCriteria | None
    delivery_id: UUID | None
    deliveries: int
    created_at: datetime
    pending: int
    delivered: int
    failed: int
    cancelled: int
