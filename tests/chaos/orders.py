"""What a shop does to its orders, drawn by chance, and what must have become of them: the model."""

import itertools
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tests.chaos.caller import Answer, Call

# From the catalogue, written down once more. A parcel's carrier goes one of these ways, each name once.
ROUTES = (
    ("PICKED_UP_BY_CARRIER", "DEPARTURE_FROM_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED"),
    ("ORDER_PICKED", "ACCEPTED_BY_CARRIER", "SORTED_AT_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "DELIVERED_TO_NEIGHBOUR"),
    ("DEPARTURE_FROM_TRANSPORT_HUB", "DELIVERY_ATTEMPTED", "READY_FOR_COLLECTION_AT_PARCEL_SHOP"),
    ("ORDER_PICKED", "DELAYED_BY_CARRIER", "ARRIVAL_AT_DELIVERY_DEPOT", "OUT_FOR_DELIVERY", "DELIVERED_TO_LETTERBOX"),
)
PHASE_OF = {
    "ORDER_CREATED": "order_created",
    "ORDER_ADDRESS_UPDATED": "order_created",
    "ORDER_CANCELLED": "order_created",
    "SHIPPING_LABEL_CREATED": "order_processed",
    "ORDER_PICKED": "order_processed",
    "PICKED_UP_BY_CARRIER": "order_processed",
    "DEPARTURE_FROM_TRANSPORT_HUB": "in_transit",
    "ACCEPTED_BY_CARRIER": "in_transit",
    "SORTED_AT_TRANSPORT_HUB": "in_transit",
    "DELAYED_BY_CARRIER": "in_transit",
    "ARRIVAL_AT_DELIVERY_DEPOT": "in_transit",
    "OUT_FOR_DELIVERY": "in_delivery",
    "DELIVERY_ATTEMPTED": "in_delivery",
    "READY_FOR_COLLECTION_AT_PARCEL_SHOP": "collect",
    "DELIVERED_TO_NEIGHBOUR": "delivered",
    "DELIVERED_TO_LETTERBOX": "delivered",
    "SUCCESSFULLY_DELIVERED": "delivered",
}
SILENT = frozenset({"ORDER_PICKED"})
"""Events without a group: they stand in the journal, and notify nobody."""

_AT_THE_MERCHANT = ("order_created", "order_processed")


class Parcel(msgspec.Struct):
    """A parcel as it must be; `timeline` has its events in the order in which they happened."""

    timeline: list[str]
    number: str | None = None
    route: Sequence[str] = ()

    @property
    def phase(self) -> str:
        """Where it is. What the order itself tells moves no parcel that has a label."""
        phases = [PHASE_OF[name] for name in self.timeline]
        return next((phase for phase in reversed(phases) if phase != "order_created"), "order_created")

    @property
    def moves_on(self) -> bool:
        """Whether its carrier has more to tell."""
        return self.number is not None and len(self.scans) < len(self.route)

    @property
    def scans(self) -> list[str]:
        """What its carrier has told."""
        return [name for name in self.timeline if name in self.route]


class Order(msgspec.Struct):
    """An order as it must be."""

    number: str
    placed_at: datetime
    zip_code: str
    parcels: list[Parcel]
    cancelled: bool = False
    readdressed: bool = False
    refused_to_cancel: bool = False
    body: Any = None

    @property
    def at_the_merchant(self) -> bool:
        """No parcel has left."""
        return all(parcel.phase in _AT_THE_MERCHANT for parcel in self.parcels)

    @property
    def status(self) -> str:
        """How far it is fulfilled."""
        if self.cancelled:
            return "cancelled"
        numbered = [parcel for parcel in self.parcels if parcel.number]
        if not numbered:
            return "placed"
        return "fulfilled" if len(numbered) == len(self.parcels) else "partially_fulfilled"


class Move(NamedTuple):
    """A call, the orders that it is about, and what has happened once it is carried out.

    With a `refusal` it is to be refused with that key, and nothing has happened.
    """

    call: Call
    orders: Sequence[Order]
    happened: Callable[[], None]
    refusal: str | None = None

    def settle(self, answer: Answer) -> str | None:
        """Bring the model up to date; what is wrong with the answer, if something is."""
        if answer.error == self.refusal is not None:
            self.happened()
            return None
        refused = self.refusal or not answer.done
        if not refused and isinstance(answer.body, list):
            refused = any(item["status"] != 200 for item in answer.body)
        if refused:
            return f"{self.call.method} {self.call.path} ({self.call.body}): {answer.status} {answer.body}"
        self.happened()
        return None


class Shop:
    """Draws orders, whose numbers begin with `prefix`, and what is done to them."""

    def __init__(self, chance: random.Random, prefix: str = "K") -> None:
        self.orders: list[Order] = []
        self._chance = chance
        self._prefix = prefix
        self._begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
        self._numbers = itertools.count(1)

    @property
    def notifications(self) -> int:
        """How many events a webhook gets that asks for all."""
        names = (name for order in self.orders for parcel in order.parcels for name in parcel.timeline)
        return sum(1 for name in names if name not in SILENT)

    def new(self, bulk: int) -> Move:
        """One new order by an upsert or a placement, or up to `bulk` of them in one call."""
        kind = self._chance.choice(("put", "put", "post", "bulk"))
        orders = [self._order() for _ in range(self._chance.randint(2, bulk) if kind == "bulk" else 1)]
        call = {"put": self._upsert, "post": self._placement, "bulk": self._bulk}[kind](orders)
        return Move(call, orders, lambda: self.orders.extend(orders))

    def next(self, order: Order) -> Move | None:
        """Something that may be done to an order now; None when its life is over."""
        possible: list[Callable[[Order], Move]] = []
        if order.cancelled:
            return None
        if any(parcel.number is None for parcel in order.parcels):
            possible += [self._attach] * 3
        if any(parcel.moves_on for parcel in order.parcels):
            possible += [self._scan] * 4
        if not possible:
            return None
        if order.at_the_merchant:
            possible += [self._cancel] + [self._readdress] * (not order.readdressed)
        elif not order.refused_to_cancel:
            possible.append(self._cancel_in_vain)
        if order.body and not order.readdressed:
            possible.append(self._repeat)
        return self._chance.choice(possible)(order)

    def _order(self) -> Order:
        count = next(self._numbers)
        number, expected = f"{self._prefix}{count:06}", self._chance.choice((1, 1, 1, 2))
        parcels = [Parcel(["ORDER_CREATED"]) for _ in range(expected)]
        order = Order(number, self._begin + timedelta(seconds=count), f"{10000 + count % 80000}", parcels)
        order.body = {
            "order_number": number,
            "external_id": f"ext-{number}",
            "order_placed_at": order.placed_at.isoformat(),
            "address": {"name": "Jane Doe", "city": "Köln", "zip_code": order.zip_code},
            "email_id": f"jane{count}@example.com",
            "expected_number_of_shipments": expected,
            "total_order_price": 59.9,
            "products": [{"title": "Mug", "sku": "MUG-1", "quantity": 2, "price": 27.5}],
        }
        return order

    def _upsert(self, orders: Sequence[Order]) -> Call:
        return Call(method="PUT", path="/orders", body=self._item(orders[0]))

    def _bulk(self, orders: Sequence[Order]) -> Call:
        return Call(method="PUT", path="/orders/bulk", body=[self._item(order) for order in orders])

    def _placement(self, orders: Sequence[Order]) -> Call:
        return Call(method="POST", path="/orders", body=orders[0].body, key=self._key())

    def _item(self, order: Order) -> dict[str, Any]:
        """An upsert of a new order, some with their first parcel."""
        trackings = []
        if self._chance.random() < 0.4:
            parcel = order.parcels[0]
            parcel.timeline.clear()
            trackings = [self._labelled(order, parcel)]
        return {"id": order.number, "order": order.body, "trackings": trackings}

    def _attach(self, order: Order) -> Move:
        draft = next(parcel for parcel in order.parcels if parcel.number is None)
        label = Parcel([])
        body = {"id": order.number, "trackings": [self._labelled(order, label)]}

        def happened() -> None:
            draft.number, draft.route = label.number, label.route
            draft.timeline += label.timeline

        return Move(Call(method="PUT", path="/orders", body=body), [order], happened)

    def _labelled(self, order: Order, parcel: Parcel) -> dict[str, Any]:
        """Give the parcel a number; what an upsert says of it."""
        taken = sum(1 for other in order.parcels if other.number)
        parcel.number = f"{order.number}X{taken + 1}"
        parcel.route = self._chance.choice(ROUTES)
        parcel.timeline.append("SHIPPING_LABEL_CREATED")
        placed_at = order.placed_at + timedelta(hours=1)
        return {"tracking_number": parcel.number, "tracking_placed_at": placed_at.isoformat()}

    def _scan(self, order: Order) -> Move:
        parcel = self._chance.choice([parcel for parcel in order.parcels if parcel.moves_on])
        place = len(parcel.scans)
        name = parcel.route[place]
        body = {
            "event_name": name,
            "event_time": (order.placed_at + timedelta(hours=2 + place)).isoformat(),
            "external_id": f"{parcel.number}:{name}",
        }
        call = Call(method="POST", path=f"/shipments/{parcel.number}/events", body=body, key=self._maybe_key())
        return Move(call, [order], lambda: parcel.timeline.append(name))

    def _readdress(self, order: Order) -> Move:
        zip_code = f"{90000 + self._chance.randrange(10000)}"
        body = {"address": {"name": "Jane Doe", "city": "Bonn", "zip_code": zip_code}}

        def happened() -> None:
            order.zip_code, order.readdressed = zip_code, True
            for parcel in order.parcels:
                parcel.timeline.append("ORDER_ADDRESS_UPDATED")

        return Move(Call(method="PATCH", path=f"/orders/{order.number}", body=body), [order], happened)

    def _cancel(self, order: Order) -> Move:
        def happened() -> None:
            order.cancelled = True
            for parcel in order.parcels:
                parcel.timeline.append("ORDER_CANCELLED")

        return Move(self._cancellation(order), [order], happened)

    def _cancel_in_vain(self, order: Order) -> Move:
        def happened() -> None:
            order.refused_to_cancel = True

        return Move(self._cancellation(order), [order], happened, refusal="order_shipped")

    def _cancellation(self, order: Order) -> Call:
        return Call(method="POST", path=f"/orders/{order.number}/cancel", key=self._maybe_key())

    def _repeat(self, order: Order) -> Move:
        """The same order once more changes nothing, and tells nobody."""
        body = {"id": order.number, "order": order.body, "trackings": []}
        return Move(Call(method="PUT", path="/orders", body=body), [order], lambda: None)

    def _key(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128)))

    def _maybe_key(self) -> str | None:
        return self._key() if self._chance.random() < 0.7 else None
