"""What is answered about webhooks, their deliveries and replays."""

from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from karla.domain.subscribers.records.deliveries import Attempt, Delivery, DeliveryStatus
from karla.domain.subscribers.records.replays import Replay, ReplayCriteria, ReplaySource, ReplayStatus
from karla.domain.subscribers.records.webhooks import (
    COUNTED_AT_MOST,
    HealthStatus,
    Ordering,
    PayloadFormat,
    Webhook,
    WebhookStatus,
)
from karla.domain.subscribers.rules.deliveries import next_attempt_at
from karla.domain.subscribers.rules.webhooks import health_status, signs_twice
from karla.entrypoints.api.access import Access
from karla.entrypoints.api.times import Timestamp, stamp
from karla.vocabulary.scope import Role


class FailureDetail(msgspec.Struct, kw_only=True):
    """The latest attempt that failed: its answer by `status_code`, or an `error` when there was none.

    One that was not sent, by a fault of this Karla's, stands here too and counts for nothing else.
    """

    at: Timestamp
    status_code: int | None
    error: str | None


class HealthDetail(msgspec.Struct, kw_only=True):
    """How the webhook has been doing, since attempts failed in a row if they do.

    `paused`: it failed so often that only single attempts are made, or it asked to be left alone. `disabled`: it is
    inactive.
    """

    status: HealthStatus
    failures: int
    failing_since: Timestamp | None
    paused_until: Timestamp | None
    last_success_at: Timestamp | None
    last_failure: FailureDetail | None
    pending_deliveries: Annotated[int, Meta(description=f"On their way to it; {COUNTED_AT_MOST:,} may be more.")]


class WebhookDetail(msgspec.Struct, kw_only=True):
    """A webhook; `merchant_slug` is the older name of `shop_slug`. Viewers don't see the secret.

    `previous_secret_expires_at`: until then two secrets sign. `disabled_reason` says why Karla set it inactive, if
    it did: `gone` is an answer 410.
    """

    uuid: UUID
    url: str
    enabled_events: list[str]
    secret: str | None
    previous_secret_expires_at: Timestamp | None
    description: str | None
    ordering: Ordering
    payload_format: PayloadFormat
    status: WebhookStatus
    disabled_reason: str | None
    health: HealthDetail
    created_at: Timestamp
    updated_at: Timestamp
    shop_slug: str
    merchant_slug: str


class AttemptDetail(msgspec.Struct, kw_only=True):
    """One request to the webhook: its answer by `status_code`, or an `error` when there was none.

    `sent` is false where this Karla's own way out failed (`error` says how): the receiver was not asked. Such an
    attempt uses up none, so the next one has its `number`; of several in a row the latest stands for all.
    """

    number: int
    sent: bool
    started_at: Timestamp
    duration_ms: int
    status_code: int | None
    error: str | None
    response_excerpt: str | None


class DeliveryDetail(msgspec.Struct, kw_only=True):
    """One event on its way to a webhook.

    `next_attempt_at` is from when on the next attempt is made, while it is `pending`; a pause of the webhook
    (`health.paused_until`) comes on top. It is null during an attempt, may be so for the last 30 seconds before one,
    and is so while an event waits for another one of its shipment. `replay_id` is that of the request to send it
    again, `test` says that the event was made up.
    """

    uuid: UUID
    webhook_uuid: UUID
    event_id: UUID
    ref: str
    status: DeliveryStatus
    replay_id: UUID | None
    test: bool
    triggered_at: Timestamp
    created_at: Timestamp
    finished_at: Timestamp | None
    next_attempt_at: Timestamp | None
    attempts: list[AttemptDetail]


class ReplayAnswer(msgspec.Struct, kw_only=True):
    """How many deliveries were made, or would be.

    Of a dry run, and where nothing fits, there is no `replay_id`. `more`: a replay takes the oldest 100,000, and this
    one left some; the same request again takes the next.
    """

    replay_id: UUID | None
    deliveries: int
    more: bool
    dry_run: bool


class CriteriaDetail(msgspec.Struct, kw_only=True):
    """Which events a replay was to send; `status` is what had become of them before."""

    source: ReplaySource
    status: ReplayStatus
    events: list[str] | None
    since: Timestamp | None
    until: Timestamp | None


