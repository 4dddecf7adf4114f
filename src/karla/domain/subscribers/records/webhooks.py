"""Subscribers: who is sent what, and how."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from karla.domain.subscribers.records.lanes import LaneState


class WebhookStatus(StrEnum):
    """Whether a webhook gets anything."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Ordering(StrEnum):
    """In which order a webhook gets its events: `shipment` is one after the other for each shipment."""

    NONE = "none"
    SHIPMENT = "shipment"


class PayloadFormat(StrEnum):
    """What the body of a delivery is: Karla's envelope, or that as the data of a CloudEvent 1.0."""

    KARLA = "karla"
    CLOUDEVENTS = "cloudevents"


COUNTED_AT_MOST = 10_000


class HealthStatus(StrEnum):
    """How a webhook is doing, in a word; a `disabled` one is inactive, by whomever."""

    HEALTHY = "healthy"
    FAILING = "failing"
    PAUSED = "paused"
    DISABLED = "disabled"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A subscriber. It gets the events that come after `active_from` in the outbox, so since about `active_since`.

    Until `previous_secret_until` requests are signed with the previous secret as well. `disabled_reason` says
    why Karla set it inactive, if it did: `gone` is an answer 410. `pending` deliveries are counted up to
    `COUNTED_AT_MOST`.
    """

    shop_id: UUID
    id: UUID
    url: str
    enabled_events: Sequence[str]
    secret: str
    previous_secret: str | None
    previous_secret_until: datetime | None
    description: str | None
    ordering: Ordering
    payload_format: PayloadFormat
    status: WebhookStatus
    disabled_reason: str | None
    active_since: datetime
    created_at: datetime
    updated_at: datetime
    lane: LaneState = LaneState()
    pending: int = 0


class WebhookMembers(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of a webhook; None is "not said"."""

    url: str | None = None
    enabled_events: Sequence[str] | None = None
    secret: str | None = None
    description: str | None = None
    ordering: Ordering | None = None
    payload_format: PayloadFormat | None = None
    status: WebhookStatus | None = None


class WebhookCreated(msgspec.Struct, frozen=True):
    """The webhook that was asked for, and whether it is new."""

    webhook: Webhook
    created: bool


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of a new secret; without one it is generated.

    The old one goes on signing for `overlap`. `force`: drop the one before it, should that still sign.
    """

    secret: str | None = None
    overlap: timedelta = timedelta(hours=24)
    force: bool = False
