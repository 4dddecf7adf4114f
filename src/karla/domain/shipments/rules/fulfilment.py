"""Which parcels an order has once something was said of it: drafts, fulfilled ones, and what that announces."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order, SavedOrder
from karla.domain.shipments.records import OrderFile, Shipment, TimelineEvent, Tracking
from karla.domain.shipments.rules.carriers import infer
from karla.domain.shipments.rules.phases import Scan, settle
from karla.vocabulary.carriers import tracking_url
from karla.vocabulary.events import CATALOGUE, Direction, EventKind, Phase

ORIGIN = "order"
"""Where the events come from that follow from the order itself."""

_BEFORE_TRANSIT = frozenset({Phase.ORDER_CREATED, Phase.ORDER_PROCESSED})


class Happening(msgspec.Struct, frozen=True):
    """An event that the plan brings about, and the shipment that it happens to."""

    kind: EventKind
    event: TimelineEvent


class Plan(msgspec.Struct, frozen=True):
    """The order's parcels afterwards, which of them are to be written or deleted, and what happened."""

    file: OrderFile
    written: tuple[Shipment, ...]
    removed: tuple[UUID, ...]
    happenings: tuple[Happening, ...]


class Planner:
    """Collects the changes to one order's parcels; `new_id` makes identifiers."""

    def __init__(self, saved: SavedOrder, file: OrderFile | None, now: datetime, new_id: Callable[[], UUID]) -> None:
        self._saved = saved
        self._order = saved.now
        self._now = now
        self._new_id = new_id
        self._before = {shipment.id: shipment for shipment in (file.shipments if file else ())}
        self._after = dict(self._before)
        self._timeline = list(file.timeline if file else ())
        self._happenings: list[Happening] = []

    def attach(self, trackings: Sequence[Tracking]) -> None:
        """Bring in the parcels that have a number: additive, nothing that isn't listed is touched."""
        matched: set[UUID] = set()
        for tracking in trackings:
            known = self._known(tracking, matched)
            if known is None:
                known = self._next_draft(tracking) or self._blank()
                self._put(self._told(known, tracking))
                self._happen(
                    "SHIPPING_LABEL_CREATED",
                    known.id,
                    f"tracking:{tracking.tracking_number}",
                    tracking.tracking_placed_at or self._now,
                )
            else:
                self._put(self._told(known, tracking))
            matched.add(known.id)

    def expect(self) -> None:
        """Have as many drafts as parcels are expected beyond those that are known."""
        if self._order.cancelled_at is not None:
            return
        before = self._saved.before
        if before and before.expected_number_of_shipments == self._order.expected_number_of_shipments:
            return
        forward = [s for s in self._after.values() if s.direction is Direction.MERCHANT_CUSTOMER]
        missing = self._order.expected_number_of_shipments - len(forward)
        for _ in range(missing):
            draft = self._blank()
            self._put(draft)
            self._happen("ORDER_CREATED", draft.id, "order_created", self._order.order_placed_at)
        surplus = [shipment.id for shipment in forward if shipment.draft][missing:] if missing < 0 else []
        for shipment_id in surplus:
            del self._after[shipment_id]
        self._timeline = [event for event in self._timeline if event.shipment_id in self._after]

    def readdress(self) -> None:
        """Tell that the address changed while the parcel is still in the merchant's hands."""
        before = self._saved.before
        if before and before.address != self._order.address:
            self._happen_before_transit("ORDER_ADDRESS_UPDATED", f"address:{self._now.isoformat()}")

    def cancel(self) -> None:
        """Tell every parcel that the order is cancelled."""
        self._happen_before_transit("ORDER_CANCELLED", "order_cancelled")

    def plan(self) -> Plan:
        """What all of it comes to."""
        for shipment_id in dict.fromkeys(happening.event.shipment_id for happening in self._happenings):
            self._after[shipment_id] = standing(self._after[shipment_id], self._timeline, self._now)
        shipments = tuple(sorted(self._after.values(), key=lambda shipment: shipment.position))
        return Plan(
            file=OrderFile(self._order, shipments, tuple(sorted(self._timeline, key=_by_time))),
            written=tuple(s for s in shipments if self._before.get(s.id) != s),
            removed=tuple(shipment_id for shipment_id in self._before if shipment_id not in self._after),
            happenings=tuple(h for h in self._happenings if h.event.shipment_id in self._after),
        )

    def _known(self, tracking: Tracking, matched: set[UUID]) -> Shipment | None:
        shipments = self._after.values()
        for shipment in shipments:
            if shipment.tracking_number == tracking.tracking_number:
                return shipment
        if tracking.external_shipment_id is None:
            return None
        # One delivery may have several numbers: a parcel that this call has named already is not renamed by it.
        return next(
            (
                shipment
                for shipment in shipments
                if shipment.external_shipment_id == tracking.external_shipment_id
                and shipment.id not in matched
                and not shipment.draft
            ),
            None,
        )

    def _told(self, shipment: Shipment, tracking: Tracking) -> Shipment:
        """The parcel with what was said of it; the very same one when that is nothing new."""
        said: dict[str, Any] = {
            name: value for name, value in msgspec.structs.asdict(tracking).items() if value is not None and value != []
        }
        if shipment.draft:
            said.setdefault("tracking_placed_at", self._now)
        told = msgspec.structs.replace(shipment, **said)
        if told.carrier_reference is None:
            told = self._with_carrier(told)
        if told.tracking_url is None and told.carrier_reference is not None and told.tracking_number is not None:
            url = tracking_url(told.carrier_reference, told.tracking_number)
            told = msgspec.structs.replace(told, tracking_url=url)
        return shipment if told == shipment else msgspec.structs.replace(told, updated_at=self._now)

    def _with_carrier(self, shipment: Shipment) -> Shipment:
        country = self._order.address.get("country_code")
        found = infer(shipment.tracking_number or "", shipment.tracking_url, shipment.tracking_company, country)
        return msgspec.structs.replace(shipment, carrier_reference=found)

    def _next_draft(self, tracking: Tracking) -> Shipment | None:
        if tracking.direction is Direction.CUSTOMER_MERCHANT:
            return None
        drafts = (s for s in self._after.values() if s.draft and s.direction is Direction.MERCHANT_CUSTOMER)
        return min(drafts, key=lambda shipment: shipment.position, default=None)

    def _blank(self) -> Shipment:
        return Shipment(
            shop_id=self._order.shop_id,
            id=self._new_id(),
            order_id=self._order.id,
            position=max((shipment.position for shipment in self._after.values()), default=-1) + 1,
            created_at=self._now,
            updated_at=self._now,
        )

    def _put(self, shipment: Shipment) -> None:
        self._after[shipment.id] = shipment

    def _happen_before_transit(self, name: str, external_id: str) -> None:
        for shipment in list(self._after.values()):
            if shipment.phase in _BEFORE_TRANSIT:
                self._happen(name, shipment.id, external_id, self._now)

    def _happen(self, name: str, shipment_id: UUID, external_id: str, time: datetime) -> None:
        event = TimelineEvent(
            shipment_id=shipment_id,
            id=self._new_id(),
            origin=ORIGIN,
            external_id=external_id,
            event_name=name,
            event_time=time,
            created_at=self._now,
        )
        self._timeline.append(event)
        self._happenings.append(Happening(CATALOGUE[name], event))


