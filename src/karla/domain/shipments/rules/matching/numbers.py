"""Which carrier a tracking number is of, by its form and its check digit."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from karla.domain.shipments.rules.check_digits import CHECKS
from karla.domain.shipments.rules.matching.clues import NEVER, Clue, choose, family, most_used
from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.carriers.formats import NumberPattern, number_patterns

_AT_HOME_ONLY: Final = frozenset(
    {"canada_post", "hrs", "japan_post", "postat", "purolator", "russian_post", "sagawa", "yamato"}
)
"""Carriers whose digits-only numbers are read only for a destination at home; other formats of theirs travel."""
_DPD_DEPOTS: Final = ("01", "09")
"""How DPD's numbers in Germany begin, by its depots."""
_CHECK_BITS: Final = 3.3
_STRONG_BITS: Final = 7.5
_BARE_PREFIX_BITS: Final = 12.0
_PREFIX_BITS: Final = 6.6
_LONG: Final = 14
_SHORTEST_KNOWN: Final = 8
"""Digits that a number needs at least before what the shop used speaks for anybody."""

_NUMBER: Final = re.compile(r"[A-Z0-9/]{5,40}")
_NOISE: Final = re.compile(r"[\s.\u2010-\u2015-]+")


class Evidence(msgspec.Struct, frozen=True):
    """A carrier whose number format fits.

    `proven` by a check digit; `strong` beyond chance; `telling` if unlike an order number or a word.
    """

    reference: str
    bits: float
    proven: bool
    strong: bool
    telling: bool


def from_numbers(numbers: Iterable[str], clue: Clue) -> str | None:
    """The carrier of the first of these that has one."""
    return next(filter(None, (_from_number(number, clue) for number in numbers)), None)


def cleaned(raw: str) -> str:
    """The number without blanks, hyphens and dots, in upper case; empty where it can be none."""
    number = _NOISE.sub("", raw).upper()
    return number if _NUMBER.fullmatch(number) else ""


def _from_number(raw: str, clue: Clue) -> str | None:
    number = cleaned(raw)
    evidence = evidence_of(number)
    if not evidence:
        return None
    strong = [item for item in evidence if item.strong]
    if strong:
        most = max(item.bits for item in strong)
        found = choose((item.reference for item in strong if item.bits > most - 0.1), clue, number)
    elif clue.company:
        found = _in_family(evidence, clue, number)
    else:
        found = _by_country(evidence, clue, number) or _by_use(evidence, clue, number)
    company = clue.company
    if found and company and family(found) == family(company) and not CARRIERS[company].number_patterns:
        return company
    return found


def evidence_of(number: str) -> list[Evidence]:
    """One for each carrier that a cleaned number may be of, the strongest that there is."""
    found: dict[str, Evidence] = {}
    for pattern in number_patterns(number) if number else ():
        rule = CHECKS.get(pattern.check)
        is_carrier = pattern.reference not in NEVER and CARRIERS[pattern.reference].kind != "aggregator"
        if not is_carrier or (rule is not None and not rule(number)):
            continue
        item = _weigh(pattern, number, proven=rule is not None and not _rule_is_shared(pattern, number))
        known = found.get(pattern.reference)
        if known is None or (item.proven, item.bits) > (known.proven, known.bits):
            found[pattern.reference] = item
    return list(found.values())


def _rule_is_shared(pattern: NumberPattern, number: str) -> bool:
    """Whether a valid check digit says nothing about the carrier.

    Every SSCC (20 digits) ends in the same check digit, whoever issued and whoever moves it.
    Fourteen digits that start like a DPD depot may be DPD's, one in ten of which fit Hermes' rule.
    """
    return not pattern.bits and (len(number) == 20 or (len(number) == 14 and number.startswith(_DPD_DEPOTS)))


def _weigh(pattern: NumberPattern, number: str, *, proven: bool) -> Evidence:
    bits = pattern.bits + (_CHECK_BITS if proven else 0)
    if proven:
        strong = bits >= _STRONG_BITS
    else:
        long_enough = pattern.lettered and len(number) >= 13
        strong = bits >= _BARE_PREFIX_BITS or (long_enough and bits >= _STRONG_BITS)
    depot_missing = pattern.reference == "dpd" and pattern.regex == r"^\d{14}$" and not number.startswith("0")
    long = len(number) >= (9 if pattern.lettered else _LONG) or (len(number) >= 12 and pattern.bits >= _PREFIX_BITS)
    return Evidence(pattern.reference, bits, proven, strong, long and not depot_missing)


def _in_family(evidence: Sequence[Evidence], clue: Clue, number: str) -> str | None:
    """Choose among the company's own brands; the company speaks for itself if none fits."""
    related = [item for item in evidence if clue.company and family(item.reference) == family(clue.company)]
    proven = [item.reference for item in related if item.proven]
    if proven:
        return choose(proven, clue, number)
    fitting = [i.reference for i in related if i.reference == clue.company or is_at_home(i, clue, number)]
    return choose(fitting, clue, number)


def _by_country(evidence: Sequence[Evidence], clue: Clue, number: str) -> str | None:
    """Choose without a company: a check digit, unless a carrier of the destination has this format too."""
    proven = [item for item in evidence if item.proven and not _is_abroad(item, clue)]
    rivals = [item for item in evidence if not item.proven and is_at_home(item, clue, number)]
    if proven and (not rivals or any(is_at_home(item, clue, number) for item in proven)):
        return choose((item.reference for item in proven), clue, number)
    if proven and not all(item.telling for item in rivals):
        return None
    return choose((item.reference for item in rivals if item.telling), clue, number)


def _by_use(evidence: Sequence[Evidence], clue: Clue, number: str) -> str | None:
    """The carrier that the shop had for at least half of its parcels, where the number may be one of its."""
    if not clue.used or len(number) < _SHORTEST_KNOWN:
        return None
    found = most_used((item.reference for item in evidence), clue)
    return found if found and 2 * clue.used[found] >= sum(clue.used.values()) else None


def _is_abroad(item: Evidence, clue: Clue) -> bool:
    return item.reference in _AT_HOME_ONLY and clue.country != CARRIERS[item.reference].country


def is_at_home(item: Evidence, clue: Clue, number: str) -> bool:
    """Whether the destination is the carrier's country, or the number starts with its letters."""
    home = CARRIERS[item.reference].country
    if home or not clue.country:
        return bool(home) and home == clue.country
    return number[:2] == ("UK" if clue.country == "GB" else clue.country)
