"""The rows of the catalogue: what each carrier is called, where it is tracked, what its numbers look like."""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import msgspec

_CURATED_ROWS: Final = 420
"""The first rows of the catalogue are set by hand; the rest comes from public carrier lists."""

TRACKERS: Final = frozenset({"aftership", "packlink", "parcelsapp", "sendcloud", "seventeen_track", "shippypro", "upu"})
"""Rows that show other carriers' parcels: never the carrier of a shipment."""


class Carrier(msgspec.Struct, frozen=True):
    """A row of the catalogue.

    `country` is the home country (ISO 3166 alpha-2), empty where international; `kind` a hint.
    `number_patterns` are anchored and meant for a number without blanks, hyphens and dots, in upper
    case; `checks` runs parallel to it and names a check-digit rule, `-` where none is trusted.
    `tracking_url` holds `{number}`, or is empty.
    """

    reference: str
    name: str
    aliases: tuple[str, ...]
    country: str
    kind: str
    website: str
    tracking_url: str
    number_patterns: tuple[str, ...]
    checks: tuple[str, ...]
    aftership_slug: str
    seventeentrack_key: str
    curated: bool


def _load() -> Mapping[str, Carrier]:
    table = files("karla.vocabulary").joinpath("carriers.tsv").read_text(encoding="utf-8")
    carriers = {}
    for row, line in enumerate(table.splitlines()[1:]):
        reference, name, aliases, country, kind, website, url, patterns, checks, slug, key = line.split("\t")
        carriers[reference] = Carrier(
            reference=reference,
            name=name,
            aliases=_listed(aliases),
            country=country,
            kind=kind,
            website=website,
            tracking_url=url,
            number_patterns=_listed(patterns),
            checks=_listed(checks),
            aftership_slug=slug,
            seventeentrack_key=key,
            curated=row < _CURATED_ROWS,
        )
    return MappingProxyType(carriers)


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


CARRIERS: Final[Mapping[str, Carrier]] = _load()


def tracking_url(reference: str, number: str) -> str | None:
    """Return the carrier's public tracking page for a number, None where we know of none."""
    carrier = CARRIERS.get(reference)
    if carrier is None or not carrier.tracking_url:
        return None
    return carrier.tracking_url.replace("{number}", quote(number.strip(), safe=""))
