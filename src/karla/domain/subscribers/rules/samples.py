"""One order of an invented shopper, and what can happen to it: what tests of webhooks and examples are made of."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment, ShipmentEvent, TimelineEvent
from karla.domain.subscribers.records.lanes import LaneFailure, LaneState, WebhookNotice
from karla.infra.json_text import JsonText
from karla.vocabulary.events import STATE_OF, Direction, EventKind, Notice

ADDRESS = {
    "name": "Jane Doe",
    "address_line_1": "Hauptstraße 1",
    "zip_code": "10119",
    "city": "Berlin",
    "country": "Germany",
    "country_code": "DE",
}
LINES: list[dict[str, Any]] = [
    {
        "product_id": "mug",
        "variant_id": "mug-blue",
        "sku": "MUG-BLUE",
        "title": "Stoneware mug, blue",
        "quantity": 2,
        "price": 27.5,
        "images": [{"src": "https://cdn.example.com/mug-blue.jpg", "alt": "A blue mug"}],
    }
]
TRACKING_NUMBER = "00340434161094042557"

_PLACED_BEFORE = timedelta(days=2)
_TOLD_AFTER = timedelta(seconds=38)
_FAILING_FOR = timedelta(minutes=6)


def id_of(name: str) -> UUID:
    """The same UUID for the same name, of the version that real ones have."""
    return UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4)


def sample_order(shop_id: UUID, placed_at: datetime) -> Order:
    """Two blue mugs for Jane."""
    return Order(
        shop_id=shop_id,
        id=id_of("order"),
        order_number="10001",
        order_name="#10001",
        external_id="ext-order-10001",
        external_customer_id="ext-customer-789",
        order_placed_at=placed_at,
        total_order_price=Decimal("59.90"),
        sub_total_price=Decimal("55.00"),
        shipping_price=Decimal("4.90"),
        discount_price=Decimal(0),
        email_id="jane@example.com",
        weight=Decimal(850),
        segments=["Shopware.tag.VIP"],
        address=dict(ADDRESS),
        products=JsonText.of(LINES),
        order_analytics={"campaign_code": "spring"},
        created_at=placed_at,
        updated_at=placed_at,
    )


def sample_event(kind: EventKind, order: Order, happened_at: datetime, event_id: UUID | None = None) -> ShipmentEvent:
    """The fact that this happened to the only parcel of the order; on its way back where nobody is told otherwise."""
    file = sample_file(kind, order, happened_at, event_id)
    (shipment,), (happened,) = file.shipments, file.timeline
    return ShipmentEvent(
        event_id=happened.id,
        shop_id=order.shop_id,
        kind=kind,
        shipment=shipment,
        consignment=file,
        occurred_at=happened_at,
    )


def sample_file(kind: EventKind, order: Order, happened_at: datetime, event_id: UUID | None = None) -> OrderFile:
    """The order with one parcel, to which nothing but this happened so far."""
    back = kind.group is None and kind.return_group is not None
    numbered = not kind.draft
    placed_at, told_at = order.order_placed_at, happened_at + _TOLD_AFTER
    shipment = Shipment(
        shop_id=order.shop_id,
        id=id_of("shipment"),
        order_id=order.id,
        position=0,
        tracking_number=TRACKING_NUMBER if numbered else None,
        external_shipment_id="ext-shipment-1" if numbered else None,
        carrier_reference="dhl" if numbered else None,
        tracking_url=f"https://tracking.example.com/{TRACKING_NUMBER}" if numbered else None,
        tracking_placed_at=placed_at + timedelta(hours=6) if numbered else None,
        direction=Direction.CUSTOMER_MERCHANT if back else Direction.MERCHANT_CUSTOMER,
        phase=kind.phase,
        state=STATE_OF[kind.phase],
        flag=kind.flag,
        event_name=kind.name,
        event_time=happened_at,
        created_at=placed_at,
        updated_at=told_at,
    )
    happened = TimelineEvent(
        shipment_id=shipment.id,
        id=event_id or id_of(kind.name),
        origin="api",
        external_id="wms-event-55812",
        event_name=kind.name,
        event_time=happened_at,
        timezone="Europe/Berlin",
        location={"city": "Berlin", "country_code": "DE"},
        created_at=told_at,
    )
    return OrderFile(order, (shipment,), (happened,))


def trial(kind: EventKind, shop_id: UUID, event_id: UUID, now: datetime) -> ShipmentEvent:
    """The sample as an event of just now, with an order that nobody takes for one of the shop's own."""
    order = msgspec.structs.replace(
        sample_order(shop_id, now - _PLACED_BEFORE),
        order_number="KARLA-TEST",
        order_name="KARLA-TEST",
        external_id="karla-test",
        external_customer_id=None,
    )
    return sample_event(kind, order, now - _TOLD_AFTER, event_id)


def trial_notice(notice: Notice, shop_id: UUID, event_id: UUID, now: datetime) -> WebhookNotice:
    """What is told of webhooks, as an event of just now, of an endpoint that the shop hasn't got."""
    failed = notice in (Notice.FAILING, Notice.DISABLED)
    lane = LaneState(
        failures=17 if failed else 0,
        failing_since=now - _FAILING_FOR if failed else None,
        last_failure=LaneFailure(now - _TOLD_AFTER, 410 if notice is Notice.DISABLED else 503, None),
    )
    return WebhookNotice(
        event_id=event_id,
        shop_id=shop_id,
        notice=notice,
        webhook_id=id_of("webhook"),
        url="https://karla-test.example.com/hooks",
        lane=lane,
        occurred_at=now,
    )
