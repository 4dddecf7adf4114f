"""Where the sandbox's parcels pass through: a plausible way from a table of places, always the same for a number."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TypeVar

import msgspec

from karla.integrations.carriers.contract import Parcel
from karla.integrations.carriers.sandbox.grammar import Story
from karla.integrations.carriers.zones import Place, zone_of

T = TypeVar("T")

_HOME = "DE"
_ORIGINS = (_HOME,)


class Stop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place of the way; what isn't known of it is empty."""

    country: str
    city: str = ""
    postal_code: str = ""
    region: str = ""

    @property
    def zone(self) -> str | None:
        """The IANA name of its time zone, None where that isn't certain."""
        return zone_of(Place(self.country, self.region or None, self.postal_code or None))


class Point(msgspec.Struct, frozen=True):
    """A place to collect at; its address is a street and a city."""

    name: str
    address: str
    opening_hours: str


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The way of one parcel, in the words of the codes' places; `hubs` are those between its ends, in order."""

    sender: Stop
    origin: Stop
    export: Stop
    hubs: tuple[Stop, ...]
    arrival: Stop
    depot: Stop
    door: Stop

    def stop(self, place: str) -> Stop:
        """A part of the way by its name in the table of codes; of hubs the first."""
        named = {"sender": self.sender, "origin": self.origin, "export": self.export, "import": self.arrival}
        return named.get(place) or {"hub": self.hubs[0], "door": self.door}.get(place, self.depot)


def route_of(story: Story, parcel: Parcel) -> Route:
    """From where the parcel, or else its story, comes from to where it goes; a parcel to nowhere goes to Germany."""
    destination = (parcel.destination_country or _HOME).upper()
    origin = (parcel.origin_country or _origin_of(story, destination)).upper()
    start, depot = _one_of(_hubs(origin), story.number, "start"), _one_of(_hubs(destination), story.number, "depot")
    export, arrival = _hubs(origin)[0], _hubs(destination)[0]
    return Route(
        sender=start,
        origin=start,
        export=export,
        hubs=(start, arrival, depot) if origin == destination else (start, export, arrival),
        arrival=arrival,
        depot=depot,
        door=Stop(country=destination, postal_code=parcel.destination_postal_code)
        if parcel.destination_postal_code
        else depot,
    )


def _origin_of(story: Story, destination: str) -> str:
    origins = story.ready.origins if story.ready else _ORIGINS
    return next((country for country in origins if country != destination), origins[0])


def point_of(story: Story, kind: str, depot: Stop) -> Point:
    """The place of this kind where the parcel waits."""
    row = _one_of(_points()[kind], story.number, kind)
    return msgspec.structs.replace(row, address=f"{row.address}, {depot.postal_code} {depot.city}".strip(" ,"))


def drawn(number: str, what: str, sides: int) -> int:
    """A throw from 0 to below `sides`, always the same for a number and a purpose."""
    return int.from_bytes(sha256(f"{number}|{what}".encode()).digest()[:6], "big") % sides


def _one_of(choices: Sequence[T], number: str, what: str) -> T:
    return choices[drawn(number, what, len(choices))]


def _hubs(country: str) -> tuple[Stop, ...]:
    """Those of a country, the one with its borders first; of a country without any, the country itself."""
    return _all_hubs().get(country) or (Stop(country=country),)


@cache
def _all_hubs() -> Mapping[str, tuple[Stop, ...]]:
    found: dict[str, tuple[Stop, ...]] = {}
    for row in _rows("hubs.csv"):
        found[row["country"]] = (*found.get(row["country"], ()), msgspec.convert(row, Stop))
    return found


@cache
def _points() -> Mapping[str, tuple[Point, ...]]:
    found: dict[str, tuple[Point, ...]] = {}
    for row in _rows("points.csv"):
        point = Point(row["name"], row["street"], row["opening_hours"])
        found[row["kind"]] = (*found.get(row["kind"], ()), point)
    return found


def _rows(name: str) -> list[dict[str, str]]:
    return [*csv.DictReader(files(__package__).joinpath(name).read_text(encoding="utf-8").splitlines())]
