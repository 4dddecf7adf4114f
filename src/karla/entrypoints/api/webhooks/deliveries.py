"""What was sent to a webhook: the log, tests, and sending again."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from karla.domain.subscribers.commands import replays as commands
from karla.domain.subscribers.commands.testing import send_test
from karla.domain.subscribers.queries import deliveries as queries
from karla.domain.subscribers.queries.deliveries import DeliveryFilter
from karla.domain.subscribers.queries.replays import replays
from karla.domain.subscribers.queries.webhooks import demand_webhook
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import from_query, json_body, no_query
from karla.entrypoints.api.cursors import next_page
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.webhooks.reading import replay_body
from karla.entrypoints.api.webhooks.requests import (
    DeliveryReplay,
    DeliverySearch,
    ReplayRequest,
    ReplaySearch,
    WebhookTest,
    read_delivery_id,
    read_webhook_id,
)
from karla.entrypoints.api.webhooks.responses import (
    DeliveryDetail,
    ReplayAnswer,
    ReplayDetail,
    delivery_detail,
    replay_detail,
)
from karla.infra.paging import Cursor
from karla.vocabulary.scope import Role

TAGS = ["Webhooks"]


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
    request: Request[Any, Any, Any],
) -> Response[list[DeliveryDetail]]:
    """What was sent to a webhook, the newest first, with every attempt and its answer.

    When there are more, the header `Karla-Next-Cursor` holds the cursor of the next page and `Link` its address;
    with a cursor `page` is not looked at.
    """
    webhook_id = read_webhook_id(uuid)
    after = Cursor.read(filters.cursor) if filters.cursor else None
    wanted = DeliveryFilter(
        webhook_id=webhook_id,
        status=filters.status,
        event_id=filters.event_id,
        replay_id=filters.replay_id,
        since=filters.since,
        until=filters.until,
        after=after,
    )
    limit, offset = filters.per_page + 1, 0 if after else filters.offset
    async with services.db.read(access.scope) as connection:
        await demand_webhook(access.scope, connection, webhook_id)
        found = await queries.deliveries(access.scope, connection, wanted, limit=limit, offset=offset)
    headers: dict[str, str] = {}
    if len(found) == limit:
        found.pop()
        base = f"{services.settings.base_url}/v1/shops/{access.shop.slug}/webhooks/{webhook_id}"
        headers = next_page(request, f"{base}/deliveries", Cursor(found[-1].created_at, found[-1].id))
    now = services.clock.now()
    return Response([delivery_detail(delivery, now) for delivery in found], headers=headers)


@get(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}/deliveries/{delivery_uuid:str}",
    opt=shop_role(Role.VIEWER),
    operation_id="v1WebhooksDeliveriesGet",
    summary="Get a delivery",
    tags=TAGS,
)
async def get_delivery(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[str],
    delivery_uuid: FromPath[str],
) -> DeliveryDetail:
    """One delivery with every attempt and its answer."""
    webhook_id, delivery_id = read_webhook_id(uuid), read_delivery_id(delivery_uuid)
    async with services.db.read(access.scope) as connection:
        await demand_webhook(access.scope, connection, webhook_id)
        delivery = await queries.demand_delivery(access.scope, connection, webhook_id, delivery_id)
    return delivery_detail(delivery, services.clock.now())


@post(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}/test",
    opt=shop_role(Role.EDITOR),
    dto=json_body(WebhookTest),
    before_request=no_query,
    status_code=202,
    operation_id="v1WebhooksTest",
    summary="Send a test event to a webhook",
    tags=TAGS,
)
async def test_webhook(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[str],
    data: JSONBody[WebhookTest | None] = None,
) -> DeliveryDetail:
    """Send a made-up event to this webhook alone, whatever events it asks for.

    It takes the way of all events, signatures and retries included, and has the header `Karla-Test: true`. Without
    an `event_name` it is the ping `webhooks/test`, which has no order; with one it is that event, for a sample order
    with the number `KARLA-TEST`, or for an endpoint that doesn't exist. The answer is the delivery: ask for it again
    to see what came of it. The journal and its stream show tests with `include_test` alone.
    """
    webhook_id, event_name = read_webhook_id(uuid), data.event_name if data else None
    delivery = await services.db.write(access.scope, lambda work: send_test(work, webhook_id, event_name))
    return delivery_detail(delivery, services.clock.now())


@post(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}/deliveries/{delivery_uuid:str}/replay",
    opt=shop_role(Role.EDITOR),
    dto=json_body(DeliveryReplay),
    before_request=no_query,
    status_code=202,
    operation_id="v1WebhooksDeliveriesReplay",
    summary="Replay a delivery",
    tags=TAGS,
)
async def replay_delivery(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[str],
    delivery_uuid: FromPath[str],
    data: JSONBody[DeliveryReplay | None] = None,
) -> DeliveryDetail:
    """Send the event of a delivery again, whatever became of it: a new delivery with the same `webhook-id` and body.

    If the event is on its way to the webhook already, the answer is that delivery, and its next attempt is made now.
    """
    del data  # has no members: it is there to be refused what it was thought to have
    webhook_id, delivery_id = read_webhook_id(uuid), read_delivery_id(delivery_uuid)
    delivery = await services.db.write(
        access.scope, lambda work: commands.replay_delivery(work, webhook_id, delivery_id)
    )
    return delivery_detail(delivery, services.clock.now())


@post(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}/replay",
    opt=shop_role(Role.EDITOR),
    dto=replay_body(),
    before_request=no_query,
    status_code=202,
    operation_id="v1WebhooksReplay",
    summary="Replay events to a webhook",
    tags=TAGS,
)
async def replay_webhook(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[str],
    data: JSONBody[ReplayRequest | None] = None,
) -> Response[ReplayAnswer]:
    """Send events again: those that failed for good, unless told otherwise.

    Each becomes a new delivery with the same `webhook-id` and body. An event that is on its way to the webhook is
    left out, and one that failed and was replayed with success has not failed: the same request twice sends nothing
    twice. With the source `journal` also those are sent that the webhook never got, as it was made later or asked
    for less. A webhook with an order gets them in it, before what happens meanwhile.

    202 when deliveries were made; 200 for a dry run, or when nothing fits.
    """
    request = data or ReplayRequest()
    webhook_id, criteria, dry_run = read_webhook_id(uuid), request.told(), request.dry_run or False
    done = await services.db.write(
        access.scope, lambda work: commands.replay(work, webhook_id, criteria, dry_run=dry_run)
    )
    answer = ReplayAnswer(replay_id=done.id, deliveries=done.deliveries, more=done.more, dry_run=dry_run)
    return Response(answer, status_code=202 if done.id else 200)


@get(
    "/v1/shops/{slug:str}/webhooks/{uuid:str}/replays",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(ReplaySearch)},
    operation_id="v1WebhooksReplaysSearch",
    summary="Search a webhook's replays",
    tags=TAGS,
)
async def search_replays(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[str],
    filters: NamedDependency[ReplaySearch],
) -> list[ReplayDetail]:
    """The replays to a webhook, the newest first, and how far each has come."""
    webhook_id = read_webhook_id(uuid)
    async with services.db.read(access.scope) as connection:
        await demand_webhook(access.scope, connection, webhook_id)
        found = await replays(access.scope, connection, webhook_id, limit=filters.per_page, offset=filters.offset)
    return [replay_detail(replay) for replay in found]


HANDLERS = (
    search_deliveries,
    get_delivery,
    test_webhook,
    replay_delivery,
    replay_webhook,
    search_replays,
)
