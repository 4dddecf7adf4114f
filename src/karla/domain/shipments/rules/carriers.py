"""Which carrier moves a parcel, read from its number, tracking page and the shop's word for the carrier."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from karla.domain.shipments.rules.check_digits import CHECKS
from karla.infra.errors import Fault, Loc
from karla.vocabulary.carriers import (
    CARRIERS,
    COUNTRY_OF,
    EVERYDAY_NAMES,
    LEGAL_FORMS,
    NATIONAL_NAMES,
    S10_BRANDS,
    SERVICE_WORDS,
    TRACKERS,
    NumberPattern,
    Place,
    carrier_hosts,
    carrier_names,
    families,
    folded_words,
    number_patterns,
    path_words,
)

_NEVER: Final = TRACKERS | {"dhl_old"}
_AT_HOME_ONLY: Final = frozenset(
    {"canada_post", "hrs", "japan_post", "postat", "purolator", "russian_post", "sagawa", "yamato"}
)
"""Carriers whose digits-only numbers are read only for a destination at home; other formats of theirs travel."""
_NO_NAMES: Final = frozenset({"carriers", "leader", "pickup", "pointrelais"})
_HINTED_LENGTH: Final = 64
_HINTS: Final = 10
_CHECK_BITS: Final = 3.3
_STRONG_BITS: Final = 7.5
_BARE_PREFIX_BITS: Final = 12.0

_AMOUNT: Final = re.compile(r"\d{1,2}(?:h|hrs|std|uhr|kg|day|days)?")
_NUMBER: Final = re.compile(r"[A-Z0-9/]{5,40}")
_NOISE: Final = re.compile(r"[\s.\u2010-\u2015-]+")
_ASIDE: Final = re.compile(r"\s+[-\u2013\u2014]\s+|[|:;,/()\[\]]+")


class _Clue(msgspec.Struct, frozen=True):
    """What narrows a choice: destination (ISO alpha-2 or empty) and the carrier that the company names."""

    country: str
    company: str | None


class _Evidence(msgspec.Struct, frozen=True):
    """A carrier whose number format fits.

    `proven` by a check digit; `strong` beyond chance; `telling` if unlike an order number or a word.
    """

    reference: str
    bits: float
    proven: bool
    strong: bool
    telling: bool


def infer(
    tracking_number: str | None,
    tracking_url: str | None = None,
    tracking_company: str | None = None,
    country: str | None = None,
) -> str | None:
    """Return the reference of the carrier, or None where the clues don't name exactly one.

    `country` is the destination (ISO 3166 alpha-2). Trust: a carrier's own page, then a number with a
    valid check digit or an unmistakable prefix, then the company's name.
    """
    iso = (country or "").strip().upper()
    iso = "GB" if iso == "UK" else iso
    clue = _Clue(iso, _from_company((tracking_company or "")[:120], iso))
    host, path, inside = _url_parts((tracking_url or "").strip()[:2000])
    places = _places(host)
    numbers = [tracking_number or "", *inside] if places is not None else [tracking_number or ""]
    reference = _from_places(places, path, numbers, clue) if places else None
    return reference or _from_numbers(numbers, clue) or clue.company


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


def _family(reference: str) -> str:
    return families().get(reference, reference)


def _choose(references: Iterable[str], clue: _Clue, number: str = "") -> str | None:
    """Narrow to one carrier by company, S10 brand, country and family; None if several remain."""
    left = list(dict.fromkeys(references))
    if clue.company in left:
        return clue.company
    if clue.company:
        related = [ref for ref in left if _family(ref) == _family(clue.company)]
        left = related or left
    if len(left) > 1 and len(number) == 13:
        brand = S10_BRANDS.get(number[-2:], {}).get(number[0])
        left = [brand] if brand in left else left
    if len(left) > 1:
        left = [ref for ref in left if CARRIERS[ref].country == clue.country] or left
    heads = {_family(ref) for ref in left}
    if len(heads) != 1:
        return None
    head = heads.pop()
    return head if head in left else left[0]


# --- the tracking page


def _url_parts(url: str) -> tuple[str, tuple[str, ...], list[str]]:
    """Split a URL into host, parts of the path, and what may be numbers in it (the last one first)."""
    try:
        split = urlsplit(url if "//" in url else f"//{url}")
        host = split.hostname or ""
    except ValueError:
        return "", (), []
    pieces = re.split(r"[/?&=#:,;]", unquote(f"{split.path}?{split.query}#{split.fragment}"))
    numbers = [piece for piece in pieces if len(piece) >= 8 and sum(map(str.isdigit, piece)) >= 5]
    return host.rstrip("."), path_words(split.path), numbers[::-1]


def _places(host: str) -> Sequence[Place] | None:
    """Return the carriers on the longest known ending of a host, None where it is unknown."""
    hosts = carrier_hosts()
    labels = host.split(".")
    for start in range(len(labels) - 1):
        places = hosts.get(".".join(labels[start:]))
        if places is None:
            continue
        allowed = [place for place in places if place.reference not in _NEVER]
        if allowed or not places or all(place.reference in TRACKERS for place in places):
            return allowed
    return None


def _from_places(places: Sequence[Place], path: tuple[str, ...], numbers: Sequence[str], clue: _Clue) -> str | None:
    """Choose among the carriers that share a host: by path, company, number, and whose host it is."""
    scores = [len(set(path) & set(place.path)) for place in places]
    tied = {place.reference for place, score in zip(places, scores, strict=True) if score == max(scores)}
    if len(tied) == 1:
        return tied.pop()
    if clue.company in tied:
        return clue.company
    return _by_format(tied, numbers, clue) or _by_owner(places, tied, clue)


def _by_format(tied: set[str], numbers: Sequence[str], clue: _Clue) -> str | None:
    by_number = _from_numbers(numbers, clue)
    if by_number and _family(by_number) in {_family(ref) for ref in tied}:
        return by_number
    fitting = {item.reference for raw in numbers for item in _evidence(_cleaned(raw)) if item.telling} & tied
    return fitting.pop() if len(fitting) == 1 else None


def _by_owner(places: Sequence[Place], tied: set[str], clue: _Clue) -> str | None:
    at_home = {place.reference for place in places if place.home}
    if len(at_home) == 1:
        return at_home.pop()
    heads = {_family(ref) for ref in tied}
    if len(heads) > 1:
        return _choose(sorted(tied), clue)
    head = heads.pop()
    is_national = all(CARRIERS[ref].country not in {"", CARRIERS[head].country} for ref in tied)
    return head if is_national or head in {place.reference for place in places} else None


# --- the number


def _from_numbers(numbers: Iterable[str], clue: _Clue) -> str | None:
    return next(filter(None, (_from_number(number, clue) for number in numbers)), None)


def _cleaned(raw: str) -> str:
    number = _NOISE.sub("", raw).upper()
    return number if _NUMBER.fullmatch(number) else ""


def _from_number(raw: str, clue: _Clue) -> str | None:
    number = _cleaned(raw)
    evidence = _evidence(number)
    strong = [item for item in evidence if item.strong]
    if strong:
        most = max(item.bits for item in strong)
        found = _choose((item.reference for item in strong if item.bits > most - 0.1), clue, number)
    elif clue.company:
        found = _in_family(evidence, clue, number)
    else:
        found = _by_country(evidence, clue, number)
    company = clue.company
    if found and company and _family(found) == _family(company) and not CARRIERS[company].number_patterns:
        return company
    return found


def _evidence(number: str) -> list[_Evidence]:
    found: dict[str, _Evidence] = {}
    for pattern in number_patterns(number) if number else ():
        rule = CHECKS.get(pattern.check)
        is_carrier = pattern.reference not in _NEVER and CARRIERS[pattern.reference].kind != "aggregator"
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
    return not pattern.bits and (len(number) == 20 or (len(number) == 14 and number.startswith("0")))


def _weigh(pattern: NumberPattern, number: str, *, proven: bool) -> _Evidence:
    bits = pattern.bits + (_CHECK_BITS if proven else 0)
    if proven:
        strong = bits >= _STRONG_BITS
    else:
        long_enough = pattern.lettered and len(number) >= 13
        strong = bits >= _BARE_PREFIX_BITS or (long_enough and bits >= _STRONG_BITS)
    depot_missing = pattern.reference == "dpd" and pattern.regex == r"^\d{14}$" and not number.startswith("0")
    telling = len(number) >= (9 if pattern.lettered else 14) and not depot_missing
    return _Evidence(pattern.reference, bits, proven, strong, telling)


def _in_family(evidence: Sequence[_Evidence], clue: _Clue, number: str) -> str | None:
    """Choose among the company's own brands; the company speaks for itself if none fits."""
    related = [item for item in evidence if clue.company and _family(item.reference) == _family(clue.company)]
    proven = [item.reference for item in related if item.proven]
    if proven:
        return _choose(proven, clue, number)
    fitting = [i.reference for i in related if i.reference == clue.company or _is_at_home(i, clue, number)]
    return _choose(fitting, clue, number)


