"""The form of what 17TRACK tells of a number, as far as it is read; what it doesn't know is null."""

import msgspec

from karla.integrations.carriers.nulls import without_nulls


class Address(msgspec.Struct, frozen=True):
    """Countries are alpha-2."""

    country: str | None = None
    state: str | None = None
    city: str | None = None
    postal_code: str | None = None


class RawTime(msgspec.Struct, frozen=True):
    """A time as the carrier wrote it."""

    date: str | None = None
    time: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One scan. `time_iso` has an offset where the carrier gave one or 17TRACK knows the place's.

    `stage` is one of nine that stand out, and mostly null; `sub_status` starts with the main status.
    """

    time_iso: str | None = None
    time_utc: str | None = None
    time_raw: RawTime = RawTime()
    description: str | None = None
    location: str | None = None
    stage: str | None = None
    sub_status: str | None = None
    address: Address = Address()


class Provider(msgspec.Struct, frozen=True):
    """What one carrier told, the newest first; a parcel may have one for each end of its way."""

    service_type: str | None = None
    events: tuple[Event, ...] = ()


class Providers(msgspec.Struct, frozen=True):
    """All that carriers told."""

    providers: tuple[Provider, ...] = ()


class Estimate(msgspec.Struct, frozen=True, rename={"opens": "from", "closes": "to"}):
    """`source` is `Official` where the carrier itself estimates, else 17TRACK does."""

    source: str | None = None
    opens: str | None = None
    closes: str | None = None


class Metrics(msgspec.Struct, frozen=True):
    """Figures, of which only the estimate is read."""

    estimated_delivery_date: Estimate = Estimate()


class Misc(msgspec.Struct, frozen=True):
    """What the carrier says of the parcel itself."""

    service_type: str | None = None
    weight_kg: str | None = None


class Ends(msgspec.Struct, frozen=True):
    """Whence and whereto."""

    shipper_address: Address = Address()
    recipient_address: Address = Address()


class TrackInfo(msgspec.Struct, frozen=True):
    """All that is known of a number."""

    shipping_info: Ends = Ends()
    latest_event: Event = Event()
    time_metrics: Metrics = Metrics()
    misc_info: Misc = Misc()
    tracking: Providers = Providers()


class Tracked(msgspec.Struct, frozen=True):
    """One number at one carrier, by 17TRACK's number for it; names of people are not in it."""

    number: str
    carrier: int | None = None
    track_info: TrackInfo | None = None

    @property
    def known(self) -> bool:
        """Whether anything was scanned."""
        told = self.track_info
        return told is not None and bool(
            told.latest_event.time_iso or any(one.events for one in told.tracking.providers)
        )


def tracked_in(raw: bytes) -> Tracked:
    """What is told of one number; a ValueError where it is something else. What is null counts as left out."""
    return msgspec.convert(without_nulls(msgspec.json.decode(raw)), Tracked, strict=False)
