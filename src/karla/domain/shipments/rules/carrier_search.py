"""How the catalogue of carriers is searched."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count

from karla.vocabulary.carriers import CARRIERS, Carrier
from karla.vocabulary.carriers.names import folded_words


def search_carriers(q: str | None = None, country: str | None = None, kind: str | None = None) -> list[Carrier]:
    """The carriers for which all that is given holds; `country` is the home country.

    `q` is looked for in name, aliases and reference, whatever case, accents and punctuation. Who is called exactly
    so comes first, then whose name begins so, then the others; otherwise they stand as in the catalogue, which has
    the best-known ones first.
    """
    found = [
        carrier
        for carrier in CARRIERS.values()
        if (country is None or carrier.country == country.upper()) and (kind is None or carrier.kind == kind)
    ]
    if q is None:
        return found
    asked = _folded(q)
    order = count()
    ranked = [(_rank(asked, _searchable()[carrier.reference]), next(order), carrier) for carrier in found]
    return [carrier for rank, _, carrier in sorted(ranked, key=lambda one: one[:2]) if rank < _NOWHERE]


_NOWHERE = 3


def _rank(asked: str, names: Sequence[str]) -> int:
    if not asked:
        return _NOWHERE
    if asked in names:
        return 0
    if any(name.startswith(asked) for name in names):
        return 1
    return 2 if any(asked in name for name in names) else _NOWHERE


def _folded(text: str) -> str:
    return "".join(folded_words(text))


@cache
def _searchable() -> Mapping[str, tuple[str, ...]]:
    return {
        carrier.reference: tuple(map(_folded, (carrier.reference, carrier.name, *carrier.aliases)))
        for carrier in CARRIERS.values()
    }
