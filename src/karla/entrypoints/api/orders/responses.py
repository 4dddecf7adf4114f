"""How orders look in answers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order
from karla.domain.orders.rules import customer_name
from karla.domain.shipments.records import OrderFile, Shipment
from karla.domain.shipments.rules.fulfilment import fulfilment_status, order_status, shipment_of_line
from karla.domain.tenants.records import ShopRef
from karla.entrypoints.api.faults import Error
from karla.entrypoints.api.shipments.responses import TrackingDetail, full_line, tracking_detail
from karla.entrypoints.api.times import Timestamp, stamp


class Customer(msgspec.Struct, kw_only=True):
    """Who ordered; guests have no external id."""

    external_id: str | None
    email: str | None
    name: str | None
    first_name: str | None
    last_name: str | None


class OrderDetail(msgspec.Struct, kw_only=True):
    """An order with its shipments (`trackings`). Prices and weight are numbers always, 0 where none was told."""

    uuid: UUID
    order_number: str
    order_name: str | None
    external_id: str
    external_customer_id: str | None
    order_placed_at: Timestamp
    status: str
    payment_status: str
    fulfillment_status: str
    total_order_price: float
    shipping_price: float
    sub_total_price: float
    discount_price: float
    currency: str
    products: list[dict[str, Any]]
    discounts: Sequence[dict[str, Any]]
    email_id: str | None
    customer: Customer
    address: dict[str, Any]
    segments: list[str]
    weight: float
    user_agent: str | None
    order_analytics: dict[str, Any]
    expected_number_of_shipments: int
    merchant_slug: str
    shop_slug: str
    trackings: list[TrackingDetail]
    cancelled_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class BulkShipment(msgspec.Struct):
    """A shipment of a bulk item's order, in short."""

    id: UUID
    tracking_number: str | None


class BulkResult(msgspec.Struct, kw_only=True):
    """What became of one item: `status` is the HTTP status that it would have had alone."""

    index: int
    id: str | None
    status: int
    uuid: UUID | None = None
    order_number: str | None = None
    shipments: list[BulkShipment] = []
    error: Error | None = None


def order_detail(shop: ShopRef, file: OrderFile, language: str) -> OrderDetail:
    """An order's file, its texts in `language`."""
    order = file.order
    return OrderDetail(
        uuid=order.id,
        order_number=order.order_number,
        order_name=order.order_name,
        # The generated clients need a string here, also for an order that has no such id.
        external_id=order.external_id or "",
        external_customer_id=order.external_customer_id,
        order_placed_at=stamp(order.order_placed_at),
        status=order_status(order, file.shipments),
        payment_status=order.payment_status or "unknown",
        fulfillment_status=fulfilment_status(file.shipments),
        total_order_price=_number(order.total_order_price),
        shipping_price=_number(order.shipping_price),
        sub_total_price=_number(order.sub_total_price),
        discount_price=_number(order.discount_price),
        currency=order.currency,
        products=[_line(line, file.shipments) for line in order.products.value],
        discounts=order.discounts.value,
        email_id=order.email_id,
        customer=_customer(order),
        address=order.address,
        segments=order.segments,
        weight=_number(order.weight),
        user_agent=order.user_agent,
        order_analytics=order.order_analytics,
        expected_number_of_shipments=order.expected_number_of_shipments,
        merchant_slug=shop.slug,
        shop_slug=shop.slug,
        trackings=[tracking_detail(shop, file, shipment, language) for shipment in file.shipments],
        cancelled_at=stamp(order.cancelled_at),
        created_at=stamp(order.created_at),
        updated_at=stamp(order.updated_at),
    )


def _line(line: dict[str, Any], shipments: tuple[Shipment, ...]) -> dict[str, Any]:
    found = shipment_of_line(line, shipments)
    return {**full_line(line), "shipment_id": found}


def _customer(order: Order) -> Customer:
    first, last = customer_name(order)
    return Customer(
        external_id=order.external_customer_id,
        email=order.email_id,
        name=order.address.get("name"),
        first_name=first,
        last_name=last,
    )


def _number(value: Decimal | None) -> float:
    return 0.0 if value is None else float(value)
