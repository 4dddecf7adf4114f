"""Webhooks: search, create, look at, change, delete, give another secret."""

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from karla.domain.subscribers.commands import webhooks as commands
from karla.domain.subscribers.queries import webhooks as queries
from karla.domain.subscribers.queries.webhooks import WebhookFilter
from karla.domain.subscribers.records.webhooks import Rotation, WebhookMembers, WebhookStatus
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import from_query, json_body, no_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.webhooks import deliveries
from karla.entrypoints.api.webhooks.reading import webhook_body
from karla.entrypoints.api.webhooks.requests import (
    SecretRotation,
    WebhookCreate,
    WebhookSearch,
    WebhookUpdate,
    read_webhook_id,
)
from karla.entrypoints.api.webhooks.responses import WebhookDetail, webhook_detail
from karla.vocabulary.scope import Role

TAGS = ["Webhooks"]


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
    return [webhook_detail(webhook, access, services.clock.now()) for webhook in found]


@post(
    "/v1/shops/{slug:str}/webhooks",
    opt=shop_role(Role.EDITOR),
    dto=webhook_body(WebhookCreate),
    operation_id="v1WebhooksCreate",
    summary="Create webhook",
    tags=TAGS,
)
async def create_webhook(
    access: NamedDependency[Access], services: NamedDependency[Services], data: JSONBody[WebhookCreate]
) -> Response[WebhookDetail]:
    """Subscribe a URL to events, if it isn't yet: events that happen from now on are sent to it.

    201 with the new webhook; 200 with the existing one, as it stands, when the shop has one with the same
    URL and events; 409 `webhook_exists` if the secret, the order or the format that are given are not those of that
    one. What happened before can be sent by a replay of the journal.
    """
    members = WebhookMembers(
        url=data.url,
        enabled_events=data.enabled_events,
        secret=data.secret,
        description=data.description,
        ordering=data.ordering,
        payload_format=data.payload_format,
        status=data.status,
    )
    allow_private = services.settings.allow_private_targets
    done = await services.db.write(
        access.scope, lambda work: commands.create_webhook(work, members, allow_private=allow_private)
    )
    detail = webhook_detail(done.webhook, access, services.clock.now())
    return Response(detail, status_code=201 if done.created else 200)


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
    """One webhook, and how it has been doing. The secret is shown to editors and admins."""
    async with services.db.read(access.scope) as connection:
        webhook = await queries.demand_webhook(access.scope, connection, read_webhook_id(uuid))
    return webhook_detail(webhook, access, services.clock.now())


@patch(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}",
    opt=shop_role(Role.EDITOR),
    dto=webhook_body(WebhookUpdate),
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
    what happens from then on. With other events, what is on its way and no longer asked for isn't sent, replays and
    tests aside. Either is `cancelled`, much of it in the minute after. With another URL the same subscriber has
    moved: what is on its way goes there. Another format holds for what is on its way, too; another order holds for
    what happens from then on.

    The secret is changed by rotating it: another one than the present is 422 here.
    """
    members = WebhookMembers(
        url=data.url,
        enabled_events=data.enabled_events,
        secret=data.secret,
        description=data.description,
        ordering=data.ordering,
        payload_format=data.payload_format,
        status=data.status,
    )
    allow_private, wanted = services.settings.allow_private_targets, read_webhook_id(uuid)
    if data.status is WebhookStatus.ACTIVE:
        while await services.db.write(access.scope, lambda work: commands.empty_webhook(work, wanted)):
            pass
    webhook = await services.db.write(
        access.scope, lambda work: commands.update_webhook(work, wanted, members, allow_private=allow_private)
    )
    return webhook_detail(webhook, access, services.clock.now())


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
    """Delete a webhook with the log of its deliveries; what is on its way to it is dropped.

    A log of some hundred thousand deliveries takes half a minute. Until it is gone the webhook is there, inactive, and
    a call that broke off may be repeated.
    """
    wanted = read_webhook_id(uuid)
    # In one transaction it would hold up the deliveries of every shop.
    while await services.db.write(access.scope, lambda work: commands.shorten_log(work, wanted)):
        pass
    await services.db.write(access.scope, lambda work: commands.delete_webhook(work, wanted))


@post(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}/rotate-secret",
    opt=shop_role(Role.EDITOR),
    dto=json_body(SecretRotation),
    before_request=no_query,
    status_code=200,
    operation_id="v1WebhooksRotateSecret",
    summary="Rotate a webhook's secret",
    tags=TAGS,
)
async def rotate_secret(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[str],
    data: JSONBody[SecretRotation | None] = None,
) -> WebhookDetail:
    """Sign with a new secret from now on, and with the old one as well until the overlap is over.

    During the overlap each request has a signature of both, in either scheme, the new one's first, so receivers can
    change over when it suits them. A generated secret is one of Standard Webhooks, `whsec_` and base64; for
    `Karla-Signature` it is a text like any other.

    While an overlap lasts another rotation is 409 `rotation_under_way`: it would end the older secret at once.
    `force` does that, and so does a rotation without overlap, for a secret that others have got to know.
    """
    rotation, wanted = data.told() if data else Rotation(), read_webhook_id(uuid)
    webhook = await services.db.write(access.scope, lambda work: commands.rotate_secret(work, wanted, rotation))
    return webhook_detail(webhook, access, services.clock.now())


HANDLERS = (
    search_webhooks,
    create_webhook,
    get_webhook,
    update_webhook,
    delete_webhook,
    rotate_secret,
    *deliveries.HANDLERS,
)
