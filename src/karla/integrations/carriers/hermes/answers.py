"""The form of Hermes's answers, as far as it is read; Hermes leaves out what it doesn't know."""

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """Hermes writes its members in camel case."""


class ScanningUnit(_Answered, frozen=True):
    """Who scanned; the country is alpha-3."""

    name: str = ""
    city: str = ""
    country_code: str = ""


class Status(_Answered, frozen=True):
    """A scan; `timestamp` has its offset from UTC."""

    timestamp: str = ""
    code: str = ""
    description: str = ""
    scanning_unit: ScanningUnit = ScanningUnit()


class TimeSlot(_Answered, frozen=True):
    """Hours and minutes by the clocks of Germany."""

    opens: str = msgspec.field(default="", name="from")
    closes: str = msgspec.field(default="", name="to")


class Forecast(_Answered, frozen=True):
    """When Hermes means to deliver."""

    date: str = ""
    time_slot: TimeSlot = TimeSlot()


class Address(_Answered, frozen=True):
    """Where the parcel goes; the country is alpha-3."""

    zip_code: str = ""
    country_code: str = ""


class Result(_Answered, frozen=True):
    """What became of the question about one shipment; codes that begin with an e are errors."""

    code: str = ""


class Item(msgspec.Struct, frozen=True):
    """What Hermes tells of one shipment; statuses in either order of time."""

    number: str = msgspec.field(default="", name="shipmentID")
    result: Result = Result()
    receiver: Address = msgspec.field(default=Address(), name="receiverAddress")
    forecast: Forecast = msgspec.field(default=Forecast(), name="deliveryForecast")
    status: tuple[Status, ...] = ()


def item_in(raw: bytes) -> Item:
    """One item of `shipmentinfo`; a ValueError where it isn't one. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Item, strict=False)