class ReplayDetail(msgspec.Struct, kw_only=True):
    """A replay: what was asked for, and how many of its deliveries stand where; it is over when none is `pending`.

    That of a single delivery names it in `delivery_uuid`, and has no `criteria`.
    """

    replay_id: UUID
    webhook_uuid: UUID
    delivery_uuid: UUID | None
    criteria: CriteriaDetail | None
    created_at: Timestamp
    deliveries: int
    pending: int
    delivered: int
    failed: int
    cancelled: int


def webhook_detail(webhook: Webhook, access: Access, now: datetime) -> WebhookDetail:
    """A webhook as this caller may see it."""
    role = access.principal.role_in(access.shop)
    return WebhookDetail(
        uuid=webhook.id,
        url=webhook.url,
        enabled_events=list(webhook.enabled_events),
        secret=webhook.secret if role and role.covers(Role.EDITOR) else None,
        previous_secret_expires_at=stamp(webhook.previous_secret_until) if signs_twice(webhook, now) else None,
        description=webhook.description,
        ordering=webhook.ordering,
        payload_format=webhook.payload_format,
        status=webhook.status,
        disabled_reason=webhook.disabled_reason,
        health=_health(webhook, now),
        created_at=stamp(webhook.created_at),
        updated_at=stamp(webhook.updated_at),
        shop_slug=access.shop.slug,
        merchant_slug=access.shop.slug,
    )


def _health(webhook: Webhook, now: datetime) -> HealthDetail:
    lane = webhook.lane
    status = health_status(webhook, now)
    failure = lane.last_failure
    return HealthDetail(
        status=status,
        failures=lane.failures,
        failing_since=stamp(lane.failing_since),
        paused_until=stamp(lane.paused_until) if status is HealthStatus.PAUSED else None,
        last_success_at=stamp(lane.last_success_at),
        last_failure=FailureDetail(at=stamp(failure.at), status_code=failure.status_code, error=failure.error)
        if failure
        else None,
        pending_deliveries=webhook.pending,
    )


def delivery_detail(delivery: Delivery, now: datetime) -> DeliveryDetail:
    """A delivery as it stands now, with its attempts, the first one first."""
    return DeliveryDetail(
        uuid=delivery.id,
        webhook_uuid=delivery.webhook_id,
        event_id=delivery.event_id,
        ref=delivery.ref,
        status=delivery.status,
        replay_id=delivery.replay_id,
        test=delivery.test,
        triggered_at=stamp(delivery.triggered_at),
        created_at=stamp(delivery.created_at),
        finished_at=stamp(delivery.finished_at),
        next_attempt_at=stamp(next_attempt_at(delivery, now)),
        attempts=_attempts(delivery.attempts),
    )


def _attempts(attempts: Sequence[Attempt]) -> list[AttemptDetail]:
    numbers = accumulate((attempt.sent for attempt in attempts), initial=1)
    return [_attempt(number, attempt) for number, attempt in zip(numbers, attempts, strict=False)]


def _attempt(number: int, attempt: Attempt) -> AttemptDetail:
    return AttemptDetail(
        number=number,
        sent=attempt.sent,
        started_at=stamp(attempt.started_at),
        duration_ms=attempt.duration_ms,
        status_code=attempt.status_code,
        error=attempt.error,
        response_excerpt=attempt.response_excerpt,
    )


def replay_detail(replay: Replay) -> ReplayDetail:
    """A replay with its progress."""
    return ReplayDetail(
        replay_id=replay.id,
        webhook_uuid=replay.webhook_id,
        delivery_uuid=replay.delivery_id,
        criteria=_criteria(replay.criteria) if replay.criteria else None,
        created_at=stamp(replay.created_at),
        deliveries=replay.deliveries,
        pending=replay.pending,
        delivered=replay.delivered,
        failed=replay.failed,
        cancelled=replay.cancelled,
    )


def _criteria(asked: ReplayCriteria) -> CriteriaDetail:
    return CriteriaDetail(
        source=asked.source,
        status=asked.status,
        events=list(asked.events) if asked.events else None,
        since=stamp(asked.since),
        until=stamp(asked.until),
    )
