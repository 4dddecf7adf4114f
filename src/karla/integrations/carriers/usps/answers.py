"""The form of USPS's answers, as far as it is read; USPS leaves out, or gives as null or "", what it doesn't know."""

import msgspec
from msgspec import field

from karla.integrations.carriers.nulls import without_nulls


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """USPS writes its members in camel case, abbreviations in capital letters."""


class Event(_Answered, frozen=True):
    """A scan. `event_timestamp` is local to its place; of a delivery `name` is who took it."""

    event_type: str = ""
    event_timestamp: str = ""
    gmt_timestamp: str = field(default="", name="GMTTimestamp")
    gmt_offset: str = field(default="", name="GMTOffset")
    event_country: str = ""
    event_city: str = ""
    event_state: str = ""
    event_zip: str = field(default="", name="eventZIPCode")
    event_code: str = ""
    name: str = ""


class Expectation(_Answered, frozen=True):
    """When USPS means to deliver: dates, and times of the destination's clocks in the way people write them."""

    predicted_delivery_date: str = ""
    predicted_delivery_window_start_time: str = ""
    predicted_delivery_window_end_time: str = ""
    expected_delivery_date: str = ""
    expected_delivery_time: str = ""
    guaranteed_delivery_date: str = ""
    end_of_day: str = ""


class Details(_Answered, frozen=True):
    """One parcel; its events from the newest."""

    mail_class: str = ""
    origin_country: str = ""
    origin_state: str = ""
    destination_country_code: str = ""
    destination_state: str = ""
    destination_zip: str = field(default="", name="destinationZIPCode")
    return_date_notice: str = ""
    delivery_date_expectation: Expectation = Expectation()
    tracking_events: tuple[Event, ...] = ()


class Trouble(_Answered, frozen=True):
    """Why there is nothing of a parcel."""

    code: int | str | None = None


class Entry(_Answered, frozen=True):
    """What tells whose parcel an element of an answer is about, and whether it is one."""

    tracking_number: str = ""
    status_code: int | None = None
    error: Trouble | None = None


def details_in(raw: bytes) -> Details:
    """One element of an answer that has a parcel; a ValueError where it isn't one. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Details, strict=False)


def entry_in(raw: bytes) -> Entry:
    """One element of an answer, whatever it has; a ValueError where it isn't one."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Entry, strict=False)
