"""What callers send of orders, and how it becomes commands."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from karla.domain.orders.records import OrderMembers, OrderNames, Reference, ReferenceKind
from karla.domain.shipments.records import OrderCommand, Tracking
from karla.domain.shipments.rules.carriers import unknown_carriers
from karla.entrypoints.api.times import time_faults
from karla.infra.errors import Fault, Loc
from karla.infra.json_text import JsonText
from karla.infra.validation import invalid
from karla.vocabulary.events import Direction

Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
Text = Annotated[str, Meta(max_length=255)]
LongText = Annotated[str, Meta(max_length=2048)]
Link = Annotated[str, Meta(max_length=2048, pattern=r"^$|^[Hh][Tt][Tt][Pp][Ss]?://")]
Price = Annotated[float, Meta(ge=-1e12, le=1e12)]
Grams = Annotated[float, Meta(ge=0, le=1e12)]
Lines = Annotated[list["Product"], Meta(max_length=500)]


class Address(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Where an order goes."""

    address_line_1: Text | None = None
    address_line_2: Text | None = None
    city: Text | None = None
    country: Text | None = None
    country_code: Annotated[str, Meta(max_length=3, description="ISO 3166-1 alpha-2")] | None = None
    name: Text | None = None
    phone: Text | None = None
    province: Text | None = None
    province_code: Text | None = None
    street: LongText | None = None
    zip_code: Annotated[str, Meta(max_length=32)] | None = None
    company: Text | None = None


class DeliveryAddress(Address, omit_defaults=True, kw_only=True):
    """Where a new order goes: the ZIP code has to be named, even where a country knows none (null then)."""

    zip_code: Annotated[str, Meta(max_length=32)] | None


class Image(msgspec.Struct, omit_defaults=True):
    """A picture of a product."""

    src: LongText | None = None
    alt: LongText | None = None


class TaxLine(msgspec.Struct, omit_defaults=True):
    """A tax within a line's price."""

    currency: Annotated[str, Meta(max_length=3)] | None = None
    price: Price | None = None
    rate: Price | None = None
    title: Text | None = None


