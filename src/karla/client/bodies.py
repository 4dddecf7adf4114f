"""What the API takes, as the keyword arguments and dictionaries of its calls.

The limits of each value are in the API reference; a body that breaks them is answered by `Invalid`, every fault named.
Times may be datetimes with a zone or texts in ISO 8601, amounts also Decimals. None is as if left out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Required, TypeAlias, TypedDict
from uuid import UUID

Time: TypeAlias = datetime | str
Amount: TypeAlias = float | Decimal
Ref: TypeAlias = str | UUID
ReferenceKind: TypeAlias = Literal["uuid", "external_id", "order_name", "order_number"]
Direction: TypeAlias = Literal["merchant_customer", "customer_merchant"]
Role: TypeAlias = Literal["viewer", "editor", "admin"]


class Address(TypedDict, total=False):
    """Where an order goes; a new order's has a `zip_code`, be it None."""

    address_line_1: str | None
    address_line_2: str | None
    city: str | None
    country: str | None
    country_code: str | None
    name: str | None
    phone: str | None
    province: str | None
    province_code: str | None
    street: str | None
    zip_code: str | None
    company: str | None


class Image(TypedDict, total=False):
    """A picture of a product."""

    src: str | None
    alt: str | None


class TaxLine(TypedDict, total=False):
    """A tax within a line's price."""

    currency: str | None
    price: Amount | None
    rate: Amount | None
    title: str | None


class BundledProduct(TypedDict, total=False):
    """A part of a bundle; `weight` is in grams."""

    title: str | None
    quantity: int | None
    price: Amount | None
    size: str | None
    images: Sequence[Image] | None
    sku: str | None
    weight: Amount | None
    tax_lines: Sequence[TaxLine] | None


class Product(BundledProduct, total=False):
    """A line of an order or of a parcel."""

    product_id: str | None
    variant_id: str | None
    shipment_id: Ref | None
    bundled_products: Sequence[BundledProduct] | None
    type: Literal["product", "bundle"] | None


class Discount(TypedDict, total=False):
    """A reduction."""

    code: Required[str]
    amount: Amount | str | None
    type: str | None


class OrderMembers(TypedDict, total=False):
    """An order; what is left out stays as it is stored."""

    order_number: Required[str]
    address: Required[Address | None]
    external_id: str | None
    order_name: str | None
    order_placed_at: Time | None
    total_order_price: Amount | None
    shipping_price: Amount | None
    sub_total_price: Amount | None
    discount_price: Amount | None
    products: Sequence[Product] | None
    discounts: Sequence[Discount] | None
    email_id: str | None
    currency: str | None
    segments: Sequence[str] | None
    weight: Amount | None
    user_agent: str | None
    order_analytics: Mapping[str, Any] | None
    expected_number_of_shipments: int | None
    external_customer_id: str | None
    payment_status: (
        Literal["pending", "authorized", "paid", "partially_paid", "partially_refunded", "refunded", "voided"] | None
    )


class Tracking(TypedDict, total=False):
    """A parcel that has a number; without products it holds the whole order."""

    tracking_number: Required[str]
    tracking_url: str | None
    tracking_placed_at: Time | None
    carrier_reference: str | None
    tracking_company: str | None
    external_shipment_id: str | None
    products: Sequence[Product] | None
    direction: Direction | None


class OrderUpsert(TypedDict, total=False):
    """An order by its reference `id`, what is said of it, and the parcels to attach."""

    id: Required[str]
    id_type: ReferenceKind | None
    order: OrderMembers | None
    trackings: Sequence[Tracking]
    order_analytics: Mapping[str, Any] | None


class OrderChanges(TypedDict, total=False):
    """Changes of an order; the address is replaced as a whole."""

    address: Address | None
    expected_number_of_shipments: int | None


class ShipmentChanges(TypedDict, total=False):
    """Changes of a parcel; an empty list of products clears them, a list replaces them."""

    tracking_url: str | None
    products: Sequence[Product] | None
    carrier_reference: str | None


