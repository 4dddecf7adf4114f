"""Shipments: search, read, their timelines, and events that a carrier does not report."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.shipments.queries.search import (
    ShipmentFilter,
    demand_shipment,
    order_ids_by_reference,
    search_shipments,
    shipment_by_any_reference,
)
from karla.domain.shipments.records import Observation
from karla.domain.shipments.rules.timelines import unknown_event
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import from_query, json_body
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.shipments.responses import (
    TrackingDetail,
    TrackingEvent,
    tracking_detail,
    tracking_event,
)
from karla.entrypoints.api.times import stamp, time_faults
from karla.infra.errors import Fault, Invalid
from karla.infra.paging import Paged
from karla.vocabulary.events import Direction, Phase
from karla.vocabulary.scope import Role

TAGS = ["Shipments"]
_FUTURE = timedelta(days=1)


class ShipmentSearch(Paged, frozen=True, kw_only=True):
    """Which shipments; all that are given must hold. `order` is any reference of an order."""

    order: str | None = None
    tracking_number: str | None = None
    carrier: str | None = None
    carrier_reference: str | None = None
    phase: Phase | None = None
    direction: Direction | None = None
    updated_since: datetime | None = None


class ExpectedWindow(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    """When the parcel is expected, as far as the event knows."""

    from_: datetime | None = None
    to: datetime | None = None


class ShipmentEventBody(msgspec.Struct, kw_only=True):
    """An event from a warehouse, courier or other system. `external_id` is your own id of it.

    `correction` says that what was known up to this time was wrong: the shipment goes to this event's phase,
    even back from a final one. `expected_delivery` becomes the shipment's; of `additional_info` do
    `pickup_point`, `pickup_point_url`, `pickup_opening_hours` and `pickup_time`: the place to collect it at.
    """

    event_name: Annotated[str, Meta(min_length=1, max_length=255)]
    event_time: datetime
    external_id: Annotated[str, Meta(min_length=1, max_length=255)]
    timezone: Annotated[str, Meta(max_length=64)] | None = None
    location: dict[str, Any] | None = None
    additional_info: dict[str, Any] | None = None
    expected_delivery: ExpectedWindow | None = None
    correction: bool | None = None

    def told(self) -> dict[str, Any] | None:
        """What is known beside name and time."""
        if self.expected_delivery is None:
            return self.additional_info
        window = {"from": stamp(self.expected_delivery.from_), "to": stamp(self.expected_delivery.to)}
        return {**(self.additional_info or {}), "expected_delivery": window}


@get(
    "/v1/shops/{slug:str}/shipments",
    operation_id="v1ShipmentsSearch",
    summary="Search shipments",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(ShipmentSearch)},
)
async def list_shipments(
    filters: NamedDependency[ShipmentSearch],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> list[TrackingDetail]:
    """Shipments that match all filters, last updated first."""
    async with services.db.read(access.scope) as connection:
        orders = await order_ids_by_reference(access.scope, connection, filters.order) if filters.order else None
        wanted = ShipmentFilter(
            orders=orders,
            tracking_number=filters.tracking_number,
            carrier_reference=(filters.carrier_reference or filters.carrier or "").lower() or None,
            phase=filters.phase,
            direction=filters.direction,
            updated_since=filters.updated_since,
        )
        found = await search_shipments(access.scope, connection, wanted, filters)
    return [tracking_detail(access.shop, file, shipment, language) for file, shipment in found]


@get(
    "/v1/shops/{slug:str}/shipments/{ref:str}",
    operation_id="v1ShipmentsGet",
    summary="Get one shipment by any reference",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
)
async def get_shipment(
    ref: FromPath[str],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> TrackingDetail:
    """A shipment by its UUID, tracking number or external id."""
    async with services.db.read(access.scope) as connection:
        file, shipment = await shipment_by_any_reference(access.scope, connection, ref)
    return tracking_detail(access.shop, file, shipment, language)


@get(
    "/v1/shops/{slug:str}/shipments/{ref:str}/events",
    operation_id="v1ShipmentEventsSearch",
    summary="Get a shipment's timeline",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
)
async def list_shipment_events(
    ref: FromPath[str],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> list[TrackingEvent]:
    """Everything that happened to the shipment, newest first."""
    async with services.db.read(access.scope) as connection:
        file, shipment = await shipment_by_any_reference(access.scope, connection, ref)
    return [tracking_event(shipment, event, language) for event in reversed(file.events_of(shipment.id))]


@post(
    "/v1/shops/{slug:str}/shipments/{ref:str}/events",
    operation_id="v1ShipmentEventsCreate",
    summary="Append an event to a shipment",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(ShipmentEventBody),
)
async def create_shipment_event(
    ref: FromPath[str],
    data: JSONBody[ShipmentEventBody],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    language: NamedDependency[str],
) -> Response[TrackingEvent]:
    """Append an event that no carrier reports; its name decides phase and group, and it goes out like any other.

    The same `external_id` again is the same event: 200 with the known one instead of 201, and nothing goes out.
    """
    _demand_sense(data, services)
    async with services.db.read(access.scope) as connection:
        shipment = await demand_shipment(access.scope, connection, ref)
    observation = Observation(
        shop_id=access.shop.id,
        shipment_id=shipment.id,
        origin="api",
        external_id=data.external_id,
        event_name=data.event_name,
        event_time=data.event_time,
        correction=data.correction or False,
        timezone=data.timezone,
        location=data.location,
        additional_info=data.told(),
        raw=msgspec.json.encode(data),
    )
    outcome = await services.observations.submit(observation)
    event = tracking_event(shipment, outcome.event, language)
    return Response(event, status_code=200 if outcome.known else 201)


def _demand_sense(data: ShipmentEventBody, services: Services) -> None:
    """Invalid for a time that can't be; it names an unknown event as well, to be all that is wrong."""
    loc = ("body", "event_time")
    window = data.expected_delivery or ExpectedWindow()
    expected = ("body", "expected_delivery")
    faults = time_faults([(loc, data.event_time), ((*expected, "from"), window.from_), ((*expected, "to"), window.to)])
    if not faults and data.event_time > services.clock.now() + _FUTURE:
        faults = [Fault(loc, "Must not lie in the future", "datetime_in_future")]
    if faults:
        raise Invalid(faults=[*unknown_event(data.event_name), *faults])


HANDLERS = (list_shipments, get_shipment, list_shipment_events, create_shipment_event)
