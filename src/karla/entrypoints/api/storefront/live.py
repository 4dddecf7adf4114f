"""An order as it changes, over one long answer: `text/event-stream`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.response import Stream
from msgspec import Meta

from karla.domain.shipments.queries.changes import changed_orders
from karla.domain.tenants.queries import get_shop
from karla.entrypoints.api.access import authorization
from karla.entrypoints.api.access import shopper as shopper_of_level
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.shoppers import Doorkeeper, Shopper, session_invalid
from karla.entrypoints.api.storefront.access import client_network, demand_page
from karla.entrypoints.api.times import stamp
from karla.entrypoints.api.watching import Watch, Watcher
from karla.infra.errors import Forbidden, NotFound, TooManyRequests, Unauthorised, Unavailable

TAGS = ["Storefront"]

_RETRY_MILLISECONDS = 3000


class LiveView(msgspec.Struct, kw_only=True):
    """From when on an order is followed."""

    since: (
        Annotated[datetime, Meta(tz=True, description="The `updated_at` that is known: a later one is told at once.")]
        | None
    ) = None


@get(
    "/v1/shops/{slug:str}/storefront/order/live",
    operation_id="v1StorefrontOrderLive",
    summary="Be told when an order changes",
    tags=TAGS,
    opt=shopper_of_level(),
    dependencies={"filters": from_query(LiveView)},
    media_type="text/event-stream",
)
async def follow_order(
    filters: NamedDependency[LiveView],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    shopper: NamedDependency[Shopper],
) -> Response[Any]:
    """A message `changed` whenever the order or one of its parcels changed, within about two seconds.

    Its `data` is `{"updated_at": …}`; read the order then. A comment every 15 seconds shows that the connection lives.
    It ends when the session does, and when Karla restarts: connect again with `since`. Too many streams are a 429:
    ask for the order now and then instead.
    """
    watch: Watch = services.watch
    address = client_network(request.scope)
    watch.demand_place(shopper.shop.id, shopper.order_id, address)
    now = await _changed_at(services, shopper)
    header = authorization(request.scope)

    async def may_go_on() -> bool:
        doorkeeper = Doorkeeper(services.db, services.clock, services.shopper_keys)
        try:
            await doorkeeper.shopper(await services.keyring.shop(shopper.shop.slug), header, shopper.level)
        except (Unauthorised, Forbidden, NotFound):
            return False
        except Unavailable:
            return True
        return True

    async def body() -> AsyncIterator[bytes]:
        try:
            # Of many who asked at once each found a place before any of them took it.
            watch.demand_place(shopper.shop.id, shopper.order_id, address)
        except TooManyRequests:
            return
        with watch.entered(shopper.shop.id, shopper.order_id, address, now) as watcher:
            missed = now if filters.since is not None and filters.since != now else None
            async for message in messages(watch, watcher, missed, may_go_on):
                yield message

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(body(), media_type="text/event-stream", headers=headers)


async def messages(
    watch: Watch, watcher: Watcher, missed: datetime | None, may_go_on: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """The body, until the process stops or the shopper may no longer; it begins with what was `missed`."""
    yield b"retry: %d\n\n" % _RETRY_MILLISECONDS
    if missed is not None:
        yield _message(missed)
    loop = asyncio.get_running_loop()
    asked_at = loop.time()
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(asked_at + watch.heartbeat_seconds):
                await watcher.woken.wait()
        if watch.ending():
            return
        if loop.time() - asked_at >= watch.heartbeat_seconds:
            asked_at = loop.time()
            if not await may_go_on():
                return
            yield b": heartbeat\n\n"
        if watcher.woken.is_set() and watcher.changed_at is not None:
            watcher.woken.clear()
            if not await may_go_on():
                return
            yield _message(watcher.changed_at)


async def _changed_at(services: Services, shopper: Shopper) -> datetime:
    """When the order changed last; Unauthorised when it has gone, NotFound when its shop has no page."""
    key = shopper.shop.id, shopper.order_id
    async with services.db.read(shopper.scope) as connection:
        demand_page(await get_shop(shopper.scope, connection))
        found = await changed_orders(shopper.scope, connection, {key: None})
    if key not in found:
        raise session_invalid()
    return found[key]


def _message(changed_at: datetime) -> bytes:
    return b'event: changed\ndata: {"updated_at":"%s"}\n\n' % stamp(changed_at).encode()


HANDLERS = (follow_order,)
