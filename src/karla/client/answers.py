"""What the API answers: structs that ignore members they don't know, so that a newer Karla is no fault.

Times are aware datetimes. Words that may grow in number (phases, states, statuses) are plain texts for the same reason.
"""

from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from karla.client.errors import Fault

Json: TypeAlias = dict[str, Any]


class EventStrings(msgspec.Struct, frozen=True, kw_only=True):
    """An event in words, in the language beside it."""

    event_status: str
    list_label: str
    header_headline: str
    header_title: str
    header_subtitle: str


class ShipmentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a shipment's timeline; a withdrawn one was told of another parcel and counts no more."""

    event_id: UUID
    event_key: str
    event_group: str | None
    time: datetime
    timezone: str | None
    location: Json
    additional_info: Json
    phase: str
    event_strings: EventStrings
    language: str
    origin: str
    external_id: str
    withdrawn_at: datetime | None = None


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """Who carries it, if that is known, under which number, and where to follow it."""

    tracking_number: str
    carrier_reference: str | None
    name: str | None
    tracking_url: str | None


class EstimatedArrival(msgspec.Struct, frozen=True, kw_only=True):
    """When it is expected, in words."""

    time_prediction: str
    language: str


class ExpectedDelivery(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The window in which it is expected; `confidence` (0 to 1) is that of a forecast, None where it was promised."""

    from_: datetime | None
    to: datetime | None
    confidence: float | None = None


class LastEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The event that the shipment's state follows from."""

    event_name: str
    status: str
    time: datetime | None


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel, also called a tracking; one without a number is a draft. `events` are newest first."""

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
    tracking_placed_at: datetime | None
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
    pickup: Json | None
    products: list[Json]
    events: list[ShipmentEvent]
    created_at: datetime
    updated_at: datetime


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """Who ordered; guests have no external id."""

    external_id: str | None
    email: str | None
    name: str | None
    first_name: str | None
    last_name: str | None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its shipments (`trackings`). Prices and weight (grams) are numbers always."""

    uuid: UUID
    order_number: str
    order_name: str | None
    external_id: str
    external_customer_id: str | None
    order_placed_at: datetime
    status: str
    payment_status: str
    fulfillment_status: str
    total_order_price: float
    shipping_price: float
    sub_total_price: float
    discount_price: float
    currency: str
    products: list[Json]
    discounts: list[Json]
    email_id: str | None
    customer: Customer
    address: Json
    segments: list[str]
    weight: float
    user_agent: str | None
    order_analytics: Json
    expected_number_of_shipments: int
    merchant_slug: str
    shop_slug: str
    trackings: list[Shipment]
    cancelled_at: datetime | None
    created_at: datetime
    updated_at: datetime


class TrackpageUrl(msgspec.Struct, frozen=True, kw_only=True):
    """An order's token, and the link to its page that holds it. Both are secrets: whoever has one is let in."""

    token: str
    url: str


class BulkShipment(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment of a bulk item's order, in short."""

    id: UUID
    tracking_number: str | None


class BulkError(msgspec.Struct, frozen=True, kw_only=True):
    """Why an item of a bulk call was not carried out; what `ApiError` would say of it alone."""

    key: str
    message: str
    type: str
    request_id: str
    errors: list[Fault] | None = None


class BulkResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one order: `index` counts over all that were given, `error` is None where it went well."""

    index: int
    id: str | None
    status: int
    uuid: UUID | None = None
    order_number: str | None = None
    shipments: list[BulkShipment] = []
    error: BulkError | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What Karla announced: the envelope of webhooks, of the journal and of the stream.

    `cursor` is there on events of `events.follow`: the place to go on after. `event_group` is None for what notified
    nobody; `event_id` only where a claim's webhook came without the header `webhook-id`.
    """

    source: str
    ref: str
    version: int
    triggered_at: datetime
    event_group: str | None
    event_data: Json
    context: Json
    shop_slug: str
    shop_id: UUID
    event_id: UUID | None = None
    cursor: str | None = None


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One variant of a product; `price` is gross, `translations` are by language."""

    product_id: str
    variant_id: str
    title: str
    variant_title: str | None
    price: float | None
    sku: str | None
    product_url: str | None
    image_url: str | None
    translations: dict[str, Json]
    created_at: datetime
    updated_at: datetime
