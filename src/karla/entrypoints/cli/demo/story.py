"""What happens in the demo, and what has to come of it: data alone, so that the counts follow from it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from karla.entrypoints.cli.demo import pages
from karla.entrypoints.cli.demo.orders import BERLIN, LONDON, PICTURES, order, tracking
from karla.entrypoints.cli.demo.parcels import FROM_SHENZHEN, PARCELS, SANDBOXES, TO_BERLIN
from karla.entrypoints.cli.demo.steps import (
    Act,
    Call,
    ComesBack,
    Connect,
    Event,
    Follow,
    Parcel,
    Step,
    Subscribe,
    Subscriber,
)

SHOP = "nordlicht"
ORGANISATION = "nordlicht-gmbh"

SUBSCRIBERS = (
    Subscriber("everything", ("*",)),
    Subscriber("last-mile", ("shipments/delivered", "shipment_out_for_delivery"), up_at_first=False),
)

UPS, DHL, DHL_TOO = "1Z999AA10123456784", "00340434161094042557", "00340434161094042564"

CARRIERS = {UPS: "ups", DHL: "dhl", DHL_TOO: "dhl"} | {parcel.number: parcel.carrier for parcel in PARCELS}
ENDINGS = {
    UPS: "delivered",
    DHL: "delivered",
    DHL_TOO: "in_delivery",
    **{parcel.number: parcel.ends for parcel in PARCELS},
    **pages.ENDINGS,
}
DRAFTS_END = "order_created"

_CREATED = Event("shipments/order_created/ORDER_CREATED", "shipment_pre_transit")
_CANCELLED = Event("shipments/order_created/ORDER_CANCELLED", "shipment_order_cancelled")
_LABEL = Event("shipments/order_processed/SHIPPING_LABEL_CREATED", "shipment_pre_transit")
_DEPARTED = Event("shipments/in_transit/DEPARTURE_FROM_TRANSPORT_HUB", "shipment_in_transit")
_ARRIVED = Event("shipments/in_transit/ARRIVAL_AT_TRANSPORT_HUB", "shipment_in_transit")
_OUT = Event("shipments/in_delivery/OUT_FOR_DELIVERY", "shipment_out_for_delivery")
_ATTEMPTED = Event("shipments/in_delivery/DELIVERY_ATTEMPTED", "shipment_delivery_second_attempt")
_DELIVERED = Event("shipments/delivered/SUCCESSFULLY_DELIVERED", "shipment_delivered")


def story(now: datetime, pictures: str = PICTURES) -> tuple[Act, ...]:
    """The acts, in the days before `now`, but for what carriers tell of March 2026.

    The pictures of what is in the last six orders are below `pictures`.
    """
    placed, packed = now - timedelta(days=3), now - timedelta(days=2)
    return (
        Act("The shop subscribes two receivers; one of them is down", [Subscribe(s.name) for s in SUBSCRIBERS]),
        Act("Orders arrive, in the shape of the Shopware plugin", _orders(placed, packed)),
        Act("A parcel's scans arrive in order", _in_order(packed)),
        Act("Another parcel's scans arrive in the wrong order", _out_of_order(packed)),
        Act("The receiver comes back", [ComesBack("last-mile")]),
        Act("Life goes on", _afterwards(packed)),
        Act("Six orders, with pictures of what is in them", pages.sent(now, pictures)),
        Act("Three orders more: what becomes of their parcels, Karla asks the carriers", _followed()),
        Act(
            "What the shop sees",
            [
                Call(what="the orders", method="GET", path="/orders?per_page=100"),
                Call(what="their parcels", method="GET", path="/shipments?per_page=100"),
            ],
        ),
        Act("What the shoppers of six orders see", pages.looked_at(now, pictures)),
    )


def calls(acts: Sequence[Act]) -> list[Call]:
    """Every call of the story, in its order."""
    return [step for act in acts for step in act.steps if isinstance(step, Call)]


def _orders(placed: datetime, packed: datetime) -> list[Step]:
    fulfilled = order("10481", placed, trackings=[tracking(UPS, packed)])
    split = order("10482", placed, trackings=[tracking(DHL, packed), tracking(DHL_TOO, packed)], tags=["VIP"])
    unknown = order("10485", placed, trackings=[{**tracking("4711", packed), "carrier_reference": "dhll"}])
    return [
        _put(order("10481", placed), "10481 is placed", _CREATED),
        _put(order("10481", placed), "10481 again, unchanged: nothing happens"),
        _put(split, "10482 is fulfilled at once, in two parcels", _LABEL, _LABEL),
        _put(order("10483", placed, guest=True), "10483 is placed by a guest", _CREATED),
        _put(order("10484", placed), "10484 is placed …", _CREATED),
        Call(
            what="… and cancelled",
            method="POST",
            path="/orders/10484/cancel",
            brings=(_CANCELLED,),
        ),
        _put(unknown, "10485 names a carrier that isn't one", status=422),
        _put(fulfilled, "10481 is fulfilled: its draft gets a number", _LABEL),
        _put(order("10481", placed, tags=["VIP"]), "10481 is edited, without trackings: none is lost"),
        _put(fulfilled, "10481 once more, as it was fulfilled"),
    ]


def _in_order(packed: datetime) -> list[Step]:
    out = _scan(UPS, _OUT, packed + timedelta(hours=20))
    return [
        _scan(UPS, _DEPARTED, packed + timedelta(hours=2)),
        out,
        msgspec.structs.replace(out, what="the same scan again: nothing happens", status=200, brings=()),
        _scan(UPS, _DELIVERED, packed + timedelta(hours=24)),
    ]


def _out_of_order(packed: datetime) -> list[Step]:
    return [
        _scan(DHL, _DELIVERED, packed + timedelta(hours=26)),
        _scan(DHL, _OUT, packed + timedelta(hours=21), late=True),
        _scan(DHL, _ARRIVED, packed + timedelta(hours=3), late=True),
        Call(what="it stays delivered", method="GET", path="/shipments/{id}", parcel=DHL),
    ]


def _afterwards(packed: datetime) -> list[Step]:
    return [
        _scan(DHL_TOO, _OUT, packed + timedelta(hours=22)),
        _scan(DHL_TOO, _ATTEMPTED, packed + timedelta(hours=25)),
    ]


def _followed() -> list[Step]:
    return [
        _shipped("10486", TO_BERLIN, "10486 goes to Berlin, with DHL"),
        _shipped("10487", FROM_SHENZHEN, "10487 comes from Shenzhen, by two posts"),
        _shipped("10488", SANDBOXES, "10488 goes the way of a sandbox's story"),
        Connect("dhl", "DHL"),
        Connect("seventeentrack", "17TRACK"),
        Connect("sandbox", "Sandbox"),
        Follow(PARCELS),
    ]


def _shipped(number: str, parcel: Parcel, what: str) -> Call:
    address = LONDON if parcel is FROM_SHENZHEN else BERLIN
    placed, handed_in = parcel.handed_in - timedelta(hours=20), parcel.handed_in
    body = order(number, placed, trackings=[tracking(parcel.number, handed_in)], address=address)
    return _put(body, what, _LABEL)


def _put(body: dict[str, Any], what: str, *brings: Event, status: int = 200) -> Call:
    return Call(what=what, method="PUT", path="/orders", body=body, status=status, brings=brings)


def _scan(parcel: str, event: Event, time: datetime, *, late: bool = False) -> Call:
    name = event.ref.rpartition("/")[2]
    return Call(
        what=f"{name}, which comes late" if late else name,
        method="POST",
        path="/shipments/{id}/events",
        parcel=parcel,
        body={
            "event_name": name,
            "event_time": time.isoformat(timespec="seconds"),
            "external_id": f"scan-{parcel[-4:]}-{name.lower()}",
        },
        status=201,
        brings=(event,),
    )
