"""What an integration of a carrier, or of one who tracks many carriers, does and answers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec

from karla.integrations.contract import Failure, NotFound


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a parcel before the carrier is asked.

    Countries are ISO 3166 alpha-2. `language` has two letters: how scans are worded, always the same for one
    parcel. `registered`: the provider knows of it already, as `register` went well before. `placed_at`, aware, is
    when it was handed in, as the shop says; None where it didn't.
    """

    tracking_number: str
    carrier_reference: str | None = None
    destination_country: str | None = None
    destination_postal_code: str | None = None
    origin_country: str | None = None
    language: str = "en"
    registered: bool = False
    placed_at: datetime | None = None


class Raw(msgspec.Struct, frozen=True):
    """What the provider told of one parcel, byte by byte, cut out of the batch that it may have come in."""

    body: bytes
    content_type: str = "application/json"


Answer: TypeAlias = Raw | NotFound | Failure
"""Of one parcel; a Failure here is about this parcel alone."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a carrier says happened.

    `external_id` is made of what the provider sent alone, so that the same scan has the same one whenever it is
    read, by whatever mapping. `event_name` is one of the catalogue, None where the carrier's code is unknown or
    tells nothing of a parcel's life. `event_time` is aware; `timezone` the IANA name of its place, None where only
    the moment is known. `raw_text` is the carrier's own wording.

    `location` has any of `city`, `postal_code`, `region`, `country` (alpha-2) and `name`. Of `additional_info` the
    domain understands `expected_delivery` (`from` and `to`, ISO 8601 with zone), `pickup_point`,
    `pickup_point_url`, `pickup_opening_hours` (text, or times by days) and `pickup_time` (until when, ISO 8601
    with zone); `correction` True takes back what was told until then; anything else is kept and shown.
    """

    external_id: str
    event_name: str | None
    event_time: datetime
    timezone: str | None = None
    raw_code: str | None = None
    raw_text: str = ""
    location: Mapping[str, Any] = {}
    additional_info: Mapping[str, Any] = {}


def last_known(scans: Sequence[Scan]) -> Scan | None:
    """Of scans in the order of time the last one whose meaning is known."""
    return next((scan for scan in reversed(scans) if scan.event_name), None)


class PickupPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a parcel waits for its receiver; `type` is shop, locker, neighbor, letterbox or None."""

    name: str
    type: str | None = None
    address: str | None = None
    url: str | None = None
    opening_hours: str | None = None
    until: datetime | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one raw answer says, scans oldest first.

    The window is what the carrier promises now, both ends aware; where it names a day, from its start to its end
    at the destination. `unknown` has the codes, or the texts where there are no codes, that the status table
    lacks, each once. `service` is the carrier's word for the product.

    Of the handover: `received_by` is who took the parcel, by the name that the carrier noted, never the one that it
    was addressed to; `neighbour` a neighbour's name, where it is told besides; `left_at` the place in the carrier's
    words; `photo_url` a picture of the parcel there, and the proof any page or document. All of it is of the newest
    delivery. A name is read only where the carrier has a member for it, never out of a text.
    """

    scans: tuple[Scan, ...] = ()
    expected_from: datetime | None = None
    expected_to: datetime | None = None
    service: str | None = None
    pickup: PickupPoint | None = None
    reroute_url: str | None = None
    received_by: str | None = None
    neighbour: str | None = None
    left_at: str | None = None
    photo_url: str | None = None
    proof_of_delivery_url: str | None = None
    origin_country: str | None = None
    destination_country: str | None = None
    weight_grams: int | None = None
    unknown: tuple[str, ...] = ()


class Pushed(msgspec.Struct, frozen=True):
    """One parcel's news in a push: `raw` is what `read` takes, `carrier` what the provider calls the carrier."""

    tracking_number: str
    carrier: str | None
    raw: Raw


class Carrier(Protocol):
    """One merchant's account with a provider: `adapter.Adapter(manifest, credentials, calling)` in its folder.

    The credentials have their defaults filled in. It never sleeps and never retries; a method that fails wholly
    raises a Failure. Where the provider has the capability `test_clock`, what `calling.clock` shows is the shop's test
    clock, if it has one.
    """

    async def try_credentials(self) -> None:
        """Return where the account can be used; Unauthorised where it can't."""

    async def track(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """One answer a parcel, in the order asked; of at most `pace.batch` parcels."""
        ...


@runtime_checkable
class Registrar(Protocol):
    """A provider that follows only parcels that it was told of: capability `register`."""

    async def register(self, parcels: Sequence[Parcel]) -> list[Failure | None]:
        """Tell of at most `pace.batch` parcels; one that is known already is no failure."""
        ...


@runtime_checkable
class Pusher(Protocol):
    """A provider that tells us: capability `push`. All methods are pure."""

    def verify_push(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the provider signed this, by this account's secret; names of headers in lower case."""
        ...

    def read_push(self, body: bytes) -> list[Pushed]:
        """The parcels it tells of; ValueError where it isn't of the provider's form."""
        ...

    def carrier_name(self, reference: str) -> str | None:
        """What its pushes call a carrier of the catalogue; None where we don't know."""
        ...


Read: TypeAlias = Callable[[bytes, Parcel], Reading]
"""`mapping.read` of a provider: pure. It takes a Raw's body; ValueError where that isn't of the provider's form."""
