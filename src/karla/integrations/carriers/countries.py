"""Countries by what carriers call them."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def country_of(name: str | None) -> str | None:
    """The ISO 3166 alpha-2 code of a name in English, or in German where that differs much; a code stays itself."""
    if not name:
        return None
    wanted = name.strip()
    names = _names()
    return names.get(wanted.casefold()) or (wanted.upper() if wanted.upper() in names.values() else None)


@cache
def _names() -> Mapping[str, str]:
    rows = csv.DictReader(files(__package__).joinpath("countries.csv").read_text(encoding="utf-8").splitlines())
    return {name.casefold(): row["country"] for row in rows for name in row["names"].split("|")}
