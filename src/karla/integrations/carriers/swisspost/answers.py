"""The form of Swiss Post's two answers about a consignment, as far as they are read."""

from collections.abc import Iterator
from typing import Any

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """Swiss Post writes its members in camel case; what it doesn't know is null or left out."""


class Place(_Answered, frozen=True):
    """Where something happened or is to happen; `country` is alpha-2."""

    zip: str | None = None
    zip4: str | None = None
    city: str | None = None
    country: str | None = None
    name: str | None = None


class Event(_Answered, frozen=True):
    """`code` has the kind of consignment, its product and what happened, such as `PARCEL.*.2.1201`.

    `timestamp` is ISO 8601 or the milliseconds since 1970; `title` and `subtitle` are in the language asked for.
    """

    code: str | None = None
    title: str | None = None
    subtitle: str | None = None
    timestamp: str | int | None = None
    location: Place | str | None = None


class Events(_Answered, frozen=True):
    """The answer of `/events/`."""

    events: tuple[Event, ...] = ()


class Status(_Answered, frozen=True):
    """`status` is one of a few words such as `ON_GOING_DELIVERY`, `WAITING_FOR_PICKUP`, `DELIVERED`."""

    status: str | None = None
    title: str | None = None
    subtitle: str | None = None


class Interval(_Answered, frozen=True):
    """Moments in ISO 8601."""

    start: str | None = None
    end: str | None = None


class Delivery(_Answered, frozen=True):
    """Where the consignment goes; the names of people in it are left unread."""

    address_detail: Place = Place()
    pickup_office: str | None = None
    address: str | None = None


class Physical(_Answered, frozen=True):
    """As people read it: `1.14 kg`."""

    weight: str | None = None


class Detail(_Answered, frozen=True):
    """The answer of `/detail`."""

    product_name: str | None = None
    status: Status = Status()
    calculated_delivery_date: str | None = None
    delivery_time_interval: Interval = Interval()
    delivery_address: Delivery = Delivery()
    physical_dimensions: Physical = Physical()
    sender_country: str | None = None
    recipient_country: str | None = None


class Consignment(msgspec.Struct, frozen=True):
    """Both answers together, as the adapter hands them on."""

    detail: Detail
    events: Events = Events()


def consignment_in(raw: bytes) -> Consignment:
    """A ValueError where it isn't one. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Consignment, strict=False)


def key_in(raw: bytes, number: str) -> str | None:
    """The key of the mailpiece with this number, wherever a search's answer has it; None where it hasn't."""
    return next((one["mailpieceKey"] for one in _objects(msgspec.json.decode(raw)) if _is(one, number)), None)


def _objects(told: Any) -> Iterator[dict[str, Any]]:
    if isinstance(told, dict):
        yield told
    for one in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from _objects(one)


def _is(told: dict[str, Any], number: str) -> bool:
    return told.get("mailpieceId") == number and isinstance(told.get("mailpieceKey"), str)
