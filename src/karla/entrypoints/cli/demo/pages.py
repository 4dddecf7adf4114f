"""The six orders that the demo ends with, each in another state, and what their shoppers' pages have to show."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from karla.entrypoints.cli.demo.orders import order, product, tracking
from karla.entrypoints.cli.demo.parcels import (
    ANNOUNCED,
    AT_DEPOT,
    AT_ORIGIN,
    HELD_UP_BY_WEATHER,
    IN_LOCKER,
    OUT,
    PICKED_UP,
    SORTED,
)
from karla.entrypoints.cli.demo.steps import Call, Event, Follow, Look, Page, Parcel, Step

_CREATED = Event("shipments/order_created/ORDER_CREATED", "shipment_pre_transit")
_LABEL = Event("shipments/order_processed/SHIPPING_LABEL_CREATED", "shipment_pre_transit")
_WITH_NEIGHBOUR = Event("shipments/delivered/DELIVERED_TO_NEIGHBOUR", "shipment_delivered_to_neighbour")

_ON_ITS_WAY = (ANNOUNCED, PICKED_UP, AT_ORIGIN, SORTED)
_OUT = (*_ON_ITS_WAY, AT_DEPOT, OUT)
_PROMISED = Event("shipments/in_transit/ESTIMATED_DELIVERY_UPDATED", "shipment_internal_trigger")


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An order for one page: its number, what is in it, and what the sandbox tells of its parcel by now.

    The parcel was handed in `hours` before this hour began; `story` None is no parcel yet. Where `promised`, the
    sandbox also says when it comes, and Karla tells of that. `closed_by` is told by the courier himself. `state` is
    the order's on the page.
    """

    number: str
    state: str
    products: Sequence[str]
    story: str | None = None
    hours: int = 30
    told: tuple[Event, ...] = ()
    promised: bool = True
    ends: str = "order_created"
    closed_by: Event | None = None


# Of each story the last scan is one to four hours old, and the next one at least an hour away.
_SHOWN = (
    _Shown(number="10491", state="placed", products=("lamp", "mug")),
    _Shown(
        number="10492",
        state="on_the_way",
        products=("blanket",),
        story="SBX-A.3H.P.5H.TO.6H.T.9H.TV.9H.O.4H.D",
        hours=16,
        told=_ON_ITS_WAY,
        ends="in_transit",
    ),
    _Shown(
        number="10493",
        state="out_for_delivery",
        products=("tee-olive", "socks"),
        story="SBX-A.3H.P.5H.TO.6H.T.4H.TV.4H.O.3H.D",
        hours=23,
        told=_OUT,
        ends="in_delivery",
    ),
    _Shown(
        number="10494",
        state="waiting",
        products=("mug", "socks"),
        story="SBX-A.3H.P.5H.TO.6H.T.4H.TV.3H.O.2H.WL",
        hours=24,
        told=(*_OUT, IN_LOCKER),
        promised=False,
        ends="collect",
    ),
    _Shown(
        number="10495",
        state="delivered",
        products=("lamp",),
        story="SBX-A.3H.P.5H.TO.6H.T.4H.TV.3H.O.15H.D",
        hours=25,
        told=_OUT,
        ends="in_delivery",
        closed_by=_WITH_NEIGHBOUR,
    ),
    _Shown(
        number="10496",
        state="delayed",
        products=("blanket", "socks"),
        story="SBX-A.E1D.3H.P.5H.TO.6H.T.20H.LW.E2D.0M.E.3D.TV.9H.O.4H.D",
        hours=36,
        told=(*_ON_ITS_WAY, HELD_UP_BY_WEATHER, _PROMISED),
        ends="in_transit",
    ),
)

ENDINGS: Mapping[str, str] = {
    shown.story: shown.closed_by.phase if shown.closed_by else shown.ends for shown in _SHOWN if shown.story
}


def sent(now: datetime, pictures: str) -> list[Step]:
    """The shop sends the six orders, with pictures of what is in them at that address."""
    return [_sent(shown, now, pictures) for shown in _SHOWN]


def looked_at(now: datetime, pictures: str) -> list[Step]:
    """The sandbox tells of their parcels, the courier of one; then links are made and opened."""
    parcels = tuple(_parcel(shown, now) for shown in _SHOWN if shown.story)
    return [
        Follow(parcels, shown=False),
        *(_closed(shown, shown.closed_by, now, pictures) for shown in _SHOWN if shown.closed_by),
        Look(tuple(Page(shown.number, shown.state) for shown in _SHOWN)),
    ]


def _handed_in(shown: _Shown, now: datetime) -> datetime:
    """At a full hour, so that what is promised is one too."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=shown.hours)


def _parcel(shown: _Shown, now: datetime) -> Parcel:
    assert shown.story is not None, "asked of parcels alone"  # noqa: S101
    return Parcel(
        number=shown.story,
        handed_in=_handed_in(shown, now),
        carrier="dhl",
        provider="sandbox",
        recording=None,
        ends=shown.ends,
        brings=(*shown.told, *([_PROMISED] if shown.promised else [])),
        unworded=int(shown.promised),
    )


def _sent(shown: _Shown, now: datetime, pictures: str) -> Call:
    handed_in = _handed_in(shown, now)
    lines = [product(name, pictures) for name in shown.products]
    trackings: list[dict[str, Any]] = []
    if shown.story:
        trackings = [{**tracking(shown.story, handed_in), "carrier_reference": "dhl", "products": lines}]
    body = order(shown.number, handed_in - timedelta(hours=7), trackings=trackings)
    body["order"].update(_sums(lines), expected_number_of_shipments=1 if trackings else 2)
    brings = (_LABEL,) if trackings else (_CREATED, _CREATED)
    what = f"{shown.number} is going to be {shown.state.replace('_', ' ')}"
    return Call(what=what, method="PUT", path="/orders", body=body, brings=brings)


def _closed(shown: _Shown, event: Event, now: datetime, pictures: str) -> Call:
    """The courier's own system tells who took the parcel, and has a photo."""
    return Call(
        what="the courier tells who took it",
        method="POST",
        path="/shipments/{id}/events",
        parcel=shown.story,
        body={
            "event_name": event.name,
            "event_time": (now - timedelta(hours=1)).isoformat(timespec="seconds"),
            "external_id": f"courier-{shown.number}",
            "location": {"city": "Berlin", "country": "DE"},
            "additional_info": {"neighbour": "Familie Öztürk, 2nd floor", "photo_url": f"{pictures}/doorstep.webp"},
        },
        status=201,
        brings=(event,),
    )


def _sums(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    total = round(sum(line["price"] * line["quantity"] for line in lines), 2)
    return {
        "products": lines,
        "sub_total_price": total,
        "shipping_price": 4.9,
        "total_order_price": round(total + 4.9, 2),
    }
