"""The closed list of carriers, as data: rows, names, hosts, formats of numbers, and a logo of our own for each."""

from karla.vocabulary.carriers.catalogue import CARRIERS, TRACKERS, Carrier, tracking_url

__all__ = ["CARRIERS", "TRACKERS", "Carrier", "tracking_url"]
