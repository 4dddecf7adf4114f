"""A mark for each carrier that is nobody's trademark: a letter on a colour."""

import colorsys
import zlib
from typing import Final

import msgspec

from karla.vocabulary.carriers.catalogue import Carrier

_CONTRAST: Final = 4.5
"""What WCAG 2 asks of text; the letter is white."""


class Logo(msgspec.Struct, frozen=True):
    """One letter or digit, and the colour behind it as `#rrggbb`; white on it has a contrast of at least 4.5 to 1."""

    letter: str
    color: str


def logo_of(carrier: Carrier) -> Logo:
    """The same for a reference for ever, whatever else of the row changes."""
    letter = next(char for char in carrier.reference if char.isalnum())
    spread = zlib.crc32(carrier.reference.encode())
    hue, saturation, lightness = spread % 360 / 360, 0.45 + spread // 360 % 40 / 100, 0.45
    while True:
        red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, saturation))
        if contrast_with_white(red, green, blue) >= _CONTRAST:
            return Logo(letter.upper(), f"#{red:02x}{green:02x}{blue:02x}")
        lightness -= 0.01


def contrast_with_white(red: int, green: int, blue: int) -> float:
    """Of a colour in sRGB, by WCAG 2: 1 for white, 21 for black."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(red, green, blue)]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def _parts(*values: int) -> list[float]:
    return [value / 255 for value in values]
