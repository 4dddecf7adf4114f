"""Which parcels an order has once something was said of it: drafts, fulfilled ones, and what that announces."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders.records import Order, SavedOrder
from karla.domain.shipments.records import OrderFile, Shipment, TimelineEvent, Tracking
from karla.domain.shipments.rules.lessons import NONE, Habits, carrier_of
from karla.domain.shipments.rules.timelines import chronological, standing
from karla.vocabulary.carriers import tracking_url
from karla.vocabulary.events import CATALOGUE, Direction, EventKind, Phase

ORIGIN = "order"
"""Where the events come from that follow from the order itself."""

# What these say holds whoever carries the parcel.
_CARRIER_CHANGED = "CARRIER_CHANGED"
_OF_THE_SHOP = frozenset({ORIGIN, "api"})

_BEFORE_TRANSIT = frozenset({Phase.ORDER_CREATED, Phase.ORDER_PROCESSED})


class Happening(msgspec.Struct, frozen=True):
    """An event that the plan brings about, and the shipment that it happens to."""

    kind: EventKind
    event: TimelineEvent


class Plan(msgspec.Struct, frozen=True):
    """The order's parcels afterwards, which of them are to be written or deleted, and what happened.

    `withdrawn` are the events of timelines that count no more.
    """

    file: OrderFile
    written: tuple[Shipment, ...]
    removed: tuple[UUID, ...]
    happenings: tuple[Happening, ...]
    withdrawn: tuple[TimelineEvent, ...] = ()


class Planner:
    """Collects the changes to one order's parcels; `new_id` makes identifiers."""

    def __init__(
        self,
        saved: SavedOrder,
        file: OrderFile | None,
        now: datetime,
        new_id: Callable[[], UUID],
        habits: Habits = NONE,
    ) -> None:
        self._saved = saved
        self._order = saved.now
        self._now = now
        self._new_id = new_id
        self._habits = habits
        self._before = {shipment.id: shipment for shipment in (file.shipments if file else ())}
        self._after = dict(self._before)
        self._timeline = list(file.timeline if file else ())
        self._happenings: list[Happening] = []
        self._withdrawn: list[TimelineEvent] = []

    def attach(self, trackings: Sequence[Tracking]) -> None:
        """Bring in the parcels that have a number: additive, nothing that isn't listed is touched."""
        numbers = {tracking.tracking_number for tracking in trackings}
        listed = {shipment.id for shipment in self._after.values() if shipment.tracking_number in numbers}
        for tracking in trackings:
            known = self._by_number(tracking) or self._by_external_id(tracking, listed)
            shipment = known or self._next_draft(tracking) or self._blank()
            listed.add(shipment.id)
            self._put(self._told(shipment, tracking))
            if known is None:
                placed_at = tracking.tracking_placed_at or self._now
                self._happen("SHIPPING_LABEL_CREATED", shipment.id, placed_at, f"tracking:{tracking.tracking_number}")

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
            self._happen("ORDER_CREATED", draft.id, self._order.order_placed_at, "order_created")
        if missing < 0:
            self._remove([shipment.id for shipment in forward if shipment.draft][missing:])

    def entrust(self, shipment: Shipment, carrier_reference: str) -> None:
        """Say that another carrier has a parcel, which has a number."""
        tracking = Tracking(tracking_number=shipment.tracking_number or "", carrier_reference=carrier_reference)
        self._put(self._told(shipment, tracking, corrected=True))

    def readdress(self) -> None:
        """Tell the parcels that are known and still in the merchant's hands that the address changed."""
        before = self._saved.before
        if before and before.address != self._order.address and self._order.cancelled_at is None:
            self._happen_before_transit("ORDER_ADDRESS_UPDATED")

    def cancel(self) -> None:
        """Tell every parcel that the order is cancelled."""
        self._happen_before_transit("ORDER_CANCELLED", "order_cancelled")

    def asked_by(self, who: str) -> None:
        """Say of all that happened who asked for it, where that isn't the shop."""
        for place, happening in enumerate(self._happenings):
            info = {**(happening.event.additional_info or {}), "requested_by": who}
            told = msgspec.structs.replace(happening.event, additional_info=info)
            self._timeline[self._timeline.index(happening.event)] = told
            self._happenings[place] = Happening(happening.kind, told)

    def plan(self) -> Plan:
        """What all of it comes to."""
        timeline = chronological(self._timeline)
        for shipment_id in dict.fromkeys(happening.event.shipment_id for happening in self._happenings):
            self._after[shipment_id] = standing(self._after[shipment_id], timeline, self._now)
        shipments = tuple(sorted(self._after.values(), key=lambda shipment: shipment.position))
        return Plan(
            file=OrderFile(self._order, shipments, timeline),
            written=tuple(s for s in shipments if self._before.get(s.id) != s),
            removed=tuple(shipment_id for shipment_id in self._before if shipment_id not in self._after),
            happenings=tuple(self._happenings),
            withdrawn=tuple(self._withdrawn),
        )

    def _by_number(self, tracking: Tracking) -> Shipment | None:
        same = (s for s in self._after.values() if s.tracking_number == tracking.tracking_number)
        return next(same, None)

    def _by_external_id(self, tracking: Tracking, listed: set[UUID]) -> Shipment | None:
        """The one parcel of this delivery that gets another number.

        A delivery may have several parcels: one that the call lists keeps its number, and where it isn't
        clear which one is meant, the number is a further parcel's.
        """
        if tracking.external_shipment_id is None:
            return None
        same = [
            shipment
            for shipment in self._after.values()
            if shipment.external_shipment_id == tracking.external_shipment_id
            and shipment.id not in listed
            and shipment.direction is (tracking.direction or Direction.MERCHANT_CUSTOMER)
        ]
        return same[0] if len(same) == 1 else None

    def _told(self, shipment: Shipment, tracking: Tracking, *, corrected: bool = False) -> Shipment:
        """The parcel with what was said of it; the very same one when that is nothing new."""
        said: dict[str, Any] = {
            name: value for name, value in msgspec.structs.asdict(tracking).items() if value is not None and value != []
        }
        renumbered = not shipment.draft and shipment.tracking_number != tracking.tracking_number
        if shipment.draft:
            said.setdefault("tracking_placed_at", self._now)
        elif not renumbered and not corrected and tracking.carrier_reference in self._corrected_from(shipment):
            del said["carrier_reference"]  # the shop's system repeats what somebody has put right
        if renumbered or shipment.tracking_url == _carriers_page(shipment):
            said.setdefault("tracking_url", None)  # it led to what the parcel was before
        told = msgspec.structs.replace(shipment, **said)
        if told.carrier_reference is None or (renumbered and tracking.carrier_reference is None):
            told = msgspec.structs.replace(told, carrier_reference=self._carrier_of(told) or told.carrier_reference)
        if told.tracking_url is None:
            told = msgspec.structs.replace(told, tracking_url=_carriers_page(told))
        if told == shipment:
            return shipment
        if not renumbered and shipment.carrier_reference not in (None, told.carrier_reference):
            told = self._anew(told, shipment.carrier_reference, corrected=corrected)
        return msgspec.structs.replace(told, updated_at=self._now)

    def _corrected_from(self, shipment: Shipment) -> set[str]:
        """The carriers that it was said to be with until it was corrected to the one that it is with now."""
        changes = [
            event.additional_info or {}
            for event in self._timeline
            if event.shipment_id == shipment.id and event.event_name == _CARRIER_CHANGED
        ]
        if not changes or changes[-1].get("carrier_reference") != shipment.carrier_reference:
            return set()
        return {change["carrier_reference_before"] for change in changes if change.get("corrected")}

    def _anew(self, shipment: Shipment, before: str | None, *, corrected: bool) -> Shipment:
        """The parcel without what the carrier told that it was taken to be with: that was of another one."""
        for place, event in enumerate(self._timeline):
            if event.shipment_id == shipment.id and event.withdrawn_at is None and event.origin not in _OF_THE_SHOP:
                self._timeline[place] = msgspec.structs.replace(event, withdrawn_at=self._now)
                self._withdrawn.append(self._timeline[place])
        change = {
            "carrier_reference": shipment.carrier_reference,
            "carrier_reference_before": before,
            "corrected": corrected,
        }
        self._happen(_CARRIER_CHANGED, shipment.id, self._now, info=change)
        return msgspec.structs.replace(
            shipment,
            event_name=None,
            event_time=None,
            expected_from=None,
            expected_to=None,
            expected_confidence=None,
            pickup=None,
        )

    def _carrier_of(self, shipment: Shipment) -> str | None:
        country = self._order.address.get("country_code")
        return carrier_of(
            self._habits, shipment.tracking_number, shipment.tracking_url, shipment.tracking_company, country
        )

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

    def _remove(self, shipments: Sequence[UUID]) -> None:
        for shipment_id in shipments:
            del self._after[shipment_id]
        self._timeline = [event for event in self._timeline if event.shipment_id in self._after]
        self._happenings = [h for h in self._happenings if h.event.shipment_id in self._after]

    def _happen_before_transit(self, name: str, external_id: str | None = None) -> None:
        for shipment in list(self._after.values()):
            if shipment.phase in _BEFORE_TRANSIT:
                self._happen(name, shipment.id, self._now, external_id)

    def _happen(
        self,
        name: str,
        shipment_id: UUID,
        time: datetime,
        external_id: str | None = None,
        info: dict[str, Any] | None = None,
    ) -> None:
        """`external_id` is for what happens to a parcel once at most."""
        event_id = self._new_id()
        event = TimelineEvent(
            shipment_id=shipment_id,
            id=event_id,
            origin=ORIGIN,
            external_id=external_id or str(event_id),
            event_name=name,
            event_time=time,
            additional_info=info,
            created_at=self._now,
        )
        self._timeline.append(event)
        self._happenings.append(Happening(CATALOGUE[name], event))


def cancellable(file: OrderFile) -> bool:
    """No parcel has left the merchant."""
    return all(shipment.phase in _BEFORE_TRANSIT for shipment in file.shipments)


def readdressable(file: OrderFile) -> bool:
    """No parcel has a number, and none was begun to be packed: from then on a label may be on it."""
    return all(shipment.draft and shipment.phase is Phase.ORDER_CREATED for shipment in file.shipments)


def _carriers_page(shipment: Shipment) -> str | None:
    """The carrier's public page about the parcel, if there is one."""
    if shipment.carrier_reference is None or shipment.tracking_number is None:
        return None
    return tracking_url(shipment.carrier_reference, shipment.tracking_number)


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
    for shipment in shipments:
        if shipment.draft or shipment.direction is Direction.CUSTOMER_MERCHANT:
            continue
        if shipment.products is None or any(is_line(held, line) for held in shipment.products):
            return shipment.id
    return None


def is_line(held: Mapping[str, Any], line: Mapping[str, Any]) -> bool:
    """Whether both name the same thing, by the surest name that both have."""
    names = ("variant_id", "sku", "product_id", "title")
    return next((held[name] == line[name] for name in names if held.get(name) and line.get(name)), False)
