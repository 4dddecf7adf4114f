"""The form of AfterShip's trackings, as far as it is read; what AfterShip doesn't know is null or left out."""

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class Reason(msgspec.Struct, frozen=True):
    """Why an event happened."""

    code: str | None = None


class Event(msgspec.Struct, frozen=True):
    """What AfterShip reads out of a checkpoint's message, finer than its subtag; the list of them may be empty."""

    code: str | None = None
    reason: Reason = Reason()


class Checkpoint(msgspec.Struct, frozen=True):
    """One scan. `hash` is its identity, since version 2026-07; `country_region` has three letters.

    `checkpoint_time` has an offset only where the carrier gave one. `raw_tag` is the carrier's own code.
    """

    slug: str | None = None
    checkpoint_time: str | None = None
    location: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country_region: str | None = None
    country_region_name: str | None = None
    message: str | None = None
    tag: str | None = None
    subtag: str | None = None
    subtag_message: str | None = None
    raw_tag: str | None = None
    events: tuple[Event, ...] = ()
    hash: str | None = None


class Estimate(msgspec.Struct, frozen=True):
    """The carrier's own estimate: days or moments, at the receiver's clocks where they have no offset."""

    estimated_delivery_date: str | None = None
    estimated_delivery_date_min: str | None = None
    estimated_delivery_date_max: str | None = None


class Latest(msgspec.Struct, frozen=True):
    """The newest estimate, whoever made it: `source` is `Carrier EDD` for the carrier's."""

    source: str | None = None
    datetime: str | None = None
    datetime_min: str | None = None
    datetime_max: str | None = None


class Weight(msgspec.Struct, frozen=True):
    """In kg, g, lb or oz."""

    value: float | None = None
    unit: str | None = None


class Proof(msgspec.Struct, frozen=True):
    """A picture of the parcel (`type` is image) or a signature."""

    type: str | None = None
    url: str | None = None


class Tracking(msgspec.Struct, frozen=True):
    """One parcel at one carrier; of people only who signed is read."""

    tracking_number: str
    slug: str | None = None
    origin_country_region: str | None = None
    destination_country_region: str | None = None
    destination_state: str | None = None
    destination_postal_code: str | None = None
    courier_destination_country_region: str | None = None
    courier_estimated_delivery_date: Estimate = Estimate()
    latest_estimated_delivery: Latest = Latest()
    shipment_type: str | None = None
    shipment_weight: Weight = Weight()
    pickup_location: str | None = None
    pickup_note: str | None = None
    courier_redirect_link: str | None = None
    signed_by: str | None = None
    proof_of_delivery: tuple[Proof, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()


def tracking_in(raw: bytes) -> Tracking:
    """One tracking; a ValueError where it isn't one. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Tracking, strict=False)
