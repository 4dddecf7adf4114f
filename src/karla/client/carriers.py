"""The catalogue of carriers as the API answers it, and what a search in it goes by."""

import msgspec

from karla.client.filters import Paging


class CarrierFilters(Paging, total=False):
    """Which carriers: `q` is a part of name, alias or reference, `country` the home country (ISO 3166 alpha-2)."""

    q: str
    country: str
    kind: str


class NumberPattern(msgspec.Struct, frozen=True, kw_only=True):
    """A form of numbers: an anchored regular expression, and the rule of the check digit where there is one."""

    pattern: str
    check: str | None


class Aggregators(msgspec.Struct, frozen=True, kw_only=True):
    """What trackers call the carrier."""

    aftership: str | None
    seventeentrack: str | None


class Logo(msgspec.Struct, frozen=True, kw_only=True):
    """A letter in white on a colour (`#rrggbb`)."""

    letter: str
    color: str


class CatalogueCarrier(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier; `country` is None where it is international, `tracking_url` holds `{number}`."""

    reference: str
    name: str
    aliases: list[str]
    country: str | None
    kind: str
    website: str | None
    tracking_url: str | None
    number_patterns: list[NumberPattern]
    aggregators: Aggregators
    logo: Logo
