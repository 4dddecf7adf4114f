"""How shipments and their timelines look in answers."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.shipments.records import OrderFile, Shipment, TimelineEvent
from karla.domain.tenants.records import ShopRef
from karla.entrypoints.api.times import Timestamp, stamp
from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.events import CATALOGUE, texts
from karla.vocabulary.locale import wire_code

_PART: dict[str, Any] = {
    "title": None,
    "quantity": 0,
    "price": 0,
    "size": None,
    "sku": None,
    "weight": 0,
    "images": [],
    "tax_lines": [],
}
_LINE: dict[str, Any] = {**_PART, "bundled_products": [], "type": "product", "product_id": None, "variant_id": None}
_REPEATED_LINES = 2_000  # of an order within all its shipments; more would drown its answer
_TAX: dict[str, Any] = {"price": 0, "rate": 0}


class EventStrings(msgspec.Struct, frozen=True):
    """An event in words, in the language beside it."""

    event_status: str
    list_label: str
    header_headline: str
    header_title: str
    header_subtitle: str


class TrackingEvent(msgspec.Struct, kw_only=True):
    """One entry of a shipment's timeline; a withdrawn one was told of another parcel and counts no more."""

    event_id: UUID
    event_key: str
    event_group: str | None
    time: Timestamp
    timezone: str | None
    location: dict[str, Any]
    additional_info: dict[str, Any]
    phase: str
    event_strings: EventStrings
    language: str
    origin: str
    external_id: str
    withdrawn_at: Timestamp | None


class Carrier(msgspec.Struct, kw_only=True):
    """Who carries it, if that is known, under which number, and where to follow it."""

    tracking_number: str
    carrier_reference: str | None
    name: str | None
    tracking_url: str | None


class EstimatedArrival(msgspec.Struct):
    """When it is expected, in words."""

    time_prediction: str
    language: str


class ExpectedDelivery(msgspec.Struct, rename={"from_": "from"}):
    """The window in which it is expected.

    `confidence` is how likely it arrives within, 0 to 1, where Karla made a forecast; null where it was promised.
    """

    from_: Timestamp | None
    to: Timestamp | None
    confidence: float | None


class LastEvent(msgspec.Struct):
    """The event that the shipment's state follows from."""

    event_name: str
    status: str
    time: Timestamp | None


class TrackingDetail(msgspec.Struct, kw_only=True):
    """A shipment; also called a tracking. `events` are newest first; a draft has no carrier.

    `products` empty means the whole order. A parcel that has a number, and whose products were not told, shows
    the order's lines, as long as the order's lines times its shipments are 2,000 at most.
    """

    id: UUID
    merchant_id: UUID
    merchant_slug: str
    shop_slug: str
    order_id: UUID
    order_number: str
    tracking_number: str | None
    external_shipment_id: str | None
    carrier_reference: str | None
    tracking_url: str | None
    tracking_placed_at: Timestamp | None
    draft: bool
    direction: str
    phase: str
    status: str
    state: str
    flag: str
    carrier: Carrier | None
    last_event: LastEvent | None
    estimated_arrival: EstimatedArrival | None
    expected_delivery: ExpectedDelivery | None
    pickup: dict[str, Any] | None
    products: list[dict[str, Any]]
    events: list[TrackingEvent]
    created_at: Timestamp
    updated_at: Timestamp


def tracking_detail(shop: ShopRef, file: OrderFile, shipment: Shipment, language: str) -> TrackingDetail:
    """One shipment of an order's file, its texts in `language`."""
    return TrackingDetail(
        id=shipment.id,
        merchant_id=shipment.shop_id,
        merchant_slug=shop.slug,
        shop_slug=shop.slug,
        order_id=shipment.order_id,
        order_number=file.order.order_number,
        tracking_number=shipment.tracking_number,
        external_shipment_id=shipment.external_shipment_id,
        carrier_reference=shipment.carrier_reference,
        tracking_url=shipment.tracking_url,
        tracking_placed_at=stamp(shipment.tracking_placed_at),
        draft=shipment.draft,
        direction=shipment.direction,
        phase=shipment.phase,
        status=shipment.phase,
        state=shipment.state,
        flag=shipment.flag,
        carrier=_carrier(shipment),
        last_event=_last_event(shipment, language),
        estimated_arrival=_arrival(shipment, language),
        expected_delivery=_expected(shipment),
        pickup=shipment.pickup,
        products=[full_line(product) for product in _products(file, shipment)],
        events=[tracking_event(shipment, event, language) for event in reversed(file.events_of(shipment.id))],
        created_at=stamp(shipment.created_at),
        updated_at=stamp(shipment.updated_at),
    )


def tracking_event(shipment: Shipment, event: TimelineEvent, language: str) -> TrackingEvent:
    """One timeline entry, its texts in `language`."""
    kind = CATALOGUE[event.event_name]
    return TrackingEvent(
        event_id=event.id,
        event_key=event.event_name,
        event_group=kind.group_for(shipment.direction),
        time=stamp(event.event_time),
        timezone=event.timezone,
        location=event.location or {},
        additional_info=event.additional_info or {},
        phase=kind.phase,
        event_strings=_strings(event.event_name, language),
        language=wire_code(language),
        origin=event.origin,
        external_id=event.external_id,
        withdrawn_at=stamp(event.withdrawn_at),
    )


@lru_cache(maxsize=10_000)
def _strings(event_name: str, language: str) -> EventStrings:
    words = texts(event_name, language)
    return EventStrings(
        event_status=words.status,
        list_label=words.status,
        header_headline=words.headline,
        header_title=words.title,
        header_subtitle=words.subtitle,
    )


def full_line(line: dict[str, Any]) -> dict[str, Any]:
    """A line with every member that clients count on: numbers are numbers, lists are lists."""
    full = {**_LINE, **line}
    if full["tax_lines"]:
        full["tax_lines"] = _taxes(full)
    if full["bundled_products"]:
        full["bundled_products"] = [{**_PART, **part, "tax_lines": _taxes(part)} for part in full["bundled_products"]]
    return full


def _products(file: OrderFile, shipment: Shipment) -> Sequence[dict[str, Any]]:
    if shipment.products is not None:
        return shipment.products
    lines = file.order.products.value
    return () if shipment.draft or len(lines) * len(file.shipments) > _REPEATED_LINES else lines


def _taxes(line: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**_TAX, **tax} for tax in line.get("tax_lines", ())]


def _carrier(shipment: Shipment) -> Carrier | None:
    if shipment.tracking_number is None:
        return None
    known = CARRIERS.get(shipment.carrier_reference or "")
    return Carrier(
        tracking_number=shipment.tracking_number,
        carrier_reference=shipment.carrier_reference,
        name=known.name if known else shipment.tracking_company,
        tracking_url=shipment.tracking_url,
    )


def _last_event(shipment: Shipment, language: str) -> LastEvent | None:
    if shipment.event_name is None:
        return None
    return LastEvent(shipment.event_name, texts(shipment.event_name, language).status, stamp(shipment.event_time))


def _expected(shipment: Shipment) -> ExpectedDelivery | None:
    if shipment.expected_from is None and shipment.expected_to is None:
        return None
    return ExpectedDelivery(stamp(shipment.expected_from), stamp(shipment.expected_to), shipment.expected_confidence)


def _arrival(shipment: Shipment, language: str) -> EstimatedArrival | None:
    days = [moment.date().isoformat() for moment in (shipment.expected_from, shipment.expected_to) if moment]
    if not days:
        return None
    return EstimatedArrival(" – ".join(dict.fromkeys(days)), wire_code(language))
