"""What is known of a parcel beside its number, and how it narrows a choice of carriers."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from karla.vocabulary.carriers import CARRIERS, TRACKERS
from karla.vocabulary.carriers.names import S10_BRANDS, families

NEVER: Final = TRACKERS | {"dhl_old"}
"""References that are never inferred."""


class Clue(msgspec.Struct, frozen=True):
    """What narrows a choice.

    `country` is the destination (ISO alpha-2 or empty), `company` the carrier that the shop's word for it names;
    `used` says how often the shop had which carrier before, and decides only what nothing else does.
    """

    country: str
    company: str | None
    used: Mapping[str, int] | None = None


def family(reference: str) -> str:
    """The reference of the carrier's brand; its own where it has no sisters."""
    return families().get(reference, reference)


def choose(references: Iterable[str], clue: Clue, number: str = "") -> str | None:
    """Narrow to one carrier by company, S10 brand, country, family and what the shop used; None if several remain."""
    left = list(dict.fromkeys(references))
    if clue.company in left:
        return clue.company
    if clue.company:
        related = [ref for ref in left if family(ref) == family(clue.company)]
        left = related or left
    if len(left) > 1 and len(number) == 13:
        brand = S10_BRANDS.get(number[-2:], {}).get(number[0])
        left = [brand] if brand in left else left
    if len(left) > 1:
        left = [ref for ref in left if CARRIERS[ref].country == clue.country] or left
    heads = {family(ref) for ref in left}
    if len(heads) != 1:
        return most_used(left, clue)
    head = heads.pop()
    return head if head in left else left[0]


def most_used(references: Iterable[str], clue: Clue) -> str | None:
    """The one of these that the shop used most often; None where it used none, or two equally often."""
    if not clue.used:
        return None
    counted = sorted(((clue.used.get(ref, 0), ref) for ref in set(references)), reverse=True)
    if not counted or counted[0][0] <= 0 or (len(counted) > 1 and counted[1][0] == counted[0][0]):
        return None
    return counted[0][1]
