"""What is in each parcel of an order, as its shopper is told."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment
from karla.domain.shipments.rules.contents import contents_of
from karla.infra.json_text import JsonText
from karla.vocabulary.events import Direction

NOW = datetime(2026, 3, 16, tzinfo=UTC)
SHIRT = {"sku": "SHIRT", "title": "Linen shirt", "quantity": 1, "images": [{"src": "https://shop.example/shirt.jpg"}]}
MUG = {"sku": "MUG", "title": "Mug", "quantity": 3}


def file(*held: list[dict[str, Any]] | None, drafts: int = 0, lines: list[dict[str, Any]] | None = None) -> OrderFile:
    placed = Order(
        shop_id=UUID(int=1),
        id=UUID(int=2),
        order_number="1",
        order_placed_at=NOW,
        products=JsonText.of([SHIRT, MUG] if lines is None else lines),
        created_at=NOW,
        updated_at=NOW,
    )
    parcels = [shipment(place, products=products, number="1Z") for place, products in enumerate(held)]
    parcels += [shipment(len(held) + place) for place in range(drafts)]
    return OrderFile(placed, tuple(parcels), ())


def shipment(place: int, products: list[dict[str, Any]] | None = None, number: str | None = None) -> Shipment:
    return Shipment(
        shop_id=UUID(int=1),
        id=UUID(int=10 + place),
        order_id=UUID(int=2),
        position=place,
        tracking_number=number,
        products=products,
        direction=Direction.MERCHANT_CUSTOMER,
        created_at=NOW,
        updated_at=NOW,
    )


def told(of: OrderFile) -> list[tuple[list[tuple[str, int]], bool]]:
    found = contents_of(of)
    return [
        ([(line["sku"], line["quantity"]) for line in found[parcel.id].lines], found[parcel.id].known)
        for parcel in of.shipments
    ]


def test_a_parcel_of_which_nothing_is_known_shows_the_whole_order() -> None:
    assert told(file(None)) == [([("SHIRT", 1), ("MUG", 3)], False)]
    assert told(file([])) == [([("SHIRT", 1), ("MUG", 3)], False)]


def test_the_parcel_that_is_still_expected_has_the_rest() -> None:
    assert told(file([{"sku": "SHIRT", "quantity": 1}, {"sku": "MUG", "quantity": 1}], drafts=1)) == [
        ([("SHIRT", 1), ("MUG", 1)], True),
        ([("MUG", 2)], True),
    ]


def test_nothing_is_guessed_where_several_parcels_are_open() -> None:
    whole = [("SHIRT", 1), ("MUG", 3)]
    assert told(file([SHIRT], drafts=2))[1:] == [(whole, False)] * 2
    assert told(file([SHIRT], None, drafts=1))[1:] == [(whole, False)] * 2
    assert told(file([SHIRT, MUG], drafts=1))[1] == (whole, False)


def test_a_line_of_a_parcel_is_completed_by_the_orders() -> None:
    parcel = file([{"sku": "SHIRT", "quantity": 1, "title": None}])
    (line,) = contents_of(parcel)[parcel.shipments[0].id].lines
    assert (line["title"], line["images"]) == (SHIRT["title"], SHIRT["images"])


def test_a_very_long_order_is_not_repeated_in_each_of_its_parcels() -> None:
    many = file(*[None] * 5, lines=[{"sku": f"S{number}", "quantity": 1} for number in range(500)])
    assert told(many) == [([], False)] * 5
