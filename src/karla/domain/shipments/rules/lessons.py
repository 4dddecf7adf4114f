"""What a shop's corrections teach about its parcels: the carrier of its next ones of the same make."""

from collections.abc import Mapping
from typing import Final

import msgspec

from karla.domain.shipments.rules.carriers import infer, match
from karla.vocabulary.carriers.names import folded_words

_KEPT_LETTERS: Final = 4
_LONGEST: Final = 80


class Make(msgspec.Struct, frozen=True):
    """What two parcels of the same kind have in common: the shop's word for the carrier, and the form of the number.

    Both are folded, either may be empty.
    """

    company: str
    form: str


class Habits(msgspec.Struct, frozen=True):
    """What is known of one shop: the carriers that it corrected to, by make, and how often it had which of late."""

    lessons: Mapping[Make, str] = {}
    used: Mapping[str, int] = {}


NONE: Final = Habits()


def make_of(company: str | None, number: str | None) -> Make:
    """The make of a parcel; its number's first letters as they are, then how many letters and digits follow."""
    sign = "".join((number or "").split()).upper()[:_LONGEST]
    letters = len(sign) - len(sign.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    kept = sign[: min(letters, _KEPT_LETTERS)]
    return Make(" ".join(folded_words(company or ""))[:_LONGEST], kept + _runs(sign[len(kept) :]))


def carrier_of(
    habits: Habits, number: str | None, url: str | None, company: str | None, country: str | None
) -> str | None:
    """The parcel's carrier as this shop's history has it, else as its clues say.

    A carrier's own tracking page is beyond doubt, so it goes before what the shop taught; what it merely used
    before decides only where nothing else does.
    """
    by_page = infer(None, url) if url else None
    if by_page is not None:
        return infer(number, url, company, country)
    taught = habits.lessons.get(make_of(company, number)) if habits.lessons else None
    if taught is not None:
        return taught
    found = infer(number, url, company, country)
    if found is None and habits.used:
        return match(number, url, company, country, habits.used).reference
    return found


def _runs(sign: str) -> str:
    """`9` for a digit, `A` for a letter, anything else as it is, each with how many follow each other."""
    form: list[tuple[str, int]] = []
    for char in sign:
        kind = "9" if char.isdecimal() else "A" if char.isalpha() else char
        if form and form[-1][0] == kind:
            form[-1] = kind, form[-1][1] + 1
        else:
            form.append((kind, 1))
    return "".join(f"{kind}{count}" for kind, count in form)
