"""The form of FedEx's answers about one number, as far as it is read; of people only who took the parcel."""

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """FedEx writes its members in camel case, and leaves out or empties what it doesn't know."""


class Address(_Answered, frozen=True):
    """A scan's place has often no street."""

    street_lines: tuple[str, ...] = ()
    city: str | None = None
    state_or_province_code: str | None = None
    postal_code: str | None = None
    country_code: str | None = None


class Delay(_Answered, frozen=True):
    """`type` is WEATHER, OPERATIONAL, LOCAL, GENERAL or CLEARANCE."""

    type: str | None = None


class Scan(_Answered, frozen=True):
    """`event_type` is what happened, `exception_code` why, `location_type` at what kind of place.

    The descriptions are in the language asked for.
    """

    date: str | None = None
    event_type: str | None = None
    event_description: str | None = None
    exception_code: str | None = None
    exception_description: str | None = None
    derived_status_code: str | None = None
    location_type: str | None = None
    scan_location: Address = Address()
    delay_detail: Delay = Delay()


class Error(_Answered, frozen=True):
    """Why nothing is told of the number."""

    code: str | None = None
    message: str | None = None


class Contact(_Answered, frozen=True):
    """The name of a shop."""

    company_name: str | None = None


class ContactAndAddress(_Answered, frozen=True):
    """Who is where."""

    contact: Contact = Contact()
    address: Address = Address()


class Place(_Answered, frozen=True):
    """A place of FedEx's network."""

    location_contact_and_address: ContactAndAddress = ContactAndAddress()
    location_type: str | None = None


class Party(_Answered, frozen=True):
    """The sender or the receiver, by address alone."""

    address: Address = Address()


class Window(_Answered, frozen=True):
    """Either end may be missing."""

    begins: str | None = None
    ends: str | None = None


class TimeWindow(_Answered, frozen=True):
    """When FedEx means to deliver."""

    window: Window = Window()


class DateAndTime(_Answered, frozen=True):
    """`type` is a word such as ESTIMATED_DELIVERY."""

    type: str | None = None
    date_time: str | None = None


class Service(_Answered, frozen=True):
    """What was sold to the sender."""

    description: str | None = None


class Quantity(_Answered, frozen=True):
    """Both are texts: `LB` or `KG`, and a decimal number."""

    unit: str | None = None
    value: str | None = None


class WeightAndDimensions(_Answered, frozen=True):
    """The same weight in several units."""

    weight: tuple[Quantity, ...] = ()


class PackageDetails(_Answered, frozen=True):
    """All about the box."""

    weight_and_dimensions: WeightAndDimensions = WeightAndDimensions()


class DeliveryDetails(_Answered, frozen=True):
    """Where the parcel was left, such as `Front Desk`, and who took it."""

    location_description: str | None = None
    received_by_name: str | None = None


class Result(_Answered, frozen=True):
    """One shipment that bears the number, or bore it once."""

    error: Error | None = None
    scan_events: tuple[Scan, ...] = ()
    estimated_delivery_time_window: TimeWindow = TimeWindow()
    date_and_times: tuple[DateAndTime, ...] = ()
    service_detail: Service = Service()
    package_details: PackageDetails = PackageDetails()
    delivery_details: DeliveryDetails = DeliveryDetails()
    hold_at_location: Place | None = None
    shipper_information: Party = Party()
    recipient_information: Party = Party()


class Numbered(_Answered, frozen=True):
    """One item of `completeTrackResults`."""

    tracking_number: str
    track_results: tuple[Result, ...]


def numbered_in(raw: bytes) -> Numbered:
    """What was told of one number; a ValueError where it isn't that. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Numbered, strict=False)
