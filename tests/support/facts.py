"""Shipment events out of nothing, for tests of what follows from them."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment, ShipmentEvent
from karla.infra.access import scope_of
from karla.infra.db import Database
from karla.infra.ids import new_id
from karla.infra.json_text import JsonText
from karla.infra.work import Work
from karla.vocabulary.events import CATALOGUE, STATE_OF, Direction
from tests.support.clocks import NOON


def order_file(shop_id: UUID, *, parcels: int = 1, at: datetime = NOON) -> OrderFile:
    """Jane's two mugs in so many parcels."""
    order = Order(
        shop_id=shop_id,
        id=new_id(),
        order_number="10001",
        order_name="#10001",
        external_id="ext-order-456",
        external_customer_id="ext-customer-789",
        order_placed_at=at - timedelta(days=2),
        total_order_price=Decimal("59.90"),
        sub_total_price=Decimal("55.00"),
        shipping_price=Decimal("4.90"),
        email_id="jane@example.com",
        segments=["vip"],
        address={"name": "Jane Doe", "address_line_1": "Hauptstr. 1", "city": "Köln", "zip_code": "50667"},
        products=JsonText.of(
            [{"title": "Mug", "sku": "MUG-1", "quantity": 2, "price": 27.5, "images": [{"src": "https://x/mug.png"}]}]
        ),
        created_at=at,
        updated_at=at,
    )
    shipments = tuple(
        Shipment(
            shop_id=shop_id,
            id=new_id(),
            order_id=order.id,
            position=position,
            tracking_number=f"0034043416109400000{position + 1}",
            carrier_reference="dhl",
            tracking_url=f"https://tracking.example.com/{position + 1}",
            created_at=at,
            updated_at=at,
        )
        for position in range(parcels)
    )
    return OrderFile(order, shipments)


def shipment_event(
    file: OrderFile,
    name: str = "SUCCESSFULLY_DELIVERED",
    *,
    direction: Direction = Direction.MERCHANT_CUSTOMER,
    at: datetime = NOON,
) -> ShipmentEvent:
    """The event `name` at the first parcel of the order."""
    kind = CATALOGUE[name]
    shipment = msgspec.structs.replace(
        file.shipments[0],
        phase=kind.phase,
        state=STATE_OF[kind.phase],
        flag=kind.flag,
        event_name=name,
        event_time=at,
        direction=direction,
    )
    return ShipmentEvent(
        event_id=new_id(),
        shop_id=file.order.shop_id,
        kind=kind,
        shipment=shipment,
        consignment=msgspec.structs.replace(file, shipments=(shipment, *file.shipments[1:])),
        occurred_at=at,
    )


async def happen(db: Database, *events: ShipmentEvent) -> None:
    """Announce events as a command would, in one transaction."""

    async def command(work: Work) -> None:
        for event in events:
            work.emit(event)

    await db.write(scope_of(event.shop_id for event in events), command)