def _by_country(evidence: Sequence[_Evidence], clue: _Clue, number: str) -> str | None:
    """Choose without a company: a check digit, unless a carrier of the destination has this format too."""
    proven = [item for item in evidence if item.proven and not _is_abroad(item, clue)]
    rivals = [item for item in evidence if not item.proven and _is_at_home(item, clue, number)]
    if proven and (not rivals or any(_is_at_home(item, clue, number) for item in proven)):
        return _choose((item.reference for item in proven), clue, number)
    if proven and not all(item.telling for item in rivals):
        return None
    return _choose((item.reference for item in rivals if item.telling), clue, number)


def _is_abroad(item: _Evidence, clue: _Clue) -> bool:
    return item.reference in _AT_HOME_ONLY and clue.country != CARRIERS[item.reference].country


def _is_at_home(item: _Evidence, clue: _Clue, number: str) -> bool:
    """Whether the destination is the carrier's country, or the number starts with its letters."""
    home = CARRIERS[item.reference].country
    if home or not clue.country:
        return bool(home) and home == clue.country
    return number[:2] == ("UK" if clue.country == "GB" else clue.country)


# --- the company


def _from_company(company: str, country: str) -> str | None:
    raw = company.strip()
    reference = raw if raw in CARRIERS and raw not in _NO_NAMES | LEGAL_FORMS else _named(company, country)
    if reference is None:
        head, *aside = [part for part in _ASIDE.split(company) if part.strip()] or [""]
        reference = _named(head, country) if aside else None
        said = [word for part in aside for word in folded_words(part)]
        if reference and not _may_drop(folded_words(head), said, reference, freely=True):
            return None
    return None if reference in _NEVER else reference


