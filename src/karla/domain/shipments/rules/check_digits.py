"""Carriers' check-digit rules by name: a number without blanks goes in, yes or no comes out."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from types import MappingProxyType
from typing import Final

_ALPHABET_36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _digits(text: str) -> list[int]:
    return [int(char) for char in text]


def _is_digits(text: str, at_least: int = 2) -> bool:
    return len(text) >= at_least and text.isascii() and text.isdigit()


def _weighted(digits: Sequence[int], *weights: int) -> int:
    return sum(digit * weight for digit, weight in zip(digits, cycle(weights), strict=False))


def s10(number: str) -> bool:
    """UPU S10, `AA12345678CCC`: weights 8 6 4 2 3 5 9 7, modulo 11."""
    serial = number[2:11]
    if len(number) != 13 or not _is_digits(serial):
        return False
    remainder = 11 - _weighted(_digits(serial[:8]), 8, 6, 4, 2, 3, 5, 9, 7) % 11
    return {10: 0, 11: 5}.get(remainder, remainder) == int(serial[8])


def mod10_31(number: str) -> bool:
    """GS1 / SSCC: weights 3, 1 from the right, modulo 10."""
    if not _is_digits(number):
        return False
    return (_weighted(_digits(number[-2::-1]), 3, 1) + int(number[-1])) % 10 == 0


def mod10_31_last22(number: str) -> bool:
    """USPS IMpb behind 420 and a postcode: GS1 over the last 22 digits."""
    return _is_digits(number, 22) and mod10_31(number[-22:])


def identcode_49(number: str) -> bool:
    """DHL Identcode and Leitcode: weights 4, 9 from the left, modulo 10."""
    if not _is_digits(number):
        return False
    return (_weighted(_digits(number[:-1]), 4, 9) + int(number[-1])) % 10 == 0


def gls_31p1(number: str) -> bool:
    """GLS, 12 digits: weights 3, 1 from the left, plus one, modulo 10."""
    if not _is_digits(number):
        return False
    return (_weighted(_digits(number[:-1]), 3, 1) + 1 + int(number[-1])) % 10 == 0


def mod37_36(number: str) -> bool:
    """DPD (ISO 7064 mod 37,36): a check letter or digit ends the number."""
    if len(number) < 2 or any(char not in _ALPHABET_36 for char in number):
        return False
    carry = 36
    for char in number[:-1]:
        carry = (carry + _ALPHABET_36.index(char)) % 36 or 36
        carry = carry * 2 % 37
    return (carry + _ALPHABET_36.index(number[-1])) % 36 == 1


def ups1z(number: str) -> bool:
    """UPS `1Z` and 16 characters: letters count (ASCII - 3) mod 10, every second one twice."""
    if len(number) != 18 or any(char not in _ALPHABET_36 for char in number) or not number[-1].isdigit():
        return False
    return _ups(number[2:])


def ups_waybill(number: str) -> bool:
    """UPS waybill, a letter and 10 digits: the rule of `1Z` without the letter."""
    return len(number) == 11 and _is_digits(number[1:]) and _ups(number[1:])


def ontrac(number: str) -> bool:
    """OnTrac `C` or `D` and 14 digits: C is read as 4 and D as 5, then the rule of UPS."""
    if len(number) != 15 or number[0] not in "CD" or not _is_digits(number[1:]):
        return False
    return _ups(f"{'CD'.index(number[0]) + 4}{number[1:]}")


def _ups(text: str) -> bool:
    values = [int(char) if char.isdigit() else (ord(char) - 3) % 10 for char in text]
    return (_weighted(values[:-1], 1, 2) + values[-1]) % 10 == 0


def fedex12(number: str) -> bool:
    """FedEx Express, 12 digits: weights 3 1 7, modulo 11, modulo 10."""
    if len(number) != 12 or not _is_digits(number):
        return False
    return _weighted(_digits(number[:-1]), 3, 1, 7) % 11 % 10 == int(number[-1])


def fedex34(number: str) -> bool:
    """FedEx, 34 digits: weights 1 7 3 on the 13 digits before the last, modulo 11, modulo 10."""
    if len(number) != 34 or not _is_digits(number):
        return False
    return _weighted(_digits(number[-14:-1]), 1, 7, 3) % 11 % 10 == int(number[-1])


def fedex96(number: str) -> bool:
    """FedEx Ground, 22 digits from 96: GS1 over the last 15."""
    return _is_digits(number, 15) and mod10_31(number[-15:])


def mod7(number: str) -> bool:
    """DHL Express and Japan's carriers: all digits but the last, modulo 7."""
    return _is_digits(number) and int(number[:-1]) % 7 == int(number[-1])


def luhn(number: str) -> bool:
    """Luhn: every second digit from the right twice, digit sums, modulo 10."""
    if not _is_digits(number):
        return False
    doubled = [sum(divmod(digit * 2, 10)) for digit in _digits(number[-2::-2])]
    return (sum(doubled) + sum(_digits(number[-1::-2]))) % 10 == 0


CHECKS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "s10": s10,
        "mod10_31": mod10_31,
        "mod10_31_last22": mod10_31_last22,
        "identcode_49": identcode_49,
        "gls_31p1": gls_31p1,
        "mod37_36": mod37_36,
        "ups1z": ups1z,
        "ups_waybill": ups_waybill,
        "ontrac": ontrac,
        "fedex12": fedex12,
        "fedex34": fedex34,
        "fedex96": fedex96,
        "mod7": mod7,
        "luhn": luhn,
    }
)
"""Every rule by the name that the catalogue's column `check` uses; `-` there means no rule."""
