"""The closed list of carriers, as data: rows, names, hosts, formats of numbers, and a logo of our own for each."""

from typing import Final

from karla.vocabulary.carriers.catalogue import CARRIERS, TRACKERS, Carrier, tracking_url

__all__ = ["CARRIERS", "SANDBOX", "TRACKERS", "Carrier", "tracking_url"]

SANDBOX: Final = "sandbox"
"""The carrier that is played for developers: no one else knows of its parcels."""
