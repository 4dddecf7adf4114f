"""A shipment as it is stored, its timeline, and the facts it announces."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order, OrderMembers, OrderNames, Reference
from karla.vocabulary.events import Direction, EventKind, Flag, Phase, State


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """One parcel of an order: a draft until it has a tracking number.

    `products` None means "not said", which a reader takes as every product of the order.
    `expected_confidence`, 0 to 1, says that the window is a forecast; None: somebody promises it.
    `position` counts the order's shipments from 0 in the order they came to be.
    """

    shop_id: UUID
    id: UUID
    order_id: UUID
    position: int
    tracking_number: str | None = None
    external_shipment_id: str | None = None
    carrier_reference: str | None = None
    tracking_company: str | None = None
    tracking_url: str | None = None
    tracking_placed_at: datetime | None = None
    direction: Direction = Direction.MERCHANT_CUSTOMER
    products: list[dict[str, Any]] | None = None
    phase: Phase = Phase.ORDER_CREATED
    state: State = State.PENDING
    flag: Flag = Flag.NORMAL
    event_name: str | None = None
    event_time: datetime | None = None
    expected_from: datetime | None = None
    expected_to: datetime | None = None
    expected_confidence: float | None = None
    pickup: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def draft(self) -> bool:
        """No tracking number yet."""
        return self.tracking_number is None


class TimelineEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One scan on a shipment's timeline. `external_id` within `origin` is what makes it the same scan again.

    One that was withdrawn was told of another parcel: it is shown, and counts no more.
    """

    shipment_id: UUID
    id: UUID
    origin: str
    external_id: str
    event_name: str
    event_time: datetime
    correction: bool = False
    timezone: str | None = None
    location: dict[str, Any] | None = None
    additional_info: dict[str, Any] | None = None
    created_at: datetime
    withdrawn_at: datetime | None = None


class Consignment(msgspec.Struct, frozen=True):
    """An order with all its shipments by position."""

    order: Order
    shipments: tuple[Shipment, ...]


class OrderFile(Consignment, frozen=True):
    """A consignment with everything on its shipments' timelines, oldest first."""

    timeline: tuple[TimelineEvent, ...] = ()

    def events_of(self, shipment_id: UUID) -> list[TimelineEvent]:
        """One shipment's timeline, oldest first."""
        return [event for event in self.timeline if event.shipment_id == shipment_id]


class ShipmentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The fact that something happened to a shipment, with the order as it stands right after.

    `shipment` is the state after the event; `occurred_at` is when it happened in the world.
    """

    event_id: UUID
    shop_id: UUID
    kind: EventKind
    shipment: Shipment
    consignment: Consignment
    occurred_at: datetime

    @property
    def group(self) -> str | None:
        """The notification bucket by the shipment's direction; None is told to nobody."""
        return self.kind.group_for(self.shipment.direction)


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller says of one parcel that has a tracking number; the door has checked the carrier's reference."""

    tracking_number: str
    tracking_url: str | None = None
    tracking_placed_at: datetime | None = None
    carrier_reference: str | None = None
    tracking_company: str | None = None
    external_shipment_id: str | None = None
    direction: Direction | None = None
    products: list[dict[str, Any]] | None = None


class OrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One upsert: which order, what it is called and what is said of it (None: it must exist), and its parcels.

    Without an order number among its names it changes an order but can't create one. `create_only` refuses an order
    that exists.
    """

    shop_id: UUID
    reference: Reference
    names: OrderNames = OrderNames()
    members: OrderMembers | None = None
    trackings: Sequence[Tracking] = ()
    order_analytics: dict[str, Any] | None = None
    create_only: bool = False


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """Something that someone saw happen to a shipment; `external_id` within `origin` tells it from any other.

    `raw` is what was told, in the words it was told in.
    """

    shop_id: UUID
    shipment_id: UUID
    origin: str
    external_id: str
    event_name: str
    event_time: datetime
    correction: bool = False
    timezone: str | None = None
    location: dict[str, Any] | None = None
    additional_info: dict[str, Any] | None = None
    raw: bytes | None = None


class Observed(msgspec.Struct, frozen=True):
    """What became of an observation, and its shipment after it; `known` when it was on the timeline already."""

    event: TimelineEvent
    shipment: Shipment
    known: bool


class Completion(msgspec.Struct, frozen=True):
    """What is told later of an event that is on a timeline: members of its `additional_info`, new or anew."""

    shop_id: UUID
    shipment_id: UUID
    event_id: UUID
    info: dict[str, Any]
