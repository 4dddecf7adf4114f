"""How sure a match is, and why, in plain words."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from karla.domain.shipments.rules.matching.clues import Clue, family
from karla.domain.shipments.rules.matching.numbers import Evidence, cleaned, evidence_of, from_numbers, is_at_home
from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.carriers.hosts import Place

_CERTAIN: Final = 0.99
_PAGE: Final = 0.96
_STRONG_NUMBER: Final = 0.95
_PROVEN_AT_HOME: Final = 0.9
_PROVEN: Final = 0.8
_FORM: Final = 0.7
_COMPANY: Final = 0.9
_BY_USE: Final = 0.6
_CONTRADICTED: Final = 0.75
"""What is left of a confidence for each clue that names somebody else."""
_NAMED_AT_MOST: Final = 3


class Reading(msgspec.Struct, frozen=True):
    """The clues, taken apart; `places` are the carriers on the page's host, None where the host is unknown."""

    clue: Clue
    company: str
    host: str
    path: tuple[str, ...]
    places: Sequence[Place] | None
    numbers: list[str]


def confidence(reading: Reading, reference: str | None, decided_by_use: bool) -> float:
    """From 0 to 1, in hundredths: clues that agree add up, one that names another carrier takes away."""
    if reference is None:
        return 0.0
    if decided_by_use:
        return _BY_USE
    doubt = 1.0
    for support in (_page(reading, reference), _number(reading, reference), _company(reading, reference)):
        doubt *= 1 - support
    contradictions = sum(1 for _ in _against(reading, reference))
    return round(min(1 - doubt, _CERTAIN) * _CONTRADICTED**contradictions, 2)


def reasons(reading: Reading, reference: str | None, decided_by_use: bool) -> tuple[str, ...]:
    """What spoke for the carrier, the weightiest first, and what against it; without one, why there is none."""
    if reference is None:
        return tuple(_why_none(reading))
    return (*_for(reading, reference, decided_by_use), *_against(reading, reference))


def _page(reading: Reading, reference: str) -> float:
    return _PAGE if _is_on(reading.places, reference) else 0.0


def _company(reading: Reading, reference: str) -> float:
    return _COMPANY if _kin(reading.clue.company, reference) else 0.0


def _number(reading: Reading, reference: str) -> float:
    number, item = _evidence_for(reading, reference)
    if item is None:
        return 0.0
    if item.strong:
        return _STRONG_NUMBER
    if not item.proven:
        return _FORM
    return _PROVEN_AT_HOME if is_at_home(item, reading.clue, number) else _PROVEN


def _for(reading: Reading, reference: str, decided_by_use: bool) -> Iterator[str]:
    clue, name = reading.clue, CARRIERS[reference].name
    number, item = _evidence_for(reading, reference)
    if _is_on(reading.places, reference):
        yield f"the tracking page is on {reading.host}, where {name} shows its parcels"
    if item is not None:
        whose = name if item.reference == reference else CARRIERS[item.reference].name
        if item.proven:
            yield f"the number's check digit is right for {whose}"
        elif item.strong:
            yield f"the number has a form that is {whose}'s and hardly anybody else's"
        else:
            yield f"the number has the form of {whose}'s"
        if not item.strong and is_at_home(item, clue, number):
            yield f"the parcel goes to {clue.country}, where {whose} is at home"
    if _kin(clue.company, reference):
        yield f"the company “{reading.company}” names {name if clue.company == reference else _name(clue.company)}"
    if decided_by_use and clue.used:
        yield f"others fit as well, and this shop has used {name} most ({clue.used.get(reference, 0)} times)"


def _against(reading: Reading, reference: str) -> Iterator[str]:
    """Clues that name somebody else."""
    company = reading.clue.company
    if company and not _kin(company, reference):
        yield f"against it: the company “{reading.company}” names {_name(company)}, which counts less"
    if not _is_on(reading.places, reference):
        return
    other = from_numbers(reading.numbers[:1], msgspec.structs.replace(reading.clue, used=None))
    if other and not _kin(other, reference):
        yield f"against it: the number looks like {_name(other)}'s, which counts less than the page"


def _why_none(reading: Reading) -> Iterator[str]:
    number = cleaned(reading.numbers[0])
    if not (reading.company or reading.numbers[0].strip() or reading.host):
        yield "there is no company, no number and no tracking page"
    if reading.company:
        yield f"the company “{reading.company}” names no carrier, or more than one"
    if reading.numbers[0].strip():
        yield _why_no_number(number)
    if reading.host:
        yield f"the tracking page on {reading.host} is no carrier's, or one of several"


def _why_no_number(number: str) -> str:
    fitting = sorted({CARRIERS[item.reference].name for item in evidence_of(number)})
    if not fitting:
        return "the number has no carrier's form, or its check digit is wrong"
    named = ", ".join(fitting[:_NAMED_AT_MOST])
    more = len(fitting) - _NAMED_AT_MOST
    return f"the number may be of {named}{f' and {more} more' if more > 0 else ''}, or no tracking number"


def _is_on(places: Sequence[Place] | None, reference: str) -> bool:
    return any(place.reference == reference or family(place.reference) == family(reference) for place in places or ())


def _kin(one: str | None, other: str) -> bool:
    return one is not None and family(one) == family(other)


def _name(reference: str | None) -> str:
    return CARRIERS[reference].name if reference else ""


def _evidence_for(reading: Reading, reference: str) -> tuple[str, Evidence | None]:
    """The first number that may be the carrier's, or its sisters', and what it says."""
    for number in map(cleaned, reading.numbers):
        found = evidence_of(number)
        own = [item for item in found if item.reference == reference]
        kin = own or [item for item in found if _kin(item.reference, reference) and (item.proven or item.strong)]
        if kin:
            return number, max(kin, key=lambda item: (item.strong, item.proven, item.bits))
    return "", None
