"""ZIP codes as people type them, beside the one that an order goes to."""

import hmac

from karla.domain.shoppers.rules.typed import plain
from karla.vocabulary.countries import ALPHA_2

# With five digits of one's own and four more for the street.
_PLUS_FOUR = frozenset({"US", "PR", "VI", "GU", "AS", "MP", "FM", "MH", "PW"})

# What is written before a code to tell its country, beside the letters of ISO 3166: mostly those of number plates.
_MARKS: dict[str, tuple[str, ...]] = {
    "AT": ("A",),
    "BE": ("B",),
    "CH": ("CH",),
    "DE": ("D",),
    "ES": ("E",),
    "FI": ("FIN", "SF"),
    "FR": ("F",),
    "GB": ("UK",),
    "HU": ("H",),
    "IE": ("IRL",),
    "IT": ("I",),
    "LI": ("FL",),
    "LU": ("L",),
    "NO": ("N",),
    "PT": ("P",),
    "SE": ("S",),
    "SG": ("S",),
    "SI": ("SLO",),
    "SM": ("RSM",),
    "VA": ("V",),
}
_ALIASES = {"EL": "GR", "UK": "GB"}
# The shortest code of any country has three characters.
_SHORTEST = 3
# Compared with where there is nothing to compare with.
_NOBODYS = "ZZ99 9ZZ"


def same_zip_code(stored: str | None, typed: str, country_code: str | None) -> bool:
    """Whether somebody typed the code that an order goes to, however either of them is written.

    An order without a code is nobody's to open by it; zeros alone, or no digit at all, are what shops write for none.
    As much is compared for an order that has no code, or that isn't there at all, as for one that has.
    """
    country = _country(country_code)
    known = bool(_compact(stored or ""))
    kept = _forms(stored if stored and known else _NOBODYS, country)
    told = _forms(typed, country) + _digits_alone(typed, country)
    same = [hmac.compare_digest(one.encode(), other.encode()) for one in kept for other in told]
    return any(same) and known


def _forms(code: str, country: str | None) -> list[str]:
    """What a code may stand for: with its country before it and without."""
    told = _compact(code)
    bare = (told[len(mark) :] for mark in _marks(country) if told.startswith(mark))
    # Where no country is known, a letter may be the code's own.
    usual = (rest for rest in bare if len(rest) >= _SHORTEST and (country or rest[0].isdigit()))
    return list(dict.fromkeys(_significant(form, country) for form in (told, *usual) if form))


def _digits_alone(typed: str, country: str | None) -> list[str]:
    """Of "10119 Berlin" the code, where codes are numbers."""
    digits = "".join(filter(str.isdigit, _compact(typed)))
    return [_significant(digits, country)] if len(digits) >= _SHORTEST else []


def _compact(code: str) -> str:
    """Letters and digits alone, in capitals; nothing of a code that says nothing."""
    told = "".join(filter(str.isalnum, plain(code).upper()))
    return told if any(character in "123456789" for character in told) else ""


def _significant(form: str, country: str | None) -> str:
    """Without what is often left out: in the US the four digits for the street, and zeros that a table took away."""
    if not form.isdigit():
        return form
    # Of nine digits a table may have taken one or two away.
    if 7 <= len(form) <= 9 and (country in _PLUS_FOUR or (country is None and len(form) == 9)):
        form = form.zfill(9)[:5]
    return form.lstrip("0")


def _country(code: str | None) -> str | None:
    told = (code or "").strip().upper()
    told = ALPHA_2.get(told, _ALIASES.get(told, told))
    return told if len(told) == 2 else None


def _marks(country: str | None) -> list[str]:
    if country is None:
        return _ANY_MARK
    return [country, *_MARKS.get(country, ()), *(long for long, short in ALPHA_2.items() if short == country)]


_ANY_MARK = [
    *dict.fromkeys([*ALPHA_2.values(), *ALPHA_2, *(mark for marks in _MARKS.values() for mark in marks)]),
]
