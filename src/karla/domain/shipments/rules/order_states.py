"""How a whole order is, over all of its parcels, in one word for its shopper."""

from collections.abc import Sequence

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment
from karla.domain.shipments.rules.situations import Standing, on_its_way_back
from karla.vocabulary.events import Direction, Flag, Phase
from karla.vocabulary.orders import OrderState
from karla.vocabulary.parcels import Situation

# What asks for something to be done comes first, then what went wrong, then what is nearest.
_FIRST: tuple[tuple[Situation, OrderState], ...] = (
    ("waiting", "waiting"),
    ("failed", "failed"),
    ("lost", "lost"),
    ("damaged", "failed"),
    ("out_for_delivery", "out_for_delivery"),
    ("returning", "returning"),
    ("delayed", "delayed"),
)
_OF_A_RETURN: dict[Situation, OrderState] = {
    "returning": "returning",
    "returned": "returned",
    "failed": "failed",
    "damaged": "failed",
    "lost": "lost",
}
_UNSHIPPED: frozenset[Situation] = frozenset({"expected", "announced"})
_UNDER_WORK = frozenset({"ORDER_IN_PROCESSING"})


def order_state(file: OrderFile, standings: Sequence[Standing]) -> OrderState:
    """The state over all parcels, expected ones among them; `standings` are theirs, in the same order."""
    parcels = list(zip(file.shipments, (standing.situation for standing in standings), strict=True))
    out = [one for one in parcels if one[0].direction is Direction.MERCHANT_CUSTOMER and one[1] != "cancelled"]
    if not out:
        cancelled = file.order.cancelled_at is not None or bool(parcels)
        return _of_returns(parcels) or ("cancelled" if cancelled else "placed")
    found = {situation for _, situation in out}
    if found <= {"delivered", "returned"}:
        return _of_returns(parcels) or ("delivered" if "delivered" in found else "returned")
    for situation, state in _FIRST:
        if situation in found:
            return state
    if found & {"delivered", "returned"}:
        return "partially_delivered"
    if "on_the_way" in found:
        return "partially_shipped" if found & _UNSHIPPED else "on_the_way"
    return _unshipped([shipment for shipment, _ in out])


def lone_parcel(order: Order, shipments: Sequence[Shipment]) -> Shipment | None:
    """The only parcel of an order, whose own words are the better ones for the whole; None where there are several."""
    told = [shipment for shipment in shipments if shipment.direction is Direction.MERCHANT_CUSTOMER]
    returns = any(on_its_way_back(shipment) for shipment in shipments if shipment not in told)
    return told[0] if len(told) == 1 and not returns and order.expected_number_of_shipments <= 1 else None


def _of_returns(parcels: Sequence[tuple[Shipment, Situation]]) -> OrderState | None:
    """What the latest return is at, if one was handed in."""
    returns = [
        situation
        for shipment, situation in parcels
        if shipment.direction is Direction.CUSTOMER_MERCHANT and on_its_way_back(shipment)
    ]
    under_way = [situation for situation in returns if situation != "returned"]
    if under_way:
        return _OF_A_RETURN.get(under_way[-1])
    return "returned" if returns else None


def _unshipped(shipments: Sequence[Shipment]) -> OrderState:
    if any(shipment.flag is Flag.DELAY for shipment in shipments):
        return "delayed"
    begun = any(
        not shipment.draft or shipment.phase is Phase.ORDER_PROCESSED or shipment.event_name in _UNDER_WORK
        for shipment in shipments
    )
    return "preparing" if begun else "placed"
