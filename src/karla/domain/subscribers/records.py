"""Webhooks, what is due to them, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class WebhookStatus(StrEnum):
    """Whether a webhook gets anything."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class DeliveryStatus(StrEnum):
    """What has become of one event for one webhook; only `pending` may still change."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A subscriber. It gets the events that are triggered from `active_since` on."""

    shop_id: UUID
    id: UUID
    url: str
    enabled_events: Sequence[str]
    secret: str
    description: str | None
    status: WebhookStatus
    active_since: datetime
    created_at: datetime
    updated_at: datetime


class WebhookMembers(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of a webhook; None is "not said"."""

    url: str | None = None
    enabled_events: Sequence[str] | None = None
    secret: str | None = None
    description: str | None = None
    status: WebhookStatus | None = None


class WebhookCreated(msgspec.Struct, frozen=True):
    """The webhook that was asked for, and whether it is new."""

    webhook: Webhook
    created: bool


class AnnouncedEvent(msgspec.Struct, frozen=True):
    """What filters look at in an event of the journal."""

    ref: str
    event_name: str
    event_group: str | None


class FannedOut(msgspec.Struct, frozen=True):
    """How many outbox rows were taken, and how many deliveries they became."""

    events: int
    deliveries: int


class DueDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was claimed: the one who claimed it makes the next attempt.

    `attempts` counts those made before; `payload` is the body, byte by byte.
    """

    shop_id: UUID
    id: UUID
    webhook_id: UUID
    event_id: UUID
    triggered_at: datetime
    attempts: int
    url: str
    secret: str
    payload: bytes


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how soon a delivery is tried again."""

    retries: int
    base_seconds: float


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as it went, and what follows: `due_at` is when the next one is due, if one is.

    Without a `status_code` there was no answer, and `error` says why.
    """

    shop_id: UUID
    delivery_id: UUID
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    response_excerpt: str | None
    status: DeliveryStatus
    due_at: datetime


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt in the log, numbered from 1."""

    number: int
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    response_excerpt: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one webhook, with its attempts by number."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    ref: str
    triggered_at: datetime
    status: DeliveryStatus
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    attempts: Sequence[Attempt]


class JournalEntry(msgspec.Struct, frozen=True):
    """One event of the journal; `payload` is its envelope in JSON."""

    id: UUID
    triggered_at: datetime
    payload: bytes


class JournalPage(msgspec.Struct, frozen=True):
    """Some events of the journal, and whether there are more after them."""

    entries: Sequence[JournalEntry]
    more: bool


class Backlog(msgspec.Struct, frozen=True):
    """What waits: events for the relay, deliveries for an attempt, and those whose attempt is due."""

    outbox: int
    outbox_oldest_at: datetime | None
    deliveries_pending: int
    deliveries_due: int
