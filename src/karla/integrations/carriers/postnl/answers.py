"""The form of PostNL's answers, as far as it is read; PostNL writes `{}` for what it doesn't know."""

from typing import Any

import msgspec


class _Answered(msgspec.Struct, frozen=True, rename="pascal"):
    """PostNL's members begin with a capital; its numbers are texts."""


class Address(_Answered, frozen=True):
    """`address_type`: 01 is the receiver, 02 the sender, 09 where the parcel is to be collected. Names unread."""

    address_type: str = ""
    company_name: str = ""
    street: str = ""
    house_number: str = ""
    house_number_suffix: str = ""
    zipcode: str = ""
    city: str = ""
    country_code: str = ""


class Event(_Answered, frozen=True):
    """A scan; the locations are codes of PostNL's own."""

    code: str = ""
    description: str = ""
    time_stamp: str = ""


class Status(_Answered, frozen=True):
    """What PostNL sums a scan up to."""

    status_code: str = ""
    status_description: str = ""
    time_stamp: str = ""


class Expectation(_Answered, frozen=True):
    """When PostNL means to deliver, local to the Netherlands."""

    opens: str = msgspec.field(default="", name="ETAFrom")
    closes: str = msgspec.field(default="", name="ETATo")


class Dimension(_Answered, frozen=True):
    """Grams and millimetres."""

    weight: str = ""


class Shipment(_Answered, frozen=True):
    """One parcel; `event` and `old_status` have the newest first, and `old_status` repeats `status`."""

    barcode: str = ""
    product_code: str = ""
    product_description: str = ""
    delivery_date: str = ""
    dimension: Dimension = Dimension()
    address: tuple[Address, ...] = ()
    event: tuple[Event, ...] = ()
    expectation: Expectation = Expectation()
    status: Status = Status()
    old_status: tuple[Status, ...] = ()


class _Told(_Answered, frozen=True):
    shipment: tuple[Shipment, ...] = ()


class _Answer(_Answered, frozen=True):
    complete_status: _Told = _Told()
    current_status: _Told = _Told()


_LISTS = frozenset({"Shipment", "Address", "Event", "OldStatus"})


def shipments_in(raw: bytes) -> tuple[Shipment, ...]:
    """The shipments of an answer of `/status/barcode`, none where PostNL only warns; a ValueError for what is none."""
    told = msgspec.convert(_cleaned(msgspec.json.decode(raw)), _Answer, strict=False)
    return told.complete_status.shipment or told.current_status.shipment


def _cleaned(told: Any) -> Any:
    """Without what is empty, be it null, `{}` or the text `{}`; what may be one or many is a list."""
    if isinstance(told, dict):
        kept = {name: _cleaned(value) for name, value in told.items() if value not in (None, {}, "{}")}
        return {name: _listed(value) if name in _LISTS else value for name, value in kept.items()}
    if isinstance(told, list):
        return [_cleaned(value) for value in told if value not in (None, {}, "{}")]
    return told if isinstance(told, bool) or not isinstance(told, (int, float)) else str(told)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value