def standing(shipment: Shipment, timeline: Sequence[TimelineEvent], now: datetime) -> Shipment:
    """The shipment in the state that its whole timeline settles to."""
    settled = settle(
        Scan(event.event_name, event.event_time, event.correction)
        for event in timeline
        if event.shipment_id == shipment.id
    )
    return msgspec.structs.replace(
        shipment,
        phase=settled.phase,
        state=settled.state,
        flag=settled.flag,
        event_name=settled.event_name,
        event_time=settled.event_time,
        updated_at=now,
    )


def cancellable(file: OrderFile) -> bool:
    """No parcel has left the merchant."""
    return all(shipment.phase in _BEFORE_TRANSIT for shipment in file.shipments)


def may_carry(shipment: Shipment, kind: EventKind) -> bool:
    """A draft has no carrier yet, so nothing that a carrier does can happen to it."""
    return kind.draft or not shipment.draft


def _by_time(event: TimelineEvent) -> tuple[datetime, datetime, str]:
    return event.event_time, event.created_at, event.event_name


def order_status(order: Order, shipments: Sequence[Shipment]) -> str:
    """`cancelled`, or how far it is fulfilled; nothing fulfilled is `placed`."""
    if order.cancelled_at is not None:
        return "cancelled"
    fulfilled = fulfilment_status(shipments)
    return "placed" if fulfilled == "unfulfilled" else fulfilled


def fulfilment_status(shipments: Sequence[Shipment]) -> str:
    """`unfulfilled` (drafts only), `partially_fulfilled` or `fulfilled`; returns don't count."""
    forward = [s for s in shipments if s.direction is Direction.MERCHANT_CUSTOMER]
    fulfilled = [shipment for shipment in forward if not shipment.draft]
    if not fulfilled:
        return "unfulfilled"
    return "fulfilled" if len(fulfilled) == len(forward) else "partially_fulfilled"


def shipment_of_line(line: dict[str, Any], shipments: Sequence[Shipment]) -> UUID | None:
    """The first parcel with a number that holds this line of the order, if any does."""
    wanted = _line_key(line)
    for shipment in shipments:
        if shipment.draft or shipment.direction is Direction.CUSTOMER_MERCHANT:
            continue
        if shipment.products is None or any(_line_key(held) == wanted for held in shipment.products):
            return shipment.id
    return None


def _line_key(line: dict[str, Any]) -> tuple[str, object]:
    for name in ("variant_id", "sku", "product_id", "title"):
        if line.get(name):
            return name, line[name]
    return "", None
