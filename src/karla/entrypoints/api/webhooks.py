"""Webhooks: search, create, look at, change, delete, and the log of their deliveries."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.subscribers import commands, queries
from karla.domain.subscribers.queries import DeliveryFilter, WebhookFilter
from karla.domain.subscribers.records import (
    Delivery,
    DeliveryStatus,
    Webhook,
    WebhookMembers,
    WebhookStatus,
)
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import from_query, json_body
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp, stamp
from karla.infra.errors import NotFound
from karla.infra.paging import Paged
from karla.vocabulary.scope import Role

TAGS = ["Webhooks"]

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
    status: WebhookStatus | None = None


class WebhookUpdate(msgspec.Struct, kw_only=True):
    """What is absent or null stays as it is; the secret can't be changed."""

    url: Url | None = None
    enabled_events: Filters | None = None
    description: Description | None = None
    status: WebhookStatus | None = None


class WebhookDetail(msgspec.Struct, kw_only=True):
    """A webhook; `merchant_slug` is the older name of `shop_slug`. Viewers don't see the secret."""

    uuid: UUID
    url: str
    enabled_events: list[str]
    secret: str | None
    description: str | None
    status: WebhookStatus
    created_at: Timestamp
    updated_at: Timestamp
    shop_slug: str
    merchant_slug: str


class DeliverySearch(Paged, frozen=True, kw_only=True):
    """Which deliveries of the webhook."""

    status: DeliveryStatus | None = None
    event_id: UUID | None = None


class AttemptDetail(msgspec.Struct, kw_only=True):
    """One request to the webhook: its answer by `status_code`, or an `error` when there was none."""

    number: int
    started_at: Timestamp
    duration_ms: int
    status_code: int | None
    error: str | None
    response_excerpt: str | None


class DeliveryDetail(msgspec.Struct, kw_only=True):
    """One event on its way to a webhook; `next_attempt_at` while it is pending."""

    uuid: UUID
    webhook_uuid: UUID
    event_id: UUID
    ref: str
    status: DeliveryStatus
    triggered_at: Timestamp
    created_at: Timestamp
    finished_at: Timestamp | None
    next_attempt_at: Timestamp | None
    attempts: list[AttemptDetail]


@get(
    "/v1/shops/{slug:str}/webhooks",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(WebhookSearch)},
    operation_id="v1WebhooksSearch",
    summary="Search webhooks",
    tags=TAGS,
)
async def search_webhooks(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    filters: NamedDependency[WebhookSearch],
) -> list[WebhookDetail]:
    """The shop's webhooks, the newest first. The secrets are shown to editors and admins."""
    wanted = WebhookFilter(id=filters.uuid, url=filters.url, status=filters.status)
    async with services.db.read(access.scope) as connection:
        found = await queries.webhooks(access.scope, connection, wanted, limit=filters.per_page, offset=filters.offset)
    return [_detail(webhook, access) for webhook in found]


@post(
    "/v1/shops/{slug:str}/webhooks",
    opt=shop_role(Role.EDITOR),
    dto=json_body(WebhookCreate),
    operation_id="v1WebhooksCreate",
    summary="Create webhook",
    tags=TAGS,
)
async def create_webhook(
    access: NamedDependency[Access], services: NamedDependency[Services], data: JSONBody[WebhookCreate]
) -> Response[WebhookDetail]:
    """Subscribe a URL to events, if it isn't yet: events that happen from now on are sent to it.

    201 with the new webhook; 200 with the existing one, as it stands, when the shop has one with the same
    URL and events.
    """
    members = WebhookMembers(
        url=data.url,
        enabled_events=data.enabled_events,
        secret=data.secret,
        description=data.description,
        status=data.status,
    )
    allow_private = services.settings.allow_private_targets
    done = await services.db.write(
        access.scope, lambda work: commands.create_webhook(work, members, allow_private=allow_private)
    )
    return Response(_detail(done.webhook, access), status_code=201 if done.created else 200)


@get(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}",
    opt=shop_role(Role.VIEWER),
    operation_id="v1WebhooksGet",
    summary="Get webhook",
    tags=TAGS,
)
async def get_webhook(
    access: NamedDependency[Access], services: NamedDependency[Services], uuid: FromPath[str]
) -> WebhookDetail:
    """One webhook. The secret is shown to editors and admins."""
    async with services.db.read(access.scope) as connection:
        webhook = await queries.demand_webhook(access.scope, connection, _webhook_id(uuid))
    return _detail(webhook, access)


