"""The form of GLS's answers, as far as it is read; GLS leaves out or leaves empty what it doesn't know."""

import msgspec


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """GLS writes its members in camel case."""


class Event(_Answered, frozen=True):
    """A scan; its time has the offset that GLS's systems keep, not always that of the place."""

    code: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    description: str | None = None
    event_date_time: str | None = None


class Told(_Answered, frozen=True):
    """One parcel of an answer, events from the newest, or why there is none.

    `requested` is the number as it was asked for, `unitno` the parcel's own.
    """

    requested: str | None = None
    unitno: str | None = None
    status: str | None = None
    status_date_time: str | None = None
    events: tuple[Event, ...] | None = None
    error_code: str | None = None


def parcel_in(raw: bytes) -> Told:
    """A member of `parcels`; a ValueError where it isn't one."""
    return msgspec.json.decode(raw, type=Told, strict=False)
