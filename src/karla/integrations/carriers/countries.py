"""Countries by what carriers call them, and what is spoken there."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

_ENGLISH: Final = "en"
# Of Karla's languages the one that most receivers read.
_LANGUAGES: Final = {
    "de": ("DE", "AT", "CH", "LI"),
    "fr": ("FR", "LU", "MC"),
    "es": ("ES",),
    "it": ("IT", "SM", "VA"),
    "nl": ("NL", "BE"),
    "da": ("DK",),
    "pl": ("PL",),
}
_BY_COUNTRY: Final = {country: language for language, countries in _LANGUAGES.items() for country in countries}


def country_of(name: str | None) -> str | None:
    """The ISO 3166 alpha-2 code of a name in English, or in German where that differs much; a code stays itself."""
    if not name:
        return None
    wanted = name.strip()
    names = _names()
    return names.get(wanted.casefold()) or (wanted.upper() if wanted.upper() in names.values() else None)


def language_at(country: str | None) -> str:
    """In which language a carrier is asked to word what happens to a parcel for this country (alpha-2)."""
    return _BY_COUNTRY.get(country or "", _ENGLISH)


@cache
def _names() -> Mapping[str, str]:
    rows = csv.DictReader(files(__package__).joinpath("countries.csv").read_text(encoding="utf-8").splitlines())
    return {name.casefold(): row["country"] for row in rows for name in row["names"].split("|")}
