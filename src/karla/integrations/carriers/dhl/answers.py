"""The form of DHL's answers, as far as it is read; DHL leaves out what it doesn't know."""

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class _Answered(msgspec.Struct, frozen=True, rename="camel"):
    """DHL writes its members in camel case and adds some from version to version."""


class Address(_Answered, frozen=True):
    """The locality may be a city, `CITY - COUNTRY`, or a country's name alone."""

    country_code: str | None = None
    postal_code: str | None = None
    address_locality: str | None = None
    address_region: str | None = None
    street_address: str | None = None


class ServicePoint(_Answered, frozen=True):
    """A shop or locker."""

    url: str | None = None
    label: str | None = None


class Place(_Answered, frozen=True):
    """Where something is."""

    address: Address = Address()
    service_point: ServicePoint | None = None


class Event(_Answered, frozen=True):
    """A scan, and the shipment's status, which repeats the newest one with more said of it."""

    timestamp: str | None = None
    location: Place = Place()
    status_code: str | None = None
    status: str | None = None
    status_detailed: str | None = None
    description: str | None = None
    remark: str | None = None
    next_steps: str | None = None


class TimeFrame(_Answered, frozen=True):
    """Local times at the destination, unless they have a zone."""

    estimated_from: str | None = None
    estimated_through: str | None = None


class Quantity(_Answered, frozen=True):
    """A weight."""

    value: float | None = None
    unit_text: str | None = None


class Product(_Answered, frozen=True):
    """What was sold to the sender."""

    product_name: str | None = None


class Signer(_Answered, frozen=True):
    """Who took the shipment: DHL Express has the whole name, the others its parts."""

    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None


class ProofOfDelivery(_Answered, frozen=True):
    """A document of DHL's, and who signed it."""

    document_url: str | None = None
    signed: Signer = Signer()


class Details(_Answered, frozen=True):
    """All about the shipment that doesn't change on its way; of people only who signed is read."""

    product: Product = Product()
    weight: Quantity = Quantity()
    proof_of_delivery: ProofOfDelivery = ProofOfDelivery()
    piece_ids: tuple[str, ...] = ()


class Shipment(_Answered, frozen=True):
    """One shipment, or one leg of one: `return_flag` says that it goes back to its sender."""

    id: str = ""
    service: str | None = None
    origin: Place = Place()
    destination: Place = Place()
    status: Event = Event()
    estimated_time_of_delivery: str | None = None
    estimated_delivery_time_frame: TimeFrame = TimeFrame()
    reroute_url: str | None = None
    return_flag: bool = False
    details: Details = Details()
    events: tuple[Event, ...] = ()


class Shipments(_Answered, frozen=True):
    """A whole answer; the further addresses are paths with a query, one for each service that may know more."""

    shipments: tuple[Shipment, ...] = ()
    possible_additional_shipments_url: tuple[str, ...] = ()


def shipments_in(raw: bytes) -> Shipments:
    """An answer of `/track/shipments`; a ValueError where it isn't one. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Shipments, strict=False)
