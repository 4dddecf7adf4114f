"""How well a colour is read on another, and the nearest one that is; colours are `#rrggbb`."""

from collections.abc import Callable, Sequence

from coloraide import Color

BLACK, WHITE = "#000000", "#ffffff"
AA = 4.5
"""The least contrast of text by WCAG 2.2."""

_HALVINGS = 14


def luminance(colour: str) -> float:
    """The relative luminance of WCAG, 0 to 1."""
    red, green, blue = (_linear(int(colour[start : start + 2], 16)) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: int) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def reads(colour: str, grounds: Sequence[str], ratio: float = AA) -> bool:
    """Whether it has this contrast on every one of the grounds."""
    return all(contrast(colour, ground) >= ratio for ground in grounds)


def can_be_read_on(grounds: Sequence[str], ratio: float = AA) -> bool:
    """Whether there is any colour that has this contrast on all of them."""
    return reads(BLACK, grounds, ratio) or reads(WHITE, grounds, ratio)


def readable(colour: str, grounds: Sequence[str], *ratios: float) -> str:
    """The colour with its lightness moved as little as needed; the first of the ratios that can be reached counts.

    Where none can be, black or white, whichever is better.
    """
    for ratio in ratios or (AA,):
        if reads(colour, grounds, ratio):
            return colour
        wanted = [near for end in (0.0, 1.0) if (near := nearest(colour, end, lambda it: reads(it, grounds, ratio)))]  # noqa: B023 - called at once
        if wanted:
            at = lightness(colour)
            return min(wanted, key=lambda found: abs(lightness(found) - at))
    return max((BLACK, WHITE), key=lambda ink: min(contrast(ink, ground) for ground in grounds))


def nearest(colour: str, end: float, good: Callable[[str], bool]) -> str | None:
    """The colour with the lightness nearest to its own, towards `end`, that is good; None if that is none.

    It takes for granted that what is nearer to the end than a good one is good.
    """
    bad, found = lightness(colour), end
    best = with_lightness(colour, end)
    if not good(best):
        return None
    for _ in range(_HALVINGS):
        middle = (bad + found) / 2
        tried = with_lightness(colour, middle)
        if good(tried):
            best, found = tried, middle
        else:
            bad = middle
    return best


def lightness(colour: str) -> float:
    """By OKLCH, 0 to 1."""
    return float(Color(colour).convert("oklch")["lightness"])


def chroma(colour: str) -> float:
    """By OKLCH, 0 for a grey."""
    return float(Color(colour).convert("oklch")["chroma"])


def with_lightness(colour: str, wanted: float) -> str:
    """The colour, lighter or darker, of its own hue."""
    return _hex(Color(colour).convert("oklch").set("lightness", min(max(wanted, 0.0), 1.0)))


def tint(colour: str, of: str, strength: float) -> str:
    """As light as the colour, but of another's hue, and as strong, unless the other is weaker."""
    other = Color(of).convert("oklch")
    wanted = [lightness(colour), min(strength, other["chroma"]), other["hue"]]
    return _hex(Color("oklch", wanted))


def mixed(one: str, other: str, share: float) -> str:
    """So much of the other in it, mixed as the eye sees it."""
    return _hex(Color(one).mix(other, share, space="oklab"))


def _hex(colour: Color) -> str:
    return str(colour.convert("srgb").to_string(hex=True, fit="raytrace"))
