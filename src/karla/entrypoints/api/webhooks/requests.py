"""What callers say of webhooks, their deliveries and replays."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.replays import ReplayCriteria, ReplaySource, ReplayStatus
from karla.domain.subscribers.records.webhooks import Ordering, PayloadFormat, Rotation, WebhookStatus
from karla.infra.errors import NotFound
from karla.infra.paging import Paged

Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=65536,
        description="Where events are sent by POST: https, at a public address.",
        extra_json_schema={"format": "uri"},
    ),
]
Filters = Annotated[
    list[Annotated[str, Meta(max_length=200)]],
    Meta(
        max_length=500,
        description="`*`, refs or their beginnings (`shipments/delivered`), or names of event groups. "
        "An empty list stands for everything.",
    ),
]
Secret = Annotated[
    str, Meta(min_length=16, max_length=64, description="The key of the signatures; generated if absent.")
]
Description = Annotated[str, Meta(max_length=5000)]
Order = Annotated[
    Ordering,
    Meta(
        description="`shipment`: the events of a shipment come one after the other, and one that fails holds back "
        "those after it until it succeeds or is given up. `none`, the default: as fast as possible."
    ),
]
Format = Annotated[
    PayloadFormat,
    Meta(
        description="`karla`, the default: the envelope alone. `cloudevents`: a CloudEvent 1.0 in JSON with the "
        "envelope as its `data`."
    ),
]
Since = Annotated[datetime, Meta(description="Events that were triggered at this time or later.")]
Until = Annotated[datetime, Meta(description="Events that were triggered before this time.")]


class WebhookSearch(Paged, frozen=True, kw_only=True):
    """Every filter is exact, and all must fit."""

    uuid: UUID | None = None
    status: WebhookStatus | None = None
    url: Url | None = None


class WebhookCreate(msgspec.Struct, kw_only=True):
    """A new webhook."""

    url: Url
    enabled_events: Filters | None = None
    secret: Secret | None = None
    description: Description | None = None
    ordering: Order | None = None
    payload_format: Format | None = None
    status: WebhookStatus | None = None


class WebhookUpdate(msgspec.Struct, kw_only=True):
    """What is absent or null stays as it is; the secret is changed by rotating it."""

    url: Url | None = None
    enabled_events: Filters | None = None
    secret: Annotated[str, Meta(description="The present one. Another is 422: `rotate-secret` changes it.")] | None = (
        None
    )
    description: Description | None = None
    ordering: Order | None = None
    payload_format: Format | None = None
    status: WebhookStatus | None = None


class SecretRotation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How to rotate."""

    overlap_hours: (
        Annotated[int, Meta(ge=0, le=168, description="How long the old secret signs as well. Default 24.")] | None
    ) = None
    secret: Secret | None = None
    force: (
        Annotated[bool, Meta(description="Rotate though an earlier rotation lasts: its old secret ends at once.")]
        | None
    ) = None

    def told(self) -> Rotation:
        """The same for the command."""
        overlap = Rotation().overlap if self.overlap_hours is None else timedelta(hours=self.overlap_hours)
        return Rotation(secret=self.secret, overlap=overlap, force=self.force or False)


class WebhookTest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to send."""

    event_name: (
        Annotated[
            str,
            Meta(
                max_length=200,
                description="An event of the catalogue, such as `OUT_FOR_DELIVERY`, or what is told of webhooks: "
                "`webhooks/failing`, `webhooks/recovered`, `webhooks/disabled`. Default: the ping `webhooks/test`.",
            ),
        ]
        | None
    ) = None


class ReplayRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which events to send again; all that is given must hold."""

    source: (
        Annotated[
            ReplaySource,
            Meta(
                description="`deliveries`, the default: what was on its way to the webhook before. `journal`: all that "
                "was announced, also before there was the webhook; takes `since`."
            ),
        ]
        | None
    ) = None
    status: (
        Annotated[
            ReplayStatus,
            Meta(
                description="What became of the event here at last; default `failed`. Of the journal that is all that "
                "was not delivered, and `all` is the only other choice."
            ),
        ]
        | None
    ) = None
    events: (
        Annotated[
            list[Annotated[str, Meta(max_length=200)]],
            Meta(max_length=500, description="Filters as in `enabled_events`. Default, of the journal: those."),
        ]
        | None
    ) = None
    since: Since | None = None
    until: Until | None = None
    dry_run: Annotated[bool, Meta(description="Only count what would be sent.")] | None = None

    def told(self) -> ReplayCriteria:
        """The same for the command."""
        default = ReplayCriteria()
        return ReplayCriteria(
            source=self.source or default.source,
            status=self.status or default.status,
            events=self.events or None,
            since=self.since,
            until=self.until,
        )


class DeliveryReplay(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Nothing: the path says which event is sent again."""


class DeliverySearch(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries of the webhook; all that are given must hold."""

    status: DeliveryStatus | None = None
    event_id: UUID | None = None
    replay_id: Annotated[UUID, Meta(description="Those of this replay.")] | None = None
    since: Since | None = None
    until: Until | None = None
    cursor: (
        Annotated[str, Meta(max_length=500, description="`Karla-Next-Cursor` of the page before; in place of `page`.")]
        | None
    ) = None


class ReplaySearch(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page."""


def read_webhook_id(text: str) -> UUID:
    """The id of a webhook in a path; NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("webhook_not_found", "The requested webhook does not exist.") from error


def read_delivery_id(text: str) -> UUID:
    """The id of a delivery in a path; NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("delivery_not_found", "The requested delivery does not exist.") from error
