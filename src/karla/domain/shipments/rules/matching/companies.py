"""Which carrier a shop's word for it names, whatever stands around the name."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from karla.domain.shipments.rules.matching.clues import NEVER, family
from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.carriers.names import (
    COUNTRY_OF,
    EVERYDAY_NAMES,
    HOME_NAMES,
    LEGAL_FORMS,
    NATIONAL_NAMES,
    SERVICE_NAMES,
    carrier_names,
    families,
    folded_words,
)
from karla.vocabulary.carriers.service_words import SERVICE_WORDS

_NO_NAMES: Final = frozenset(
    {"carriers", "fasttrack", "leader", "ontime", "onway", "parcelpost", "pickup", "pointrelais", "she"}
)
"""Names of the catalogue that rather say how something is sent."""
_NO_REFERENCES: Final = _NO_NAMES | LEGAL_FORMS
_PLACES: Final = LEGAL_FORMS | COUNTRY_OF.keys()
_SERVICES: Final = SERVICE_WORDS | LEGAL_FORMS
_ALL: Final = _SERVICES | COUNTRY_OF.keys()
_LONGEST: Final = 10
"""Words of a company that are looked at."""
_SHORTEST_PART: Final = 3
_OWN_WORD: Final = 4
"""Letters from which on a name is taken for a name with any words behind it."""

_AMOUNT: Final = re.compile(
    r"\d{1,4}|\d{1,2}(?:h|hrs|std|uhr|kg|day|days|am|pm|st|nd|rd|th|er|x|c|man|mann)|[xsml]{1,3}"
)
_ASIDE: Final = re.compile(r"\s+[-\u2013\u2014]\s+|[|:;,/()\[\]]+")


@lru_cache(maxsize=4096)
def from_company(company: str, country: str) -> str | None:
    """The carrier that a company names for a destination (ISO alpha-2 or empty); None where it names none or two.

    Remembered, since a shop says the same few all the time.
    """
    raw = company.strip()
    reference = raw if raw in CARRIERS and raw not in _NO_REFERENCES else _named(company, country)
    if reference is None:
        reference = _beside_an_aside(company, country)
    return None if reference in NEVER else reference


def _beside_an_aside(company: str, country: str) -> str | None:
    """Read the name before a dash or a bracket, unless what follows names another carrier."""
    head, *aside = [part for part in _ASIDE.split(company) if part.strip()] or [""]
    reference = _named(head, country) if aside else None
    said = [word for part in aside for word in folded_words(part)]
    if reference is None or not _may_drop(folded_words(head), said, reference, country, freely=True):
        return None
    return _national(reference, "".join(folded_words(head)), said, country)


def _named(name: str, country: str) -> str | None:
    """Read a name: exactly, or with country, legal form and words of service around it."""
    words = folded_words(name)[:_LONGEST]
    compact = "".join(words)
    national = NATIONAL_NAMES.get(compact, {}).get(country)
    if national:
        return national
    names = carrier_names()
    if compact in names:
        return names[compact] if _is_a_name(words, names[compact], country) else None
    for length in range(len(words) - 1, 0, -1):
        for start in range(len(words) - length + 1):
            part, before, after = words[start : start + length], words[:start], words[start + length :]
            reference = names.get("".join(part))
            if reference is None:
                continue
            freely = _is_a_name_of_its_own(part, after) and _says_nothing(before, _ALL)
            if _may_drop(part, before + after, reference, country, freely=freely):
                return _national(reference, "".join(part), before + after, country)
    return None


def _is_a_name(words: list[str], reference: str, country: str) -> bool:
    """Whether a name of the catalogue means its carrier, and not just a way of sending (Express Courier)."""
    if "".join(words) in _NO_NAMES or LEGAL_FORMS.issuperset(words):
        return False
    if not _says_nothing(words, _SERVICES, compounds=False):
        return True
    carrier = CARRIERS[reference]
    return carrier.curated and (carrier.country == country or words == folded_words(carrier.name))


def _is_a_name_of_its_own(part: Sequence[str], after: Sequence[str]) -> bool:
    """Whether it stays a name with unknown words behind it; three letters need a known word among them."""
    length = len("".join(part))
    if length >= _OWN_WORD:
        return True
    return length == _OWN_WORD - 1 and any(_speaks_of_service(word) for word in after)


@lru_cache(maxsize=4096)
def _speaks_of_service(word: str) -> bool:
    """Whether a word is one of service, begins or ends as one, or holds a digit (FlexDeliveryService, Guaranteed24)."""
    if _says_nothing([word], _SERVICES) or not word.isalpha():
        return True
    cuts = range(_OWN_WORD, len(word) - 1)
    return any(word[:cut] in SERVICE_WORDS or word[-cut:] in SERVICE_WORDS for cut in cuts)


def _may_drop(part: Sequence[str], rest: Sequence[str], reference: str, country: str, *, freely: bool) -> bool:
    """Whether the words beside a carrier's name add nothing; `freely` lets any pass but another carrier's."""
    name = "".join(part)
    at_home = bool(country) and CARRIERS[reference].country == country
    if _says_nothing(part, _SERVICES, compounds=False):
        return at_home and list(part) == folded_words(CARRIERS[reference].name) and _says_nothing(rest, _ALL)
    if _says_nothing(rest, _PLACES, compounds=False):
        return True
    if not CARRIERS[reference].curated:
        return False
    if len(name) < _SHORTEST_PART or name in EVERYDAY_NAMES:
        return at_home and name in HOME_NAMES and _says_nothing(rest, _ALL)
    left = [word for word in rest if family(carrier_names().get(word, "")) != family(reference)]
    if _says_nothing(left, _ALL):
        return True
    return freely and not _names_another(rest, reference, country)


def _says_nothing(words: Sequence[str], known: frozenset[str], *, compounds: bool = True) -> bool:
    """Whether all words, or two of them written as one (e-commerce), are known or an amount (24h).

    With `compounds` also words that are made of known ones (Haustürzustellung).
    """
    place = 0
    while place < len(words):
        if "".join(words[place : place + 2]) in known:
            place += 2
        elif (
            words[place] in known or _AMOUNT.fullmatch(words[place]) or (compounds and _is_made_of_known(words[place]))
        ):
            place += 1
        else:
            return False
    return True


@lru_cache(maxsize=4096)
def _is_made_of_known(word: str) -> bool:
    """Whether a word is nothing but words of service, joined as German, Dutch and Nordic languages do."""
    for length in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        if word[:length] in _ALL:
            rest = word[length:]
            tails = (rest, rest[1:]) if rest.startswith("s") else (rest,)
            if any(tail in _ALL or _is_made_of_known(tail) for tail in tails):
                return True
    return False


def _names_another(words: Sequence[str], reference: str, country: str) -> bool:
    names = carrier_names()
    windows = ("".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1))
    others = (names[name] for name in windows if len(name) > 2 and name in names and name not in _PASSING)
    return any(_is_a_rival(other, reference, country) for other in others)


def _is_a_rival(other: str, reference: str, country: str) -> bool:
    """Whether a carrier may be meant beside this one; one of a third country may not, but for the great brands.

    Else every service that is called as a post somewhere would be one (B-Post in Switzerland).
    """
    carrier = CARRIERS[other]
    if not carrier.curated or family(other) == family(reference):
        return False
    near = not country or carrier.country in ("", country, CARRIERS[reference].country)
    return near or (carrier.kind != "post" and other in families().values())


_PASSING: Final = EVERYDAY_NAMES | SERVICE_NAMES


def _national(reference: str, name: str, rest: Sequence[str], country: str) -> str:
    """Prefer the brand's company of the country that the name adds (GLS Slovensko)."""
    said = next((COUNTRY_OF[word] for word in rest if word in COUNTRY_OF and word not in LEGAL_FORMS), "")
    national = NATIONAL_NAMES.get(name, {}).get(said or country)
    if national:
        return national
    home = CARRIERS[reference].country
    if not said or home == said or (family(reference) != reference and not home):
        return reference
    head = family(reference)
    members = [ref for ref, brand in families().items() if brand == head and _is_at_work_in(said, ref)]
    return members[0] if len(members) == 1 else reference


def _is_at_work_in(country: str, reference: str) -> bool:
    carrier = CARRIERS[reference]
    return carrier.curated and carrier.country == country and carrier.kind != "aggregator"
