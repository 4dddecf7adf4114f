"""What providers told of parcels, read: the pure mappings, with what they don't know counted."""

from karla.infra.telemetry import CARRIER_UNKNOWN_CODES
from karla.integrations import registry
from karla.integrations.carriers.contract import Parcel, Reading


def read(slug: str, raw: bytes, parcel: Parcel) -> Reading:
    """A provider's raw answer; ValueError where it isn't of the provider's form."""
    reading = registry.carrier_mapping(slug)(raw, parcel)
    if reading.unknown:
        CARRIER_UNKNOWN_CODES.labels(slug).inc(len(reading.unknown))
    return reading
