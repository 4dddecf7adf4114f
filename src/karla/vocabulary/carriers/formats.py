"""The formats of carriers' numbers, found by length and ending."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Final

import msgspec

from karla.vocabulary.carriers.catalogue import CARRIERS


class NumberPattern(msgspec.Struct, frozen=True):
    """One number format of one carrier.

    `bits` says how much of the format is fixed: 0 for bare digits, 3.3 for each fixed digit, 4.7 for
    each fixed letter. `lettered` is true where a place must hold a letter.
    """

    reference: str
    regex: str
    check: str
    first: frozenset[str]
    bits: float
    lettered: bool


def number_patterns(number: str) -> list[NumberPattern]:
    """Return the formats that a number has (blanks, hyphens and dots removed, upper case).

    Check digits are not looked at.
    """
    formats = _formats()
    found = formats.get((len(number), ""), []) + formats.get((len(number), number[-2:]), [])
    return [f for f in found if number[0] in f.first and _compiled(f.regex).match(number)]


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.ASCII)


@cache
def _formats() -> Mapping[tuple[int, str], list[NumberPattern]]:
    """All formats by length and, where they are fixed, the last two characters."""
    formats: dict[tuple[int, str], list[NumberPattern]] = defaultdict(list)
    for carrier in CARRIERS.values():
        for regex, check in zip(carrier.number_patterns, carrier.checks, strict=True):
            for variant in _variants(regex):
                parts = [*_parts(variant)]
                pattern = NumberPattern(
                    reference=carrier.reference,
                    regex=variant,
                    check=check,
                    first=parts[0][0],
                    bits=sum(_bits(chars) * least for chars, least, _ in parts),
                    lettered=any(not chars & _DIGITS for chars, _, _ in parts),
                )
                ending = [*parts[-1][0], *parts[-2][0]] if len(parts) > 1 else []
                ending_is_fixed = len(ending) == 2 and all(part[1:] == (1, 1) for part in parts[-2:])
                key = f"{ending[1]}{ending[0]}" if ending_is_fixed else ""
                for length in range(sum(part[1] for part in parts), sum(part[2] for part in parts) + 1):
                    formats[length, key].append(pattern)
    return formats


_DIGITS: Final = frozenset("0123456789")
_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_PART: Final = re.compile(r"(\\[dw]|\[[^\]]+\]|[A-Z0-9/])(?:\{(\d+)(?:,(\d+))?\}|(\?))?")
_OPTIONAL_START: Final = re.compile(r"^\^(?:\(\?:(\d+)\)\?|([A-Z])\{1,2\})")


def _variants(regex: str) -> list[str]:
    """Write out an optional start (`(?:00)?370...`, `J{1,2}D...`) as two patterns."""
    optional = _OPTIONAL_START.match(regex)
    if optional is None:
        return [regex]
    rest = regex[optional.end() :]
    doubled = optional[2] or ""
    return [f"^{doubled}{rest}", f"^{optional[1] or doubled * 2}{rest}"]


def _parts(regex: str) -> list[tuple[frozenset[str], int, int]]:
    """Split a pattern into (characters allowed, times at least, times at most)."""
    parts = []
    for atom, least, most, optional in _PART.findall(regex.removeprefix("^").removesuffix("$")):
        low = 0 if optional else int(least or 1)
        parts.append((_chars(atom), low, int(most or low or 1)))
    return parts


@cache
def _chars(atom: str) -> frozenset[str]:
    if atom.startswith("\\"):
        return _DIGITS if atom == r"\d" else _DIGITS | _LETTERS
    return frozenset(char for char in _DIGITS | _LETTERS | {"/"} if re.fullmatch(atom, char))


def _bits(chars: frozenset[str]) -> float:
    size = 10 if chars <= _DIGITS else 26 if chars <= _LETTERS else 36
    return math.log2(size / len(chars))
