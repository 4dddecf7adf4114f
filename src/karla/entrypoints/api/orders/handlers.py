"""Orders: upsert, place, bulk, search, read, update, cancel."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.orders.queries import uuid_or_none
from karla.domain.orders.records import OrderMembers, Reference, ReferenceKind
from karla.domain.shipments.commands.changes import cancel_order, update_shipment
from karla.domain.shipments.queries.search import OrderFilter, search_orders
from karla.domain.shipments.records import OrderCommand, OrderFile
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import BULK_BYTES, from_query, json_body
from karla.entrypoints.api.orders.bulk import bulk_results, commands_of
from karla.entrypoints.api.orders.requests import (
    OrderBody,
    OrderShipmentUpdate,
    OrderUpdate,
    OrderUpsert,
    address_json,
    lines_json,
)
from karla.entrypoints.api.orders.responses import BulkResult, OrderDetail, order_detail
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.shipments.responses import TrackingDetail, tracking_detail
from karla.infra.errors import NotFound, TooManyRequests
from karla.infra.paging import Paged
from karla.vocabulary.scope import Role

TAGS = ["Orders"]


class OrderSearch(Paged, frozen=True, kw_only=True):
    """Which orders; all that are given must hold."""

    uuid: UUID | None = None
    order_number: str | None = None
    order_name: str | None = None
    external_id: str | None = None
    email_id: str | None = None
    zip_code: str | None = None
    order_placed_from: datetime | None = None
    order_placed_to: datetime | None = None
    shipment_updated_since: datetime | None = None


@put(
    "/v1/shops/{slug:str}/orders",
    operation_id="v1OrdersUpsert",
    summary="Upsert an order, optionally attach trackings",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(OrderUpsert),
)
async def upsert_order(
    data: JSONBody[OrderUpsert],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> OrderDetail:
    """Create or update an order and attach its parcels, as often as you like: the same body twice changes nothing.

    Trackings are additive: a parcel that isn't listed stays. Members that are absent or null leave what is stored.
    """
    file = await services.upserts.submit(data.command(access.shop.id))
    return order_detail(access.shop, file, language)


@post(
    "/v1/shops/{slug:str}/orders",
    operation_id="v1OrdersPlacement",
    summary="Place an order",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(OrderBody),
)
async def place_order(
    data: JSONBody[OrderBody],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> OrderDetail:
    """Create an order; 409 `order_exists` when it is known. The upsert does the same without failing on repeats."""
    file = await services.upserts.submit(data.placement(access.shop.id))
    return order_detail(access.shop, file, language)


@put(
    "/v1/shops/{slug:str}/orders/bulk",
    operation_id="v1OrdersFulfillmentBulk",
    summary="Upsert up to 500 orders",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(Annotated[list[msgspec.Raw], Meta(max_length=500)], BULK_BYTES),
)
async def upsert_orders_in_bulk(
    data: JSONBody[list[Any]],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
) -> Response[list[BulkResult]]:
    """Carry out up to 500 upserts; each item has its own result, and a bad one leaves the others whole.

    Rate limited by shop: 429 with `Retry-After`; `RateLimit-*` headers tell what is left.
    """
    allowance = services.bulk_limit.take(access.shop.id)
    if not allowance.granted:
        raise TooManyRequests(headers=allowance.headers)
    commands, refused = commands_of(data, access.shop.id)
    outcomes = await services.upserts.together(list(commands.values()))
    results = bulk_results(commands, outcomes, refused, str(request.scope.get("request_id", "")))
    return Response(results, headers=allowance.headers)


@get(
    "/v1/shops/{slug:str}/orders",
    operation_id="v1OrdersSearch",
    summary="Search orders with their trackings",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(OrderSearch)},
)
async def list_orders(
    filters: NamedDependency[OrderSearch],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> list[OrderDetail]:
    """Orders that match all filters, newest placed first; a page shorter than `per_page` is the last."""
    wanted = OrderFilter(**{name: getattr(filters, name) for name in OrderFilter.__struct_fields__})
    async with services.db.read(access.scope) as connection:
        files = await search_orders(access.scope, connection, wanted, filters)
    return [order_detail(access.shop, file, language) for file in files]


@get(
    "/v1/shops/{slug:str}/orders/{ref:str}",
    operation_id="v1OrdersGet",
    summary="Get one order by any reference",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
)
async def get_order(
    ref: FromPath[str],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> OrderDetail:
    """An order by its UUID, order number, external id, order name, or a tracking number of it."""
    file = await services.lookups.order(access.scope, ref)
    return order_detail(access.shop, file, language)


@patch(
    "/v1/shops/{slug:str}/orders/{ref:str}",
    operation_id="v1OrdersUpdate",
    summary="Update an order",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(OrderUpdate),
)
async def update_order(
    ref: FromPath[str],
    data: JSONBody[OrderUpdate],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> OrderDetail:
    """Change the address (as a whole) or the number of expected shipments; what is absent stays."""
    members = OrderMembers(
        address=address_json(data.address), expected_number_of_shipments=data.expected_number_of_shipments
    )
    reference = await _reference(ref, access, services)
    command = OrderCommand(shop_id=access.shop.id, reference=reference, members=members)
    return order_detail(access.shop, await services.upserts.submit(command), language)


@put(
    "/v1/shops/{slug:str}/orders/{ref:str}/analytics",
    operation_id="v1OrdersAnalyticsUpsert",
    summary="Upsert an order's analytics",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(dict[str, Any]),
)
async def upsert_order_analytics(
    ref: FromPath[str],
    data: JSONBody[dict[str, Any]],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
) -> dict[str, Any]:
    """Store where an order came from, beside what is known of that already. Answers all that is stored."""
    reference = await _reference(ref, access, services)
    command = OrderCommand(shop_id=access.shop.id, reference=reference, order_analytics=data)
    file: OrderFile = await services.upserts.submit(command)
    return file.order.order_analytics


@post(
    "/v1/shops/{slug:str}/orders/{ref:str}/cancel",
    operation_id="v1OrdersCancel",
    summary="Cancel an order",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    status_code=200,
)
async def cancel(
    ref: FromPath[str],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> OrderDetail:
    """Cancel an order while none of its parcels has left; 409 `order_shipped` after that. Twice is as once."""
    reference = await _reference(ref, access, services)
    file = await services.db.write(access.scope, lambda work: cancel_order(work, reference))
    return order_detail(access.shop, file, language)


@patch(
    "/v1/shops/{slug:str}/orders/{ref:str}/shipments/{shipment_id:str}",
    operation_id="v1OrdersShipmentsUpdate",
    summary="Update one shipment of an order",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(OrderShipmentUpdate),
)
async def update_order_shipment(
    ref: FromPath[str],
    shipment_id: FromPath[str],
    data: JSONBody[OrderShipmentUpdate],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> TrackingDetail:
    """Change a parcel's carrier, link or contents; an empty list of products clears them, a list replaces them.

    Another carrier starts the tracking anew: what the one before told stays on the timeline and counts no more.
    """
    data.demand_known_carrier()
    shipment_uuid = uuid_or_none(shipment_id)
    reference = await _reference(ref, access, services)
    if shipment_uuid is None:
        raise NotFound("shipment_not_found", "The requested shipment does not exist.")
    file, shipment = await services.db.write(
        access.scope,
        lambda work: update_shipment(
            work,
            reference,
            shipment_uuid,
            tracking_url=data.tracking_url or None,
            products=lines_json(data.products),
            carrier_reference=data.carrier_reference or None,
        ),
    )
    return tracking_detail(access.shop, file, shipment, language)


async def _reference(ref: str, access: Access, services: Services) -> Reference:
    """The order of a path, looked up: even a UUID may be the id that another system gave it."""
    file = await services.lookups.order(access.scope, ref)
    return Reference(ReferenceKind.UUID, str(file.order.id))


HANDLERS = (
    upsert_order,
    place_order,
    upsert_orders_in_bulk,
    list_orders,
    get_order,
    update_order,
    upsert_order_analytics,
    cancel,
    update_order_shipment,
)
