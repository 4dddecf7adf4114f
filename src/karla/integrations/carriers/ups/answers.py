"""The form of UPS's answers, as far as it is read; names and signatures of people are left unread."""

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """UPS writes its members in camel case, leaves some out and gives others as null or as an empty text."""


class Address(_Answered, frozen=True):
    """The country is a code in either member; scans have often nothing but that."""

    address_line1: str | None = None
    city: str | None = None
    state_province: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    country: str | None = None


class Location(_Answered, frozen=True):
    """Where a scan was made."""

    address: Address = Address()


class Status(_Answered, frozen=True):
    """`type` is a family such as `D`, `code` the activity within it, `status_code` UPS's own summary of three digits.

    `description` is in the language asked for.
    """

    type: str | None = None
    code: str | None = None
    status_code: str | None = None
    description: str | None = None


class Activity(_Answered, frozen=True):
    """A scan: local date and time without punctuation, and the same in GMT, with its offset, in newer answers."""

    date: str | None = None
    time: str | None = None
    gmt_date: str | None = None
    gmt_time: str | None = None
    gmt_offset: str | None = None
    location: Location = Location()
    status: Status = Status()


class DeliveryDate(_Answered, frozen=True):
    """`type` is SDD (scheduled), RDD (rescheduled) or DEL (delivered)."""

    type: str | None = None
    date: str | None = None


class DeliveryTime(_Answered, frozen=True):
    """`type` is EOD, CMT (by then), EDW, CDW, IDW (windows) or DEL."""

    type: str | None = None
    start_time: str | None = None
    end_time: str | None = None


class DeliveryInformation(_Answered, frozen=True):
    """`location` is where the parcel was left, such as `Front Door`; `received_by` who took it, as the driver wrote."""

    location: str | None = None
    received_by: str | None = None


class PackageAddress(_Answered, frozen=True):
    """`type` says whose: `ORIGIN`, `DESTINATION`, or that of an access point, whose `name` is a shop's."""

    type: str | None = None
    name: str | None = None
    address: Address = Address()


class AccessPointInformation(_Answered, frozen=True):
    """The last day on which the parcel may be collected."""

    pickup_by_date: str | None = None


class Service(_Answered, frozen=True):
    """What was sold to the sender."""

    description: str | None = None


class Weight(_Answered, frozen=True):
    """Both are texts: `LBS` or `KGS`, and a decimal number that may be empty."""

    unit_of_measurement: str | None = None
    weight: str | None = None


class Package(_Answered, frozen=True):
    """One parcel of a shipment."""

    tracking_number: str = ""
    activity: tuple[Activity, ...] = ()
    delivery_date: tuple[DeliveryDate, ...] = ()
    delivery_time: DeliveryTime = DeliveryTime()
    delivery_information: DeliveryInformation = DeliveryInformation()
    package_address: tuple[PackageAddress, ...] = ()
    access_point_information: AccessPointInformation = AccessPointInformation()
    service: Service = Service()
    weight: Weight = Weight()


class Shipment(_Answered, frozen=True):
    """Without a package it says, in a warning, that nothing is known."""

    package: tuple[Package, ...] = ()


class TrackResponse(_Answered, frozen=True):
    """What was found."""

    shipment: tuple[Shipment, ...] = ()


class Told(_Answered, frozen=True):
    """A whole answer."""

    track_response: TrackResponse


def packages_in(raw: bytes) -> list[Package]:
    """The parcels in an answer about one number; a ValueError where it isn't one. What is null counts as left out."""
    told = msgspec.convert(without_nulls(msgspec.json.decode(raw)), Told, strict=False)
    return [package for shipment in told.track_response.shipment for package in shipment.package]
