"""Events: the journal of what was announced, as webhooks get it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from karla.domain.orders.queries import uuid_or_none
from karla.domain.shipments.queries.search import order_ids_by_reference, shipment_ids_by_reference
from karla.domain.subscribers.queries import journal as queries
from karla.domain.subscribers.queries.journal import JournalFilter
from karla.domain.subscribers.rules.filters import demand_findable
from karla.entrypoints.api.access import Access, credentials, shop_role
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.cursors import next_page
from karla.entrypoints.api.events.shapes import EventEntry, EventSearch, EventStream, Sort
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.streams import Follower, entry_json, messages
from karla.infra.errors import Fault, Forbidden, Invalid, NotFound, Unauthorised, Unavailable
from karla.infra.paging import Cursor
from karla.infra.work import Connection
from karla.vocabulary.filters import canonical_filter
from karla.vocabulary.scope import Role, Scope

TAGS = ["Events"]
PAGE_BYTES = 4_000_000


@get(
    "/v1/shops/{slug:str}/events",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(EventSearch)},
    operation_id="v1EventsSearch",
    summary="Search events",
    tags=TAGS,
    responses={200: ResponseSpec(list[EventEntry], description="A page of events")},
)
async def search_events(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    filters: NamedDependency[EventSearch],
    request: Request[Any, Any, Any],
) -> Response[bytes]:
    """What was announced, also what notified nobody (`event_group` is null).

    A page ends at `per_page` events or about 4 MB, whichever comes first. When there are more, the header
    `Karla-Next-Cursor` holds the cursor of the next page and `Link` its address. To go on with what happens next,
    take the stream: what is read at the end of the journal may yet be followed by an event of an earlier time.
    """
    demand_findable(filters.ref, filters.group)
    after = Cursor.read(filters.cursor) if filters.cursor else None
    scope = access.scope
    async with services.db.read(scope) as connection:
        wanted = JournalFilter(
            ref=None if filters.ref == "*" else filters.ref,
            group=canonical_filter(filters.group) if filters.group else None,
            orders=await _meant(order_ids_by_reference, scope, connection, filters.order),
            shipments=await _meant(shipment_ids_by_reference, scope, connection, filters.shipment),
            since=filters.since,
            until=filters.until,
            after=after,
            include_test=filters.include_test,
            ascending=filters.sort is Sort.ASCENDING,
        )
        page = await queries.journal(scope, connection, wanted, limit=filters.per_page, max_bytes=PAGE_BYTES)
    headers: dict[str, str] = {}
    if page.more:
        last = page.entries[-1]
        path = f"{services.settings.base_url}/v1/shops/{access.shop.slug}/events"
        headers = next_page(request, path, Cursor(last.triggered_at, last.id))
    body = b"[" + b",".join(entry_json(entry) for entry in page.entries) + b"]"
    return Response(body, media_type=MediaType.JSON, headers=headers)


@get(
    "/v1/shops/{slug:str}/events/{event_id:str}",
    opt=shop_role(Role.VIEWER),
    operation_id="v1EventsGet",
    summary="Get an event",
    tags=TAGS,
    responses={200: ResponseSpec(EventEntry, description="The event")},
)
async def get_event(
    access: NamedDependency[Access], services: NamedDependency[Services], event_id: FromPath[str]
) -> Response[bytes]:
    """One event as it was when it happened, whatever has become of its order since."""
    async with services.db.read(access.scope) as connection:
        entry = await queries.journal_entry(access.scope, connection, _event_id(event_id))
    return Response(entry_json(entry), media_type=MediaType.JSON)


@get(
    "/v1/shops/{slug:str}/events/stream",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(EventStream)},
    operation_id="v1EventsStream",
    summary="Stream events",
    tags=TAGS,
    media_type="text/event-stream",
)
async def stream_events(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    filters: NamedDependency[EventStream],
    request: Request[Any, Any, Any],
) -> Response[Any]:
    """What happens from now on, as it happens, in one answer without end.

    Each message has the event as its `data`, in one line, the ref as its `event`, and as its `id` where to go on: sent
    back in the header `Last-Event-ID`, the stream begins after it, however long ago that was. Nothing is missed then;
    what was triggered up to 20 seconds before may come once more, so go by `event_id`. A comment every 15 seconds of
    silence shows that the connection lives.

    Events come about in the order of `triggered_at`; one whose transaction took long comes late. The stream ends when
    the key does, and when Karla restarts: connect again. A shop may have 10 streams open, more are 429.
    """
    demand_findable(filters.ref, filters.group)
    after = _last_seen(request.headers.get("last-event-id"))
    services.streams.demand_place(access.shop.id)
    wanted = JournalFilter(
        ref=None if filters.ref == "*" else filters.ref,
        group=canonical_filter(filters.group) if filters.group else None,
        include_test=filters.include_test,
    )
    follower = Follower(services.db, services.clock, access.scope, wanted)
    # Before the answer begins: who has seen its head misses nothing from then on.
    await follower.start(after)

    async def may_go_on() -> bool:
        try:
            principal = await services.keyring.principal(*credentials(request.headers.get("authorization")))
            return principal.role_in(await services.keyring.shop(access.shop.slug)) is not None
        except (Unauthorised, Forbidden, NotFound):
            return False
        except Unavailable:
            return True

    body = messages(follower, services.streams, access.shop.id, may_go_on)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(body, media_type="text/event-stream", headers=headers)


def _last_seen(header: str | None) -> Cursor | None:
    if not header:
        return None
    try:
        return Cursor.read(header)
    except Invalid as error:
        fault = Fault(("header", "Last-Event-ID"), "Must be the id of an earlier message", "cursor_invalid")
        raise Invalid("cursor_invalid", "The id of the last event is not valid.", [fault]) from error


async def _meant(
    found_by: Callable[[Scope, Connection, str], Awaitable[tuple[UUID, ...]]],
    scope: Scope,
    connection: Connection,
    reference: str | None,
) -> tuple[UUID, ...] | None:
    """What a reference may mean; an id always means itself, as the journal may outlive what it tells of."""
    if reference is None:
        return None
    itself = uuid_or_none(reference)
    return (*await found_by(scope, connection, reference), *([itself] if itself else []))


def _event_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("event_not_found", "The requested event does not exist.") from error


HANDLERS = (search_events, stream_events, get_event)
