"""The form of the Post's answers, as far as it is read."""

from typing import Any

import msgspec

# What a description's member ends in: with `WithDescription` the codes come with their words.
_DESCRIPTION = "Description"


class _Answered(msgspec.Struct, frozen=True, rename="pascal"):
    """The Post writes its members in Pascal case; what it doesn't know is null, empty or left out."""


class Event(_Answered, frozen=True):
    """A scan. Type and reason together tell what happened; the names of consignees are left unread.

    `event_timestamp` is local to `event_country`, without a zone. `depository` and `branch_key` say where the
    parcel waits, `end_of_storage_date` until when.
    """

    event_timestamp: str | None = None
    parcel_event_type_code: str | None = None
    parcel_event_reason_code: str | None = None
    event_country: str | None = None
    event_postal_code: str | None = None
    event_location: str | None = None
    remark: str | None = None
    depository: str | None = None
    end_of_storage_date: str | None = None
    pickup_link: str | None = None
    words: str | None = msgspec.field(default=None, name="words")


class Item(_Answered, frozen=True):
    """One parcel of a shipment, with the numbers that it goes by."""

    ident_code: str | None = None
    reference_ident_code: str | None = None
    referenced_parcel_ident_code: str | None = None
    colli_ref_nr: str | None = None
    weight: float | None = None
    parcel_events: tuple[Event, ...] = ()


class Shipment(_Answered, frozen=True):
    """A whole answer of `GetParcelDetail`; the day of delivery, and on it a time frame."""

    product_name: str | None = None
    delivery_day: str | None = None
    delivery_time_frame_from: str | None = None
    delivery_time_frame_to: str | None = None
    parcels: tuple[Item, ...] = ()


def shipment_in(raw: bytes) -> Shipment:
    """A ValueError where it isn't one. What is null or empty counts as left out."""
    return msgspec.convert(_told(msgspec.json.decode(raw)), Shipment, strict=False)


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        told = {name: _told(one) for name, one in value.items() if one is not None and one != ""}
        words = next((one for name, one in told.items() if name.endswith(_DESCRIPTION) and isinstance(one, str)), None)
        return {**told, "words": words} if words else told
    if isinstance(value, list):
        return [_told(one) for one in value if one is not None]
    return value