def _named(name: str, country: str) -> str | None:
    """Read a name: exactly, or with country, legal form and words of service around it."""
    words = folded_words(name)[:10]
    compact = "".join(words)
    national = NATIONAL_NAMES.get(compact, {}).get(country)
    if national:
        return national
    names = carrier_names()
    if compact in names:
        return names[compact] if _is_a_name(words, names[compact], country) else None
    for length in range(len(words) - 1, 0, -1):
        for start in range(len(words) - length + 1):
            part, rest = words[start : start + length], words[:start] + words[start + length :]
            reference = names.get("".join(part))
            long_lead = start == 0 and length > 1 and len("".join(part)) >= 8
            if reference and _may_drop(part, rest, reference, freely=long_lead):
                return _national(reference, "".join(part), rest, country)
    return None


def _is_a_name(words: list[str], reference: str, country: str) -> bool:
    """Whether a name of the catalogue means its carrier, and not just a way of sending (Express Courier)."""
    if "".join(words) in _NO_NAMES or LEGAL_FORMS.issuperset(words):
        return False
    if not _says_nothing(words, SERVICE_WORDS | LEGAL_FORMS):
        return True
    carrier = CARRIERS[reference]
    return carrier.curated and (carrier.country == country or words == folded_words(carrier.name))


def _may_drop(part: Sequence[str], rest: Sequence[str], reference: str, *, freely: bool) -> bool:
    """Whether the words beside a carrier's name add nothing; `freely` lets any pass but another carrier's."""
    name = "".join(part)
    if _says_nothing(part, SERVICE_WORDS | LEGAL_FORMS):
        return False
    if _says_nothing(rest, LEGAL_FORMS | COUNTRY_OF.keys()):
        return True
    if not CARRIERS[reference].curated or len(name) < 3 or name in EVERYDAY_NAMES:
        return False
    rest = [word for word in rest if _family(carrier_names().get(word, "")) != _family(reference)]
    if _says_nothing(rest, SERVICE_WORDS | LEGAL_FORMS | COUNTRY_OF.keys()):
        return True
    return freely and not _names_another(rest, reference)


def _says_nothing(words: Sequence[str], known: frozenset[str]) -> bool:
    """Whether all words, or two of them written as one (e-commerce), are known or an amount (24h)."""
    place = 0
    while place < len(words):
        if "".join(words[place : place + 2]) in known:
            place += 2
        elif words[place] in known or _AMOUNT.fullmatch(words[place]):
            place += 1
        else:
            return False
    return True


def _names_another(words: Sequence[str], reference: str) -> bool:
    names = carrier_names()
    windows = ("".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1))
    others = (names[name] for name in windows if len(name) > 2 and name in names and name not in EVERYDAY_NAMES)
    return any(CARRIERS[other].curated and _family(other) != _family(reference) for other in others)


def _national(reference: str, name: str, rest: Sequence[str], country: str) -> str:
    """Prefer the brand's company of the country that the name adds (GLS Slovensko)."""
    said = next((COUNTRY_OF[word] for word in rest if word in COUNTRY_OF and word not in LEGAL_FORMS), "")
    national = NATIONAL_NAMES.get(name, {}).get(said or country)
    if national:
        return national
    if not said or _family(reference) != reference or CARRIERS[reference].country == said:
        return reference
    members = [ref for ref, head in families().items() if head == reference and CARRIERS[ref].country == said]
    return members[0] if len(members) == 1 else reference