@patch(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}",
    opt=shop_role(Role.EDITOR),
    dto=json_body(WebhookUpdate),
    operation_id="v1WebhooksUpdate",
    summary="Update webhook",
    tags=TAGS,
)
async def update_webhook(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[str],
    data: JSONBody[WebhookUpdate],
) -> WebhookDetail:
    """Change the members that are given.

    Set inactive, the webhook gets nothing more, not even what is on its way to it; set active again, it gets
    what happens from then on. With other events, what is on its way and no longer asked for is cancelled. With
    another URL the same subscriber has moved: what is on its way goes there.
    """
    webhook_id = _webhook_id(uuid)
    members = WebhookMembers(
        url=data.url,
        enabled_events=data.enabled_events,
        description=data.description,
        status=data.status,
    )
    allow_private = services.settings.allow_private_targets
    webhook = await services.db.write(
        access.scope,
        lambda work: commands.update_webhook(work, webhook_id, members, allow_private=allow_private),
    )
    return _detail(webhook, access)


@delete(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}",
    opt=shop_role(Role.EDITOR),
    operation_id="v1WebhooksDelete",
    summary="Delete webhook",
    tags=TAGS,
)
async def delete_webhook(
    access: NamedDependency[Access], services: NamedDependency[Services], uuid: FromPath[str]
) -> None:
    """Delete a webhook with the log of its deliveries; what is on its way to it is dropped."""
    webhook_id = _webhook_id(uuid)
    await services.db.write(access.scope, lambda work: commands.delete_webhook(work, webhook_id))


@get(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}/deliveries",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(DeliverySearch)},
    operation_id="v1WebhooksDeliveriesSearch",
    summary="Search a webhook's deliveries",
    tags=TAGS,
)
async def search_deliveries(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[str],
    filters: NamedDependency[DeliverySearch],
) -> list[DeliveryDetail]:
    """What was sent to a webhook, the newest first, with every attempt and its answer."""
    webhook_id = _webhook_id(uuid)
    wanted = DeliveryFilter(webhook_id=webhook_id, status=filters.status, event_id=filters.event_id)
    async with services.db.read(access.scope) as connection:
        await queries.demand_webhook(access.scope, connection, webhook_id)
        found = await queries.deliveries(
            access.scope, connection, wanted, limit=filters.per_page, offset=filters.offset
        )
    return [_delivery(delivery) for delivery in found]


def _webhook_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("webhook_not_found", "The requested webhook does not exist.") from error


def _detail(webhook: Webhook, access: Access) -> WebhookDetail:
    role = access.principal.role_in(access.shop)
    return WebhookDetail(
        uuid=webhook.id,
        url=webhook.url,
        enabled_events=list(webhook.enabled_events),
        secret=webhook.secret if role and role.covers(Role.EDITOR) else None,
        description=webhook.description,
        status=webhook.status,
        created_at=stamp(webhook.created_at),
        updated_at=stamp(webhook.updated_at),
        shop_slug=access.shop.slug,
        merchant_slug=access.shop.slug,
    )


def _delivery(delivery: Delivery) -> DeliveryDetail:
    return DeliveryDetail(
        uuid=delivery.id,
        webhook_uuid=delivery.webhook_id,
        event_id=delivery.event_id,
        ref=delivery.ref,
        status=delivery.status,
        triggered_at=stamp(delivery.triggered_at),
        created_at=stamp(delivery.created_at),
        finished_at=stamp(delivery.finished_at),
        next_attempt_at=stamp(delivery.due_at) if delivery.status is DeliveryStatus.PENDING else None,
        attempts=[
            AttemptDetail(
                number=attempt.number,
                started_at=stamp(attempt.started_at),
                duration_ms=attempt.duration_ms,
                status_code=attempt.status_code,
                error=attempt.error,
                response_excerpt=attempt.response_excerpt,
            )
            for attempt in delivery.attempts
        ],
    )


HANDLERS = (
    search_webhooks,
    create_webhook,
    get_webhook,
    update_webhook,
    delete_webhook,
    search_deliveries,
)
