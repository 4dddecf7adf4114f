"""What the sandbox knows by heart: its ready stories, its codes and who takes a parcel, as data."""

import csv
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

import msgspec

_SERVICE = "Sandbox Parcel"


class Ready(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A story that numbers name; `ends` is the phase of its shipment when all is told."""

    name: str
    title: str
    steps: str
    ends: str
    service: str = _SERVICE
    origins: tuple[str, ...] = ("DE",)


class Code(msgspec.Struct, frozen=True):
    """A code that numbers have for a scan, with its wording by language.

    `kind` says what it does to the expected delivery: `van` (within hours now), `handover` (done), `end` (off),
    `way` (on again), `note` (nothing). `place` is where it is scanned: a part of the way (see `route.Route`),
    `point:` and the kind of a collection point, or `here`, where the scan before it was.
    """

    code: str
    kind: str
    place: str
    words: Mapping[str, str]


class Handover(msgspec.Struct, frozen=True):
    """What may be told of a delivery beside its scan: `member` of the answer, and its wording by language."""

    member: str
    words: Mapping[str, str]


def _stories() -> Mapping[str, Ready]:
    told = tomllib.loads(files(__package__).joinpath("stories.toml").read_text(encoding="utf-8"))
    ready = msgspec.convert(told["stories"], tuple[Ready, ...])
    return MappingProxyType({story.name: story for story in ready})


def _codes() -> Mapping[str, Code]:
    rows = csv.DictReader(files(__package__).joinpath("codes.csv").read_text(encoding="utf-8").splitlines())
    made = (Code(row["code"], row["kind"], row["place"], {"en": row["en"], "de": row["de"]}) for row in rows)
    return MappingProxyType({code.code: code for code in made})


def _handovers() -> Mapping[str, tuple[Handover, ...]]:
    found: dict[str, tuple[Handover, ...]] = {}
    text = files(__package__).joinpath("handovers.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        made = Handover(row["member"], {"en": row["en"], "de": row["de"]})
        found[row["code"]] = (*found.get(row["code"], ()), made)
    return MappingProxyType(found)


STORIES: Mapping[str, Ready] = _stories()
CODES: Mapping[str, Code] = _codes()
HANDOVERS: Mapping[str, tuple[Handover, ...]] = _handovers()
"""By the code of the delivery, those that one of is told."""


def code_of(code: str) -> Code:
    """A code of the table, or one that begins with X, which no table knows."""
    words = {"en": f"Message {code} of the sandbox", "de": f"Meldung {code} der Sandbox"}
    return CODES.get(code) or Code(code, "way", "here", words)
