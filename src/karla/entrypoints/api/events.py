"""Events: the journal of what was announced, as webhooks get it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from msgspec import Meta

from karla.domain.orders.queries import uuid_or_none
from karla.domain.shipments.queries.search import order_ids_by_reference, shipment_ids_by_reference
from karla.domain.subscribers import queries
from karla.domain.subscribers.queries import JournalFilter
from karla.domain.subscribers.records import JournalEntry
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import from_query
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp
from karla.infra.errors import NotFound
from karla.infra.paging import Cursor
from karla.infra.work import Connection
from karla.vocabulary.filters import canonical_filter
from karla.vocabulary.scope import Role, Scope

TAGS = ["Events"]
PAGE_BYTES = 4_000_000


class EventSearch(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """Which events; all that are given must hold."""

    ref: (
        Annotated[str, Meta(max_length=200, description="A ref, or its beginning in whole segments; `*` is any.")]
        | None
    ) = None
    group: Annotated[str, Meta(max_length=200, description="The event group.")] | None = None
    order: Annotated[str, Meta(max_length=255, description="Any reference of an order.")] | None = None
    shipment: Annotated[str, Meta(max_length=255, description="Any reference of a shipment.")] | None = None
    since: Annotated[datetime, Meta(description="Triggered at this time or later.")] | None = None
    until: Annotated[datetime, Meta(description="Triggered before this time.")] | None = None
    cursor: Annotated[str, Meta(max_length=500, description="`Karla-Next-Cursor` of the page before.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=100, description="How many a page holds, 1 to 100.")] = 30


class EventEntry(msgspec.Struct, kw_only=True):
    """One event: its id, and the members of its webhook payload."""

    event_id: UUID
    source: str
    ref: str
    version: int
    triggered_at: Timestamp
    event_group: str | None
    event_data: dict[str, Any]
    context: dict[str, Any]
    shop_slug: str
    shop_id: UUID


@get(
    "/v1/shops/{slug:str}/events",
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(EventSearch)},
    operation_id="v1EventsSearch",
    summary="Search events",
    tags=TAGS,
    responses={200: ResponseSpec(list[EventEntry], description="A page of events, the newest first")},
)
async def search_events(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    filters: NamedDependency[EventSearch],
    request: Request[Any, Any, Any],
) -> Response[bytes]:
    """What was announced, the newest first, also what notified nobody (`event_group` is null then).

    A page ends at `limit` events or about 4 MB, whichever comes first. When there are more, the header
    `Karla-Next-Cursor` holds the cursor of the next page and `Link` its address.
    """
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
        )
        page = await queries.journal(scope, connection, wanted, limit=filters.limit, max_bytes=PAGE_BYTES)
    headers: dict[str, str] = {}
    if page.more:
        last = page.entries[-1]
        cursor = str(Cursor(last.triggered_at, last.id))
        query = urlencode({**request.query_params.dict(), "cursor": cursor}, doseq=True)
        path = f"{services.settings.base_url}/v1/shops/{access.shop.slug}/events"
        headers = {"Karla-Next-Cursor": cursor, "Link": f'<{path}?{query}>; rel="next"'}
    body = b"[" + b",".join(_json(entry) for entry in page.entries) + b"]"
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
    return Response(_json(entry), media_type=MediaType.JSON)


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


def _json(entry: JournalEntry) -> bytes:
    """The stored bytes with the id before them: they are JSON already, and what subscribers got."""
    return b'{"event_id":"%s",' % str(entry.id).encode() + entry.payload[1:]


HANDLERS = (search_events, get_event)
