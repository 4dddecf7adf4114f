"""The demo's orders, out of the two tables beside this, as records like any shop's."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from karla.domain.orders.records import Order
from karla.domain.shipments.records import OrderFile, Shipment, TimelineEvent
from karla.domain.shipments.rules.timelines import chronological, standing
from karla.entrypoints.api.storefront.shapes import ProductOffer, Slot, Slots
from karla.infra.json_text import JsonText
from karla.vocabulary.carriers import CARRIERS, tracking_url
from karla.vocabulary.events import Direction
from karla.vocabulary.orders import OrderState

PICTURES = ("shirt", "mug", "blanket", "candle", "door")
"""Drawn by hand, as a demo asks nobody for pictures."""

_OFFERED = ("candle", "blanket", "mug")
_OFFSET = re.compile(r"([+-])(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")
_HOUR = timedelta(hours=1)

Row = Mapping[str, Any]

DemoState = OrderState | Literal["multi", "neighbour", "letterbox", "locker"]
"""The states of an order; `multi` has four parcels, the others show where one was left or waits."""


def file_of(state: DemoState, language: str, now: datetime, pictures: str) -> OrderFile:
    """The order in a state of the table; `pictures` is what the addresses of its pictures begin with."""
    table = _table("orders.toml")
    told: Row = table["states"][state]
    lines = [_line(name, language, pictures) for name in told.get("products", table["order"]["products"])]
    placed = _at(table["order"]["placed"], now)
    order_id = _id(state)
    order = Order(
        shop_id=_id("shop"),
        id=order_id,
        order_number=table["order"]["number"],
        order_placed_at=placed,
        total_order_price=Decimal(str(sum(line["price"] * line["quantity"] for line in lines))),
        currency=table["order"]["currency"],
        expected_number_of_shipments=sum(not parcel.get("back", False) for parcel in told["parcels"]),
        address=dict(table["address"]),
        products=JsonText.of(lines),
        cancelled_at=_at(told["cancelled"], now) if "cancelled" in told else None,
        created_at=placed,
        updated_at=placed,
    )
    shipments: list[Shipment] = []
    timeline: list[TimelineEvent] = []
    for position, parcel in enumerate(told["parcels"]):
        shipment = _shipment(order, position, parcel, language, pictures)
        events = chronological(_events(shipment, _rows(table, parcel), now, pictures))
        settled = standing(shipment, events, events[-1].event_time)
        shipments.append(msgspec.structs.replace(settled, **_expected(parcel, now)))
        timeline += events
    return OrderFile(order, tuple(shipments), tuple(timeline))


def slots_of(language: str, url: str, pictures: str) -> Slots:
    """Every slot filled; all lead to `url`."""
    words = _table("words.toml")
    slots = words["slots"]
    offers = [
        ProductOffer(
            id=_id(name),
            title=words["products"][name]["titles"][language],
            url=url,
            image_url=f"{pictures}{name}.svg",
            price=words["products"][name]["price"],
            currency="EUR",
            badge="new" if place == 0 else None,
        )
        for place, name in enumerate(_OFFERED)
    ]
    return Slots(
        banner=_slot("banner", slots["banner"], language, url, None),
        basic=_slot("basic", slots["basic"], language, url, f"{pictures}blanket.svg"),
        products=offers,
        announcements=[words["announcements"]["texts"][language]],
    )


def _slot(name: str, told: Row, language: str, url: str, image_url: str | None) -> Slot:
    return Slot(
        id=_id(name),
        title=told["titles"][language],
        subtitle=told.get("subtitles", {}).get(language),
        label=told["labels"][language],
        url=url,
        image_url=image_url,
        code=told.get("code"),
    )


def _line(name: str, language: str, pictures: str) -> dict[str, Any]:
    told = _table("words.toml")["products"][name]
    title = told["titles"][language]
    return {
        "sku": name.upper(),
        "title": title,
        "size": told.get("variant"),
        "quantity": told.get("quantity", 1),
        "price": told["price"],
        "images": [{"src": f"{pictures}{name}.svg", "alt": title}],
    }


def _shipment(order: Order, position: int, told: Row, language: str, pictures: str) -> Shipment:
    carrier, number = told.get("carrier"), told.get("number")
    return Shipment(
        shop_id=order.shop_id,
        id=_id(f"{order.id}/{position}"),
        order_id=order.id,
        position=position,
        tracking_number=number,
        carrier_reference=carrier,
        tracking_company=CARRIERS[carrier].name if carrier else None,
        tracking_url=tracking_url(carrier, number) if carrier and number else None,
        direction=Direction.CUSTOMER_MERCHANT if told.get("back") else Direction.MERCHANT_CUSTOMER,
        products=[_line(name, language, pictures) for name in told["holds"]] if "holds" in told else None,
        created_at=order.created_at,
        updated_at=order.created_at,
    )


def _rows(table: Row, parcel: Row) -> list[Row]:
    """A parcel's events, those of the way that it came first."""
    rows: list[Row] = []
    way = parcel.get("way")
    while way is not None:
        rows = [*table["ways"][way]["events"], *rows]
        way = table["ways"][way].get("after")
    return [*rows, *parcel.get("events", ())]


def _events(shipment: Shipment, rows: Sequence[Row], now: datetime, pictures: str) -> Iterator[TimelineEvent]:
    for place, row in enumerate(rows):
        at = _at(row["at"], now)
        info = {name: _told(value, now, pictures) for name, value in row.get("info", {}).items()}
        if "says" in row:
            info["carrier_text"] = row["says"]
        yield TimelineEvent(
            shipment_id=shipment.id,
            id=_id(f"{shipment.id}/{place}"),
            origin="demo",
            external_id=str(place),
            event_name=row["name"],
            event_time=at,
            location={"city": row["city"], "country": "DE"} if "city" in row else None,
            additional_info=info or None,
            created_at=at,
        )


def _told(value: Any, now: datetime, pictures: str) -> Any:
    if isinstance(value, dict):
        return _at(value["end_of"], now).replace(hour=23, minute=59, second=0, microsecond=0).isoformat()
    return value.replace("demo/", pictures, 1) if value.startswith("demo/") else value


def _expected(parcel: Row, now: datetime) -> dict[str, Any]:
    """The window in whole days from today, or in full hours from now."""
    if "hours" in parcel:
        full = now.replace(minute=0, second=0, microsecond=0)
        opens, closes = (full + hours * _HOUR for hours in parcel["hours"])
    elif "days" in parcel:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        opens, closes = today + timedelta(days=parcel["days"][0]), today + timedelta(days=parcel["days"][1] + 1)
    else:
        return {}
    return {"expected_from": opens, "expected_to": closes, "expected_confidence": parcel.get("confidence")}


def _at(offset: str, now: datetime) -> datetime:
    parts = _OFFSET.fullmatch(offset)
    if parts is None:
        raise ValueError(f"{offset!r} is no offset")
    sign, *numbers = parts.groups()
    days, hours, minutes = (int(number or 0) for number in numbers)
    passed = timedelta(days=days, hours=hours, minutes=minutes)
    return now - passed if sign == "-" else now + passed


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"karla:demo/{name}")


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))