Window = TypedDict("Window", {"from": Time | None, "to": Time | None}, total=False)
"""When a parcel is expected."""


class ShipmentEventMembers(TypedDict, total=False):
    """An event from a warehouse, courier or other system; the same `external_id` again is the same event."""

    event_name: Required[str]
    event_time: Required[Time]
    external_id: Required[str]
    timezone: str | None
    location: Mapping[str, Any] | None
    additional_info: Mapping[str, Any] | None
    expected_delivery: Window | None
    correction: bool | None


class WebhookMembers(TypedDict, total=False):
    """What can be said of a webhook at any time."""

    enabled_events: Sequence[str] | None
    description: str | None
    status: Literal["active", "inactive"] | None
    ordering: Literal["none", "shipment"] | None
    payload_format: Literal["karla", "cloudevents"] | None


class WebhookCreation(WebhookMembers, total=False):
    """A new webhook; the `secret` is generated if none is given."""

    url: Required[str]
    secret: str | None


class WebhookChanges(WebhookMembers, total=False):
    """Changes of a webhook."""

    url: str | None


class ReplaySelection(TypedDict, total=False):
    """Which events are sent again; `events` are filters as in `enabled_events`.

    The source `journal` also has what the webhook never got; it takes `since`.
    """

    source: Literal["deliveries", "journal"] | None
    status: Literal["failed", "delivered", "cancelled", "all"] | None
    events: Sequence[str] | None
    since: Time | None
    until: Time | None


class VariantMembers(TypedDict, total=False):
    """One variant, whole: what is left out is empty from then on."""

    title: Required[str]
    variant_title: str | None
    price: Amount | None
    sku: str | None
    product_url: str | None
    image_url: str | None
    translations: Mapping[str, Mapping[str, str]] | None


class VariantItem(VariantMembers, total=False):
    """One variant of many; a product without variants may leave out `variant_id`."""

    product_id: Required[str]
    variant_id: str | None


class ShopMembers(TypedDict, total=False):
    """What can be said of a shop at any time."""

    description: str | None
    language: Literal["en", "de", "it", "fr", "es", "nl", "dk", "pl"] | None
    shop_provider: Literal["shopware", "shopify"] | None
    shop_admin_url: str | None
    shop_faq_url: str | None
    shop_service_url: str | None
    shop_url: str | None
    logo_url: str | None
    web_tracking_enabled: bool | None
    go_live_at: Time | None


class ShopCreation(ShopMembers, total=False):
    """A new shop; `slug` stands in every path and can't be changed later."""

    name: Required[str]
    slug: Required[str]
    organization: Required[str]
    klaviyo_enabled: Required[bool]


class ShopChanges(ShopMembers, total=False):
    """Changes of a shop."""

    name: str | None
    organization: str | None
    klaviyo_enabled: bool | None


class ShopGrant(TypedDict):
    """A role in a shop; `*` is every shop of the organisation, also those that come later."""

    shop_slug: str
    role: Role


class CarrierChanges(TypedDict, total=False):
    """The carriers block in either form; `data` is that of the versioned one."""

    shipment_updates: bool | None
    version: Literal["1"] | None
    data: Mapping[str, Any] | None


class TriggerChanges(TypedDict, total=False):
    """The triggers block in either form; `data` is that of the versioned one."""

    klaviyo: bool | None
    shopify: bool | None
    version: Literal["1"] | None
    data: Mapping[str, Any] | None


class SegmentChanges(TypedDict, total=False):
    """Whose customer segments are read."""

    klaviyo: bool | None
    shopify: bool | None


class TrackpageChanges(TypedDict, total=False):
    """Free-form settings of tracking pages."""

    version: Literal["1"] | None
    data: Mapping[str, Any] | None


class SettingsMembers(TypedDict, total=False):
    """All settings of a shop, in either form."""

    carriers: Required[CarrierChanges]
    triggers: Required[TriggerChanges]
    segments: SegmentChanges | None
    trackpages: TrackpageChanges | None