class BundledProduct(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A part of a bundle."""

    title: LongText | None = None
    quantity: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    price: Price | None = None
    size: Text | None = None
    images: Annotated[list[Image], Meta(max_length=50)] | None = None
    sku: Text | None = None
    weight: Grams | None = None
    tax_lines: Annotated[list[TaxLine], Meta(max_length=50)] | None = None


class Product(BundledProduct, omit_defaults=True, kw_only=True):
    """A line of an order or of a parcel; `product_id` and `variant_id` join the products API."""

    product_id: Text | None = None
    variant_id: Text | None = None
    shipment_id: UUID | None = None
    bundled_products: Annotated[list[BundledProduct], Meta(max_length=200)] | None = None
    type: Literal["product", "bundle"] | None = None


class Discount(msgspec.Struct, omit_defaults=True):
    """A reduction: the amount as number or as text, as shops write it."""

    code: Text
    amount: Price | Annotated[str, Meta(max_length=32)] | None = None
    type: Text | None = None


PaymentStatus = Literal["pending", "authorized", "paid", "partially_paid", "partially_refunded", "refunded", "voided"]


class OrderBody(msgspec.Struct, kw_only=True):
    """An order; members that are absent or null leave what is stored."""

    order_number: Name
    address: DeliveryAddress | None
    external_id: Text | None = None
    order_name: Text | None = None
    order_placed_at: datetime | None = None
    total_order_price: Price | None = None
    shipping_price: Price | None = None
    sub_total_price: Price | None = None
    discount_price: Price | None = None
    products: Lines | None = None
    discounts: Annotated[list[Discount], Meta(max_length=200)] | None = None
    email_id: Annotated[str, Meta(max_length=320)] | None = None
    currency: Annotated[str, Meta(pattern="^[A-Za-z]{3}$", description="ISO 4217")] | None = None
    segments: Annotated[list[Text], Meta(max_length=500)] | None = None
    weight: Grams | None = None
    user_agent: LongText | None = None
    order_analytics: dict[str, Any] | None = None
    expected_number_of_shipments: Annotated[int, Meta(ge=0, le=100)] | None = None
    external_customer_id: Text | None = None
    payment_status: PaymentStatus | None = None

    def placement(self, shop_id: UUID) -> OrderCommand:
        """The command that creates it; Invalid where the time is none that an order can have."""
        _refuse(time_faults([(("body", "order_placed_at"), self.order_placed_at)]))
        return OrderCommand(
            shop_id=shop_id,
            reference=Reference(ReferenceKind.ORDER_NUMBER, self.order_number),
            names=self.names(),
            members=self.members(),
            order_analytics=self.order_analytics,
            create_only=True,
        )

    def names(self) -> OrderNames:
        """What the order is called."""
        return OrderNames(self.order_number, self.external_id or None, self.order_name or None)

    def members(self) -> OrderMembers:
        """What the domain is told."""
        return OrderMembers(
            order_number=self.order_number,
            external_id=self.external_id or None,
            order_name=self.order_name or None,
            order_placed_at=self.order_placed_at,
            total_order_price=decimal(self.total_order_price),
            shipping_price=decimal(self.shipping_price),
            sub_total_price=decimal(self.sub_total_price),
            discount_price=decimal(self.discount_price),
            currency=self.currency and self.currency.upper(),
            payment_status=self.payment_status,
            email_id=self.email_id or None,
            external_customer_id=self.external_customer_id or None,
            user_agent=self.user_agent or None,
            weight=decimal(self.weight),
            expected_number_of_shipments=self.expected_number_of_shipments,
            segments=self.segments,
            address=address_json(self.address),
            products=None if self.products is None else JsonText.of(_shown(self.products)),
            discounts=None if self.discounts is None else JsonText.of(self.discounts),
        )


class TrackingBody(msgspec.Struct, kw_only=True):
    """A parcel that has a number. Without products it holds the whole order."""

    tracking_number: Name
    tracking_url: Link | None = None
    tracking_placed_at: datetime | None = None
    carrier_reference: Text | None = None
    tracking_company: Text | None = None
    external_shipment_id: Text | None = None
    products: Lines | None = None
    direction: Direction | None = None

    def tracking(self) -> Tracking:
        """What the domain is told."""
        return Tracking(
            tracking_number=self.tracking_number.strip(),
            tracking_url=self.tracking_url or None,
            tracking_placed_at=self.tracking_placed_at,
            carrier_reference=self.carrier_reference or None,
            tracking_company=self.tracking_company or None,
            external_shipment_id=self.external_shipment_id or None,
            direction=self.direction,
            products=lines_json(self.products),
        )


class OrderUpsert(msgspec.Struct, kw_only=True):
    """Create or update an order and attach its trackings. Without `order` it must exist."""

    id: Name
    trackings: Annotated[list[TrackingBody], Meta(max_length=100)]
    id_type: ReferenceKind | None = None
    order: OrderBody | None = None
    order_analytics: dict[str, Any] | None = None

    def command(self, shop_id: UUID, loc: Loc = ("body",), hinted: set[str] | None = None) -> OrderCommand:
        """The command; Invalid where a time is none that an order can have, or a carrier is unknown.

        `hinted` is one set for all orders of a request (see `unknown_carriers`).
        """
        trackings = [((*loc, "trackings", place), tracking) for place, tracking in enumerate(self.trackings)]
        placed_at = self.order.order_placed_at if self.order else None
        _refuse(
            [
                *time_faults([((*loc, "order", "order_placed_at"), placed_at)]),
                *time_faults(((*at, "tracking_placed_at"), tracking.tracking_placed_at) for at, tracking in trackings),
                *unknown_carriers(
                    (((*at, "carrier_reference"), tracking.carrier_reference) for at, tracking in trackings),
                    set() if hinted is None else hinted,
                ),
            ]
        )
        inside = self.order.order_analytics if self.order else None
        return OrderCommand(
            shop_id=shop_id,
            reference=Reference(self.id_type or ReferenceKind.ORDER_NUMBER, self.id),
            names=self.order.names() if self.order else OrderNames(),
            members=self.order.members() if self.order else None,
            trackings=[tracking.tracking() for tracking in self.trackings],
            order_analytics=self.order_analytics or inside,
        )


class OrderUpdate(msgspec.Struct, kw_only=True):
    """Change an order; what is absent or null stays."""

    address: Address | None = None
    expected_number_of_shipments: Annotated[int, Meta(ge=0, le=100)] | None = None


class OrderShipmentUpdate(msgspec.Struct, kw_only=True):
    """Change a parcel: absent leaves; an empty list of products clears, a list replaces.

    Another carrier starts the tracking anew, is told by `shipment_carrier_changed`, and is what parcels of this shop
    with such numbers get from now on that come without a `carrier_reference`.
    """

    tracking_url: Link | None = None
    products: Lines | None = None
    carrier_reference: Text | None = None

    def demand_known_carrier(self) -> None:
        """Invalid, with the nearest that there are, for a carrier that isn't in the catalogue."""
        _refuse(unknown_carriers([(("body", "carrier_reference"), self.carrier_reference)], set()))


def decimal(number: float | None) -> Decimal | None:
    """Money and weight as they are stored: the number that was written, not its binary neighbour."""
    return None if number is None else Decimal(repr(number))


def address_json(address: Address | None) -> dict[str, Any] | None:
    """The address as stored: without members that say nothing; None where none says anything."""
    if address is None:
        return None
    told: dict[str, Any] = msgspec.to_builtins(address)
    return {name: value for name, value in told.items() if value} or None


def lines_json(products: list[Product] | None) -> list[dict[str, Any]] | None:
    """The lines of a parcel as stored: without members that say nothing."""
    return None if products is None else msgspec.to_builtins(_shown(products))


def _shown(products: list[Product]) -> list[Product]:
    """The lines without images that are nowhere."""
    for product in products:
        for part in (product, *(product.bundled_products or ())):
            if part.images:
                part.images = [image for image in part.images if image.src]
    return products


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise invalid(faults)
