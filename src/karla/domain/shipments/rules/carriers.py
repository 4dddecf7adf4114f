"""Which carrier moves a parcel, read from its number, tracking page and the shop's word for the carrier."""

import difflib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Final

import msgspec

from karla.domain.shipments.rules.matching.clues import Clue
from karla.domain.shipments.rules.matching.companies import from_company
from karla.domain.shipments.rules.matching.numbers import from_numbers
from karla.domain.shipments.rules.matching.pages import from_places, places_on, url_parts
from karla.domain.shipments.rules.matching.reasons import Reading, confidence, reasons
from karla.infra.errors import Fault, Loc
from karla.vocabulary.carriers import CARRIERS
from karla.vocabulary.carriers.names import carrier_names, folded_words

_HINTED_LENGTH: Final = 64
_HINTS: Final = 10


class Match(msgspec.Struct, frozen=True):
    """What the clues come to: a reference or None, how sure that is (0 to 1; 0 for None), and why, in plain words."""

    reference: str | None
    confidence: float
    reasons: tuple[str, ...]


def infer(
    tracking_number: str | None,
    tracking_url: str | None = None,
    tracking_company: str | None = None,
    country: str | None = None,
) -> str | None:
    """Return the reference of the carrier, or None where the clues don't name exactly one; `match` says more."""
    return _carrier_of(_read(tracking_number, tracking_url, tracking_company, country, None))


def match(
    tracking_number: str | None = None,
    tracking_url: str | None = None,
    tracking_company: str | None = None,
    country: str | None = None,
    used: Mapping[str, int] | None = None,
) -> Match:
    """Return the carrier that the clues name, or none where they don't name exactly one.

    `country` is the destination (ISO 3166 alpha-2). Trust: a carrier's own page, then a number with a valid check
    digit or an unmistakable prefix, then the company's name. `used` maps references to how often this shop had them
    before; it decides only between carriers that a number may equally be of.
    """
    reading = _read(tracking_number, tracking_url, tracking_company, country, used)
    reference = _carrier_of(reading)
    decided_by_use = bool(used) and reference != _carrier_of(
        msgspec.structs.replace(reading, clue=msgspec.structs.replace(reading.clue, used=None))
    )
    return Match(reference, confidence(reading, reference, decided_by_use), reasons(reading, reference, decided_by_use))


def _read(
    number: str | None, url: str | None, company: str | None, country: str | None, used: Mapping[str, int] | None
) -> Reading:
    iso = (country or "").strip().upper()
    iso = "GB" if iso == "UK" else iso
    said = (company or "")[:120]
    host, path, inside = url_parts((url or "").strip()[:2000])
    places = places_on(host) if host else None
    told = (number or "")[:200]
    return Reading(
        clue=Clue(iso, from_company(said, iso) if said else None, used),
        company=said.strip(),
        host=host,
        path=path,
        places=places,
        numbers=[told, *inside] if places is not None else [told],
    )


def _carrier_of(reading: Reading) -> str | None:
    places, numbers, clue = reading.places, reading.numbers, reading.clue
    reference = from_places(places, reading.path, numbers, clue) if places else None
    return reference or from_numbers(numbers, clue) or clue.company


@lru_cache(maxsize=1024)
def nearest(reference: str, limit: int = 3) -> tuple[str, ...]:
    """Return the known references that an unknown one may have meant, the likeliest first; none for a long one."""
    if len(reference) > _HINTED_LENGTH:
        return ()
    asked = reference.strip().lower()
    known = _hintable()
    exact = carrier_names().get("".join(folded_words(asked)))
    close = difflib.get_close_matches(asked, known, n=limit * 3, cutoff=0.7)
    found = [exact] if exact else []
    return tuple(dict.fromkeys(found + [known[name] for name in close]))[:limit]


@cache
def _hintable() -> Mapping[str, str]:
    curated = {name: ref for name, ref in carrier_names().items() if CARRIERS[ref].curated}
    return curated | {ref: ref for ref in CARRIERS}


def unknown_carriers(told: Iterable[tuple[Loc, str | None]], hinted: set[str]) -> list[Fault]:
    """A fault for each of these references that no carrier has, with the nearest that one has.

    `hinted` holds the references of the request that got a hint so far, and is added to: looking for one takes
    milliseconds, so only the first ten of a request get it.
    """
    return [_unknown(loc, reference, hinted) for loc, reference in told if reference and reference not in CARRIERS]


def _unknown(loc: Loc, reference: str, hinted: set[str]) -> Fault:
    if len(hinted) < _HINTS:
        hinted.add(reference)
    near = nearest(reference) if reference in hinted else ()
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return Fault(loc, f"Unknown carrier{hint}", "carrier_reference_invalid")
