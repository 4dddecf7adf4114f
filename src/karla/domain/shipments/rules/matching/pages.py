"""Which carrier a tracking page is of, by its host first and its path then."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from karla.domain.shipments.rules.matching.clues import NEVER, Clue, choose, family
from karla.domain.shipments.rules.matching.numbers import cleaned, evidence_of, from_numbers
from karla.vocabulary.carriers import CARRIERS, TRACKERS
from karla.vocabulary.carriers.hosts import Place, carrier_hosts, path_words

_BETWEEN: Final = re.compile(r"[/?&=#:,;]")
_LOCALE: Final = re.compile(r"[a-z]{2}[-_][a-z]{2}")


def url_parts(url: str) -> tuple[str, tuple[str, ...], list[str]]:
    """Split a URL into host, parts of the path, and what may be numbers in it (the last one first)."""
    if not url:
        return "", (), []
    try:
        split = urlsplit(url if "//" in url else f"//{url}")
        host = split.hostname or ""
    except ValueError:
        return "", (), []
    pieces = _BETWEEN.split(unquote(f"{split.path}?{split.query}#{split.fragment}"))
    numbers = [piece for piece in pieces if len(piece) >= 8 and sum(map(str.isdigit, piece)) >= 5]
    return host.rstrip("."), path_words(split.path), numbers[::-1]


def places_on(host: str) -> Sequence[Place] | None:
    """Return the carriers on the longest known ending of a host, None where it is unknown."""
    hosts = carrier_hosts()
    labels = host.split(".")
    for start in range(len(labels) - 1):
        places = hosts.get(".".join(labels[start:]))
        if places is None:
            continue
        allowed = [place for place in places if place.reference not in NEVER]
        if allowed or not places or all(place.reference in TRACKERS for place in places):
            return allowed
    return None


def from_places(places: Sequence[Place], path: tuple[str, ...], numbers: Sequence[str], clue: Clue) -> str | None:
    """Choose among the carriers that share a host: by path, company, number, and whose host it is."""
    places = _of_this_country(places, path, clue)
    scores = [len(set(path) & set(place.path)) for place in places]
    tied = {place.reference for place, score in zip(places, scores, strict=True) if score == max(scores)}
    if len(tied) == 1:
        return tied.pop()
    if clue.company in tied:
        return clue.company
    return _by_format(tied, numbers, clue) or _by_owner(places, tied, clue)


def _of_this_country(places: Sequence[Place], path: tuple[str, ...], clue: Clue) -> Sequence[Place]:
    """Without a brand's national companies whose pages say another country than this page and the destination."""
    if not any(_LOCALE.fullmatch(part) for part in path):
        return places
    left = [
        place
        for place in places
        if family(place.reference) == place.reference
        or CARRIERS[place.reference].country in ("", clue.country)
        or {part for part in place.path if _LOCALE.fullmatch(part)} <= set(path)
    ]
    return left or places


def _by_format(tied: set[str], numbers: Sequence[str], clue: Clue) -> str | None:
    by_number = from_numbers(numbers, clue)
    if by_number and family(by_number) in {family(ref) for ref in tied}:
        return by_number
    fitting = {item.reference for raw in numbers for item in evidence_of(cleaned(raw)) if item.telling} & tied
    return fitting.pop() if len(fitting) == 1 else None


def _by_owner(places: Sequence[Place], tied: set[str], clue: Clue) -> str | None:
    at_home = {place.reference for place in places if place.home}
    if len(at_home) == 1:
        return at_home.pop()
    heads = {family(ref) for ref in tied}
    if len(heads) > 1:
        return choose(sorted(tied), clue)
    head = heads.pop()
    is_national = all(CARRIERS[ref].country not in {"", CARRIERS[head].country} for ref in tied)
    return head if is_national or head in {place.reference for place in places} else None
