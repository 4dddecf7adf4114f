"""Which parcel a line of an order travels in."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from karla.domain.shipments.records import Shipment
from karla.domain.shipments.rules.fulfilment import shipment_of_line
from karla.vocabulary.events import Direction, Phase

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)


def held(*lists: Sequence[dict[str, Any]] | None, direction: Direction = Direction.MERCHANT_CUSTOMER) -> list[Shipment]:
    return [
        Shipment(
            shop_id=UUID(int=1),
            id=UUID(int=position),
            order_id=UUID(int=2),
            position=position,
            tracking_number=f"N{position}",
            direction=direction,
            products=None if lines is None else list(lines),
            phase=Phase.ORDER_PROCESSED,
            created_at=NOW,
            updated_at=NOW,
        )
        for position, lines in enumerate(lists)
    ]


@pytest.mark.parametrize(
    ("line", "parcels_lines", "found"),
    [
        ({"sku": "A"}, [None], 0),
        ({"sku": "A"}, [[{"sku": "B"}], [{"sku": "A"}]], 1),
        ({"sku": "A"}, [[], None], 1),
        ({"sku": "A"}, [[]], None),
        ({"variant_id": "v", "sku": "A"}, [[{"sku": "A"}]], 0),
        ({"variant_id": "v", "sku": "A"}, [[{"variant_id": "w", "sku": "A"}]], None),
        ({"title": "Mug"}, [[{"title": "Mug", "sku": "M"}]], 0),
        ({"title": "Mug"}, [[{"sku": "Mug"}]], None),
        ({}, [[{}]], None),
        ({"sku": "A"}, [], None),
    ],
)
def test_a_line_travels_in_the_first_parcel_that_names_it(
    line: dict[str, Any], parcels_lines: list[Any], found: int | None
) -> None:
    assert shipment_of_line(line, held(*parcels_lines)) == (None if found is None else UUID(int=found))


def test_a_line_travels_in_no_draft_and_no_return() -> None:
    assert shipment_of_line({"sku": "A"}, held(None, direction=Direction.CUSTOMER_MERCHANT)) is None
    drafts = [msgspec.structs.replace(shipment, tracking_number=None) for shipment in held(None)]
    assert shipment_of_line({"sku": "A"}, drafts) is None
