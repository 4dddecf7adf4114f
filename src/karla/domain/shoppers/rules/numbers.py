"""Order numbers as people type them."""

from collections.abc import Callable
from itertools import product

from karla.domain.shoppers.rules.typed import plain, visible

_CASES: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower, str.capitalize)


def spellings(typed: str) -> list[str]:
    """How a shop may have written a number that somebody typed.

    Blanks around it and `#` before it don't matter; nor do those inside and its case, as far as shops number orders
    in capitals, in small letters, or with one capital first. How many there are depends on what was typed alone.
    """
    words = _without_mark(typed).split()
    made = [
        mark + in_case(blank.join(words)) for mark, blank, in_case in product(("", "#"), (" ", ""), _CASES) if words
    ]
    as_typed = visible(typed).strip()
    return list(dict.fromkeys([*([as_typed] if as_typed else []), *made]))


def counted_as(typed: str) -> str:
    """What all spellings of a number have in common: attempts at any of them are attempts at one order."""
    return "".join(_without_mark(typed).split()).casefold()


def _without_mark(typed: str) -> str:
    return plain(typed).strip().lstrip("#").strip()
