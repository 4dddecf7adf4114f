"""What is in each parcel of an order, as far as that is known."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.shipments.records import OrderFile, Shipment
from karla.domain.shipments.rules.fulfilment import is_line
from karla.vocabulary.events import Direction

Line = Mapping[str, Any]

_REPEATED_LINES = 2_000  # of an order within all its parcels; more would drown its answer


class Contents(msgspec.Struct, frozen=True):
    """The lines of a parcel; where they aren't `known` they are all of the order's, or none of a very long one."""

    lines: Sequence[Line]
    known: bool


def contents_of(file: OrderFile) -> dict[UUID, Contents]:
    """By parcel. What was told of a parcel is completed by the order's own lines.

    The one parcel that is still expected holds what is in no other, where that is known of all others.
    """
    lines = file.order.products.value
    told = {
        shipment.id: Contents([_completed(line, lines) for line in shipment.products], known=True)
        for shipment in file.shipments
        if shipment.products
    }
    unknown = Contents(lines if len(lines) * len(file.shipments) <= _REPEATED_LINES else (), known=False)
    found = {shipment.id: told.get(shipment.id, unknown) for shipment in file.shipments}
    expected = _only_expected(file.shipments, told)
    if expected is not None:
        rest = _rest(lines, [line for parcel in told.values() for line in parcel.lines])
        if rest:
            found[expected.id] = Contents(rest, known=True)
    return found


def _completed(line: Line, lines: Iterable[Line]) -> Line:
    own = next((one for one in lines if is_line(line, one)), {})
    return {**own, **{name: value for name, value in line.items() if value not in (None, [], "")}}


def _only_expected(shipments: Sequence[Shipment], told: Mapping[UUID, Contents]) -> Shipment | None:
    out = [shipment for shipment in shipments if shipment.direction is Direction.MERCHANT_CUSTOMER]
    untold = [shipment for shipment in out if shipment.id not in told]
    return untold[0] if len(untold) == 1 and len(out) > 1 and untold[0].draft else None


def _rest(lines: Sequence[Line], shipped: Sequence[Line]) -> list[Line]:
    """The lines less what was shipped of each; a line without a quantity is one piece."""
    left = [_pieces(line) for line in lines]
    for held in shipped:
        place = next((n for n, line in enumerate(lines) if left[n] > 0 and is_line(held, line)), None)
        if place is not None:
            left[place] -= _pieces(held)
    return [{**line, "quantity": number} for line, number in zip(lines, left, strict=True) if number > 0]


def _pieces(line: Line) -> int:
    quantity = line.get("quantity")
    return 1 if quantity is None else int(quantity)
