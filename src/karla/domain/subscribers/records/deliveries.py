"""Events on their way to webhooks, and what came of each attempt."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from karla.domain.subscribers.records.webhooks import PayloadFormat


class DeliveryStatus(StrEnum):
    """What has become of one event for one webhook; only `pending` may still change."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DueDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was claimed: the one who claimed it makes the next attempt.

    `attempts` counts those made before. `previous_secret` is there as long as it is still to sign with.
    `payload` is the event's envelope, byte by byte; `shipment_id` is what it is about, if that is a shipment.
    `probe`: the endpoint has been failing, and this one request is to find out whether it still does.
    """

    shop_id: UUID
    id: UUID
    webhook_id: UUID
    event_id: UUID
    triggered_at: datetime
    created_at: datetime
    ordering_key: UUID | None
    replay_id: UUID | None
    attempts: int
    probe: bool
    url: str
    secret: str
    previous_secret: str | None
    payload_format: PayloadFormat
    ref: str
    shipment_id: UUID | None
    test: bool
    payload: bytes


class Claim(msgspec.Struct, frozen=True):
    """What was claimed, and when there is more for the claimer: None is "not that the database knew"."""

    rows: Sequence[DueDelivery]
    next_due_at: datetime | None


class Outcome(StrEnum):
    """What an attempt came to.

    `stalled`: no answer, or the receiver asks for fewer requests. `gone`: it wants none any more. `unsent`: it
    was never asked, by a fault of ours.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    STALLED = "stalled"
    GONE = "gone"
    UNSENT = "unsent"


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how soon a delivery is tried again."""

    retries: int
    base_seconds: float


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt as it went. Without a `status_code` there was no answer, and `error` says why.

    Not `sent`: our own way out failed, so the receiver wasn't asked, and none of its attempts is used up.
    """

    started_at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    response_excerpt: str | None
    sent: bool = True


class AttemptResult(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt and what follows for the delivery: `due_at` is when the next one is due, if one is.

    `url` is where it was sent; `pause` is how long the whole webhook is to be left alone.
    """

    shop_id: UUID
    webhook_id: UUID
    url: str
    delivery_id: UUID
    triggered_at: datetime
    ordering_key: UUID | None
    attempt: Attempt
    outcome: Outcome
    probe: bool
    pause: timedelta
    status: DeliveryStatus
    due_at: datetime


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one webhook, with its attempts, the first one first.

    Of attempts in a row that were not sent, the latest stands for all. A replay has the id of the request for it.
    `test`: its event was made up to try the webhook.
    """

    id: UUID
    webhook_id: UUID
    event_id: UUID
    replay_id: UUID | None
    test: bool
    ref: str
    triggered_at: datetime
    status: DeliveryStatus
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    attempts: Sequence[Attempt]


class Backlog(msgspec.Struct, frozen=True):
    """What waits: events for the relay, deliveries for an attempt, and those whose attempt is due.

    `due_since` is when the longest due of them became so, those of paused webhooks aside.
    """

    outbox: int
    outbox_oldest_at: datetime | None
    deliveries_pending: int
    deliveries_due: int
    due_since: datetime | None
    webhooks_paused: int
    webhooks_failing: int
