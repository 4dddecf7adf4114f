"""Whether a Karla, asked through its API, is as the model says, and its subscribers heard all of it and no more."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tests.chaos.caller import Caller
from tests.chaos.orders import SILENT, Order, Parcel
from tests.chaos.subscriber import Arrival, Subscriber
from tests.chaos.traffic import Traffic

_SHOWN = 5


class State(msgspec.Struct):
    """What the API tells: orders by number, the journal, and deliveries by webhook."""

    orders: list[dict[str, Any]]
    journal: list[dict[str, Any]]
    deliveries: Mapping[str, list[dict[str, Any]]]

    @property
    def to_deliver(self) -> set[str]:
        """The ids of the events that notify somebody."""
        return {entry["event_id"] for entry in self.journal if entry["event_group"]}

    def trackings(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each shipment with the number of its order."""
        return ((order["order_number"], tracking) for order in self.orders for tracking in order["trackings"])


async def drained(caller: Caller, webhooks: Mapping[str, str], subscriber: Subscriber, deadline: float) -> State:
    """What there is when nothing is on its way any more, or when the time is over: faults tell of the rest then.

    `webhooks` has their uuids by path; traffic has ended. `deadline` is a time of `time.monotonic`.
    """
    journal = await caller.pages("/events")
    wanted = {entry["event_id"] for entry in journal if entry["event_group"]}
    while time.monotonic() < deadline:
        missing = any(wanted - subscriber.accepted(path) for path in webhooks)
        if not missing and not await _pending(caller, webhooks):
            break
        await subscriber.news(0.2)
    return State(
        orders=await caller.pages("/orders", per_page="100"),
        journal=await caller.pages("/events"),
        deliveries={
            path: await caller.pages(f"/webhooks/{uuid}/deliveries", per_page="100") for path, uuid in webhooks.items()
        },
    )


async def _pending(caller: Caller, webhooks: Mapping[str, str]) -> bool:
    for uuid in webhooks.values():
        if await caller.pages(f"/webhooks/{uuid}/deliveries", status="pending", per_page="100"):
            return True
    return False


def faults(state: State, traffic: Traffic, subscriber: Subscriber, in_order: Iterable[str]) -> list[str]:
    """All that isn't as it must be; `in_order` are the paths of the webhooks that asked for their shipments' order."""
    found = [*traffic.surprises, *subscriber.forgeries]
    found += _orders(state, traffic.shop.orders)
    found += _journal(state, traffic)
    for webhook in state.deliveries:
        found += _deliveries(state, webhook, subscriber)
    for webhook in in_order:
        found += _order(state, traffic.shop.orders, [one for one in subscriber.arrivals if one.webhook == webhook])
    return found


def _orders(state: State, orders: Sequence[Order]) -> Iterator[str]:
    told = {order["order_number"]: order for order in state.orders}
    if len(told) < len(state.orders):
        yield f"orders made twice: {len(state.orders)} with {len(told)} numbers"
    expected = {order.number for order in orders}
    yield from _difference("orders lost", expected - told.keys())
    yield from _difference("orders invented", told.keys() - expected)
    for order in orders:
        if order.number in told:
            is_, must_be = _told_order(told[order.number]), _model_order(order)
            if is_ != must_be:
                yield f"order {order.number} is {is_}, and must be {must_be}"


def _told_order(order: Mapping[str, Any]) -> tuple[object, ...]:
    parcels = [_told_parcel(tracking) for tracking in order["trackings"]]
    return order["status"], order["external_id"], order["address"]["zip_code"], sorted(parcels)


def _told_parcel(tracking: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    names = sorted(event["event_key"] for event in tracking["events"])
    return tracking["tracking_number"] or "", tracking["phase"], names


def _model_order(order: Order) -> tuple[object, ...]:
    parcels = [(parcel.number or "", parcel.phase, sorted(parcel.timeline)) for parcel in order.parcels]
    return order.status, f"ext-{order.number}", order.zip_code, sorted(parcels)


def _journal(state: State, traffic: Traffic) -> Iterator[str]:
    """The journal has each event of the timelines once, and no other; the timelines are as the model says."""
    journalled = Counter(entry["event_id"] for entry in state.journal)
    on_timelines = {event["event_id"] for _, tracking in state.trackings() for event in tracking["events"]}
    yield from _difference("events twice in the journal", {event for event, count in journalled.items() if count > 1})
    yield from _difference("events on a timeline but not in the journal", on_timelines - journalled.keys())
    yield from _difference("events in the journal that never happened", journalled.keys() - on_timelines)
    yield from _difference("accepted events lost", traffic.accepted - journalled.keys())
    silent = {entry["event_id"] for entry in state.journal if entry["event_data"]["event_name"] in SILENT}
    yield from _difference("events with a wrong group", silent ^ (journalled.keys() - state.to_deliver))


def _deliveries(state: State, webhook: str, subscriber: Subscriber) -> Iterator[str]:
    wanted = state.to_deliver
    arrived = {arrival.event_id for arrival in subscriber.arrivals if arrival.webhook == webhook}
    yield from _difference(f"{webhook}: events never delivered", wanted - subscriber.accepted(webhook))
    yield from _difference(f"{webhook}: events invented", arrived - wanted)
    deliveries = Counter(delivery["event_id"] for delivery in state.deliveries[webhook])
    yield from _difference(f"{webhook}: events without a delivery", wanted - deliveries.keys())
    yield from _difference(f"{webhook}: deliveries of no event", deliveries.keys() - wanted)
    yield from _difference(f"{webhook}: two deliveries", {event for event, count in deliveries.items() if count > 1})
    unsettled = [delivery for delivery in state.deliveries[webhook] if delivery["status"] != "delivered"]
    yield from _difference(f"{webhook}: not settled", {f"{one['uuid']} {one['status']}" for one in unsettled})


def _order(state: State, orders: Sequence[Order], arrivals: Sequence[Arrival]) -> Iterator[str]:
    """No attempt at an event comes after one at a later event of the same shipment."""
    places = _places(state, orders)
    of_shipment: defaultdict[str, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        of_shipment[arrival.shipment_id].append(arrival)
    for shipment, came in of_shipment.items():
        order = [places.get((shipment, arrival.event_name), -1) for arrival in came]
        if order != sorted(order):
            names = [f"{arrival.event_name} {arrival.status} {arrival.at:.3f}" for arrival in came]
            yield f"{came[0].webhook}: shipment {shipment} out of order: {names}"


def _places(state: State, orders: Sequence[Order]) -> dict[tuple[str, str], int]:
    """Which place each event has among those of its shipment. Drafts of one order have the same ones."""
    model: dict[tuple[str, str | None], Parcel] = {
        (order.number, parcel.number): parcel for order in orders for parcel in order.parcels
    }
    places = {}
    for number, tracking in state.trackings():
        parcel = model.get((number, tracking["tracking_number"]))
        for place, name in enumerate(parcel.timeline if parcel else ()):
            places[tracking["id"], name] = place
    return places


def _difference(what: str, those: Iterable[str]) -> Iterator[str]:
    if them := sorted(those):
        yield f"{what}: {len(them)} ({', '.join(them[:_SHOWN])}{' …' if len(them) > _SHOWN else ''})"
