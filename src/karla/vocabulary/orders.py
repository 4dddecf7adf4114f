"""The words of whole orders: the states that a shopper is told of, and their texts (the CSV files beside this)."""

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from karla.vocabulary.events import LANGUAGES, TEXT_FIELDS, EventTexts, language_code, rows

OrderState: TypeAlias = Literal[
    "placed",
    "preparing",
    "partially_shipped",
    "on_the_way",
    "out_for_delivery",
    "waiting",
    "partially_delivered",
    "delivered",
    "delayed",
    "failed",
    "lost",
    "returning",
    "returned",
    "cancelled",
]
ORDER_STATES: tuple[OrderState, ...] = get_args(OrderState)


def read_order_texts(file: Traversable) -> Mapping[str, EventTexts]:
    """One language's texts by state; ValueError for an unknown state, one that is missing or an empty text."""
    found: dict[str, EventTexts] = {}
    for row in rows(file, TEXT_FIELDS):
        name = row.pop("name")
        if name not in ORDER_STATES or name in found:
            raise ValueError(f"{file.name}, state {name!r}: not a state, or there twice")
        if not (row["status"] and row["headline"] and row["title"]):
            raise ValueError(f"{file.name}, state {name!r}: a text is empty")
        found[name] = EventTexts(**row)
    if missing := set(ORDER_STATES) - set(found):
        raise ValueError(f"{file.name}: {', '.join(sorted(missing))} missing")
    return MappingProxyType(found)


@cache
def _texts_in(language: str) -> Mapping[str, EventTexts]:
    return read_order_texts(files("karla.vocabulary") / "order_texts" / f"{language}.csv")


@lru_cache(maxsize=1_000)
def order_texts(state: OrderState, language: str) -> EventTexts:
    """The texts of a state, in English where the language is none of ours; see `texts` of events."""
    code = language_code(language)
    return _texts_in(code if code in LANGUAGES else "en")[state]
