"""Orders and shipments are read by the place of their columns: each member has to be found at its own."""

from datetime import timedelta
from decimal import Decimal

import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.queries.search import demand_shipment
from karla.domain.shipments.records import Observed, Shipment, Tracking
from karla.vocabulary.events import Direction
from tests.support.clocks import NOON
from tests.support.karla import Karla
from tests.support.order_rooms import order_rooms

NUMBER = "00340434161094042557"


def different(record: Order | Shipment) -> bool:
    """Whether each member has a value that no other has: of two that were mixed up one would show."""
    values = [repr(getattr(record, name)) for name in record.__struct_fields__]
    return None not in msgspec.structs.astuple(record) and len(set(values)) == len(values)


async def test_every_member_of_an_order_is_read_from_its_column(karla: Karla, database_url: str) -> None:
    client = await karla.shop()
    async with order_rooms(client.shop.id, database_url) as rooms:
        said = rooms.command(
            "number",
            external_id="external",
            order_name="name",
            order_placed_at=NOON - timedelta(days=1),
            total_order_price=Decimal("1.1"),
            shipping_price=Decimal("2.2"),
            sub_total_price=Decimal("3.3"),
            discount_price=Decimal("4.4"),
            currency="SEK",
            payment_status="paid",
            email_id="a@b.example",
            external_customer_id="customer",
            user_agent="agent",
            weight=Decimal("5.5"),
            expected_number_of_shipments=3,
            segments=["segment"],
            address={"city": "Berlin"},
            products=[{"sku": "TEE"}],
            discounts=[{"code": "SPRING10"}],
        )
        made = (await rooms.one(msgspec.structs.replace(said, order_analytics={"source": "karla"}))).order
        rooms.clock.advance(timedelta(hours=1))
        async with rooms.db.read(rooms.scope) as connection:
            await connection.execute("update orders set cancelled_at = $1, updated_at = $2", NOON, rooms.clock.now())
            await connection.execute("update orders set created_at = $1", NOON - timedelta(hours=1))
        read = (await rooms.stored(made.id)).order
    assert different(read)
    assert read == msgspec.structs.replace(
        made, cancelled_at=NOON, created_at=NOON - timedelta(hours=1), updated_at=NOON + timedelta(hours=1)
    )


async def test_every_member_of_a_shipment_is_read_from_its_column(karla: Karla, database_url: str) -> None:
    client = await karla.shop()
    async with order_rooms(client.shop.id, database_url) as rooms:
        tracking = Tracking(
            tracking_number=NUMBER,
            tracking_url="https://carrier.example/1",
            tracking_placed_at=NOON - timedelta(days=1),
            carrier_reference="dhl",
            tracking_company="DHL Paket",
            external_shipment_id="external",
            direction=Direction.CUSTOMER_MERCHANT,
            products=[{"sku": "TEE", "quantity": 1}],
        )
        file = await rooms.one(rooms.command("1", "00340434161094042564", tracking))
        second = file.shipments[1]
        rooms.clock.advance(timedelta(hours=1))
        told = {
            "expected_delivery": {
                "from": (NOON + timedelta(days=1)).isoformat(),
                "to": (NOON + timedelta(days=2)).isoformat(),
                "confidence": 0.8,
            },
            "pickup_point": "Kiosk",
        }
        at = NOON - timedelta(minutes=5)
        (seen,) = await rooms.observe(rooms.seen(second.id, "ARRIVAL_AT_TRANSPORT_HUB", at, additional_info=told))
        assert isinstance(seen, Observed)
        (_, by_name) = (await rooms.stored(file.order.id)).shipments
        async with rooms.db.read(rooms.scope) as connection:
            by_place = await demand_shipment(rooms.scope, connection, NUMBER)
    assert different(by_place)
    assert by_place == by_name
