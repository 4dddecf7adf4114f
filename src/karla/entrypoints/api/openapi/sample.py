"""One order of one invented shop, and what can happen to it: the examples of events and answers are made of this."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment, ShipmentEvent, TimelineEvent
from karla.domain.tenants.records import ShopRef
from karla.vocabulary.events import CATALOGUE, STATE_OF, Direction, EventKind


def id_of(name: str) -> UUID:
    """The same UUID for the same name, of the version that real ones have."""
    return UUID(bytes=hashlib.sha256(name.encode()).digest()[:16], version=4)


SHOP = ShopRef(id=id_of("shop"), slug="my-shop", organisation_id=id_of("organisation"))
PLACED = datetime(2026, 3, 12, 9, 41, 7, tzinfo=UTC)
HAPPENED = datetime(2026, 3, 14, 7, 12, tzinfo=UTC)
TOLD = HAPPENED + timedelta(seconds=38)

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

_ORDER = Order(
    shop_id=SHOP.id,
    id=id_of("order"),
    order_number="10001",
    order_name="#10001",
    external_id="ext-order-10001",
    external_customer_id="ext-customer-789",
    order_placed_at=PLACED,
    total_order_price=Decimal("59.90"),
    sub_total_price=Decimal("55.00"),
    shipping_price=Decimal("4.90"),
    discount_price=Decimal(0),
    email_id="jane@example.com",
    weight=Decimal(850),
    segments=["Shopware.tag.VIP"],
    address=dict(ADDRESS),
    products=LINES,
    order_analytics={"campaign_code": "spring"},
    created_at=PLACED,
    updated_at=PLACED,
)


def event(kind: EventKind) -> ShipmentEvent:
    """The fact that this happened to the only parcel of the order; on its way back where nobody is told otherwise."""
    back = kind.group is None and kind.return_group is not None
    numbered = not kind.draft
    shipment = Shipment(
        shop_id=SHOP.id,
        id=id_of("shipment"),
        order_id=_ORDER.id,
        position=0,
        tracking_number=TRACKING_NUMBER if numbered else None,
        external_shipment_id="ext-shipment-1" if numbered else None,
        carrier_reference="dhl" if numbered else None,
        tracking_url=f"https://tracking.example.com/{TRACKING_NUMBER}" if numbered else None,
        tracking_placed_at=PLACED + timedelta(hours=6) if numbered else None,
        direction=Direction.CUSTOMER_MERCHANT if back else Direction.MERCHANT_CUSTOMER,
        phase=kind.phase,
        state=STATE_OF[kind.phase],
        flag=kind.flag,
        event_name=kind.name,
        event_time=HAPPENED,
        created_at=PLACED,
        updated_at=TOLD,
    )
    happened = TimelineEvent(
        shipment_id=shipment.id,
        id=id_of(kind.name),
        origin="api",
        external_id="wms-event-55812",
        event_name=kind.name,
        event_time=HAPPENED,
        timezone="Europe/Berlin",
        location={"city": "Berlin", "country_code": "DE"},
        created_at=TOLD,
    )
    return ShipmentEvent(
        event_id=happened.id,
        shop_id=SHOP.id,
        kind=kind,
        shipment=shipment,
        file=OrderFile(_ORDER, (shipment,), (happened,)),
        occurred_at=HAPPENED,
    )


OUT_FOR_DELIVERY = event(CATALOGUE["OUT_FOR_DELIVERY"])


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(value))
