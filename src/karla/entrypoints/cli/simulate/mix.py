"""Mixes: how a shop's orders spread over days, lanes, carriers and stories; data that a merchant may write too."""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import time
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from karla.domain.shipments.rules.carriers import nearest
from karla.entrypoints.cli.simulate.world import COUNTRIES
from karla.infra.errors import KarlaError
from karla.infra.validation import Shape
from karla.integrations.carriers.sandbox.stories import STORIES
from karla.vocabulary.carriers import CARRIERS

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Weight = Annotated[float, Meta(ge=0, le=1_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Clock = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Weights = dict[str, Weight]

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CUSTOMS = "CUSTOMS"

_FOLDER = "mixes"
_ENDING = ".toml"

# Parcels between these pass no customs.
_CUSTOMS_UNION = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)


class MixInvalid(Exception):
    """A mix that can't be used; the message names it, and every fault."""


class Ordering(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When is ordered, and how much.

    `hours` has a weight for each hour of the day, `lines` one for orders of one product, of two, and so on.
    `two_parcels` is the share of those with enough for two that goes in two, `partial` the share of these whose
    second parcel follows days later.
    """

    weekdays: dict[Weekday, Weight]
    hours: Annotated[list[Weight], Meta(min_length=24, max_length=24)]
    lines: Annotated[list[Weight], Meta(min_length=1, max_length=4)]
    two_parcels: Share = 0.0
    partial: Share = 0.0


class Handling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When parcels are handed over: on one of `days`, between the times of `handover`.

    What is ordered after `cut_off` goes on the next such day, and the share `late` of all parcels a day after that.
    """

    days: Annotated[list[Weekday], Meta(min_length=1)]
    cut_off: Clock
    handover: Annotated[list[Clock], Meta(min_length=2, max_length=2)]
    late: Share = 0.0

    @property
    def closes(self) -> time:
        """The last moment for the same day."""
        return time.fromisoformat(self.cut_off)

    @property
    def window(self) -> tuple[time, time]:
        """When the carriers come."""
        first, last = map(time.fromisoformat, self.handover)
        return first, last


class Lane(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders that go to one country; `origin` is where they are sent from, the mix's own unless told."""

    country: Country
    weight: Weight
    carriers: Annotated[Weights, Meta(min_length=1)]
    origin: Country | None = None
    stories: Weights = {}


class Mix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole mix; times of day are of `zone`."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    origin: Country
    zone: str
    orders: Ordering
    handling: Handling
    stories: Weights
    lanes: Annotated[list[Lane], Meta(min_length=1)]
    carriers: dict[str, Weights] = {}

    @property
    def local(self) -> ZoneInfo:
        """The zone of its times of day."""
        return ZoneInfo(self.zone)

    def origin_of(self, lane: Lane) -> str:
        """The country that the lane begins in."""
        return lane.origin or self.origin

    def stories_of(self, lane: Lane, carrier: str) -> Mapping[str, float]:
        """The weights of the stories that can happen to a carrier's parcels on a lane."""
        told = {**self.stories, **self.carriers.get(carrier, {}), **lane.stories}
        if not passes_customs(self.origin_of(lane), lane.country):
            told.pop(CUSTOMS, None)
        return {story: weight for story, weight in told.items() if weight}


def passes_customs(origin: str, country: str) -> bool:
    """Whether a parcel from one country to the other is looked at by customs."""
    return origin != country and not {origin, country} <= _CUSTOMS_UNION


def names() -> list[str]:
    """The mixes that come with Karla."""
    folder = files(__package__).joinpath(_FOLDER)
    return sorted(file.name.removesuffix(_ENDING) for file in folder.iterdir() if file.name.endswith(_ENDING))


def mix_of(told: str) -> Mix:
    """The mix of a name, or of a file whose path ends with `.toml`; MixInvalid."""
    if told in names():
        return read(told, files(__package__).joinpath(_FOLDER, told + _ENDING).read_bytes())
    path = Path(told)
    if path.suffix != _ENDING:
        raise MixInvalid(f"There is no mix {told!r}; there are {', '.join(names())}, or give the path of a .toml file")
    try:
        return read(path.stem, path.read_bytes())
    except OSError as error:
        raise MixInvalid(f"{told} can't be read: {error.strerror}") from error


def read(name: str, text: bytes) -> Mix:
    """The mix that a TOML file tells; MixInvalid with every fault."""
    try:
        told = msgspec.json.encode(tomllib.loads(text.decode()))
    except (ValueError, OverflowError) as error:  # of its encoding, of TOML, and of numbers beyond 64 bits
        raise MixInvalid(f"The mix {name!r} is no TOML: {error}") from error
    try:
        mix = _SHAPE.decode(told)
    except KarlaError as error:
        found = [f"{_place(fault.loc[1:])}: {fault.msg}" for fault in error.faults] or [error.message]
    else:
        found = [*_faults(mix)]
    if found:
        raise MixInvalid(f"The mix {name!r} can't be used:\n" + "\n".join(f"  {fault}" for fault in found))
    return mix


_SHAPE = Shape(Mix)


def _place(loc: Sequence[str | int]) -> str:
    """Where a fault is, as one finds it in the file; lists count from 1 there."""
    told = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in loc)
    return told.removeprefix(".") or "the file"


def _faults(mix: Mix) -> Iterator[str]:
    """What is wrong with a mix whose values are each well-formed."""
    if mix.zone not in available_timezones():
        yield f"zone: there is no time zone {mix.zone!r}"
    yield from _without_weight("orders.weekdays", mix.orders.weekdays.values())
    yield from _without_weight("orders.hours", mix.orders.hours)
    yield from _without_weight("orders.lines", mix.orders.lines)
    first, last = mix.handling.window
    if first < mix.handling.closes:
        yield "handling.handover: begins before handling.cut_off, so that a parcel would leave before its order"
    if last <= first:
        yield "handling.handover: ends before it begins"
    yield from _unknown_stories("stories", mix.stories)
    used = {reference for lane in mix.lanes for reference in lane.carriers}
    for reference, stories in mix.carriers.items():
        yield from _unknown_carriers("carriers", [reference])
        if reference not in used:
            yield f"carriers.{reference}: no lane has this carrier"
        yield from _unknown_stories(f"carriers.{reference}", stories)
    yield from _without_weight("lanes", [lane.weight for lane in mix.lanes])
    for place, lane in enumerate(mix.lanes):
        yield from _faults_of_lane(mix, place, lane)


def _faults_of_lane(mix: Mix, place: int, lane: Lane) -> Iterator[str]:
    at = f"lanes[{place + 1}]"
    if lane.country not in COUNTRIES:
        yield f"{at}.country: nobody is known to live in {lane.country}; there are {', '.join(COUNTRIES)}"
    same = [(other.country, mix.origin_of(other)) for other in mix.lanes[:place]]
    if (lane.country, mix.origin_of(lane)) in same:
        yield f"{at}: there is a lane from {mix.origin_of(lane)} to {lane.country} before it"
    yield from _unknown_carriers(f"{at}.carriers", lane.carriers)
    yield from _without_weight(f"{at}.carriers", lane.carriers.values())
    yield from _unknown_stories(f"{at}.stories", lane.stories)
    for reference, weight in lane.carriers.items():
        if weight and not mix.stories_of(lane, reference):
            yield f"{at}.carriers.{reference}: no story can happen to its parcels, as all weights are 0"


def _without_weight(at: str, weights: Iterable[float]) -> Iterator[str]:
    if not any(weights):
        yield f"{at}: all weights are 0"


def _unknown_carriers(at: str, references: Iterable[str]) -> Iterator[str]:
    for reference in references:
        if reference not in CARRIERS:
            yield f"{at}.{reference}: there is no such carrier{_meant(nearest(reference))}"


def _unknown_stories(at: str, stories: Iterable[str]) -> Iterator[str]:
    for story in stories:
        if story not in STORIES:
            near = difflib.get_close_matches(story.upper(), STORIES, n=3, cutoff=0.6)
            yield f"{at}.{story}: there is no such story of the sandbox{_meant(near)}"


def _meant(near: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(near)}?" if near else ""
