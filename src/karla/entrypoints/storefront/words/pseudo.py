"""Languages that nobody speaks, made of English: what they don't change on a page has been forgotten in the catalogues.

`en-XA` has accents and is longer; `ar-XB` is written from right to left, as Arabic and Hebrew are.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from babel.messages.catalog import Catalog

_ACCENTS = str.maketrans(
    "ABCDEFGHIJKLMNOPRSTUVWYZabcdefghijklmnopqrstuvwyz",
    "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞŔŠŢÛṼŴÝŽåƀçðéƒĝĥîĵķļɱñöþɋŕšţûṽŵýž",
)
# What is no text: placeholders, tags, character references.
_KEPT = re.compile(r"(%\(\w+\)s|%%|<[^>]*>|&\w+;)")
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def _accented(text: str) -> str:
    return text.translate(_ACCENTS)


def _mirrored(text: str) -> str:
    """Each word within an override, so that its letters run from right to left."""
    return _WORD.sub("\u202e\\g<0>\u202c", text)


def _lengthened(text: str) -> str:
    return f"[{text}{' one two three'[: max(1, len(text) // 3)]}]"


PSEUDO: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "en-XA": lambda text: _lengthened(_outside_of_kept(text, _accented)),
        "ar-XB": lambda text: _outside_of_kept(text, _mirrored),
    }
)


def _outside_of_kept(text: str, change: Callable[[str], str]) -> str:
    parts = _KEPT.split(text)
    return "".join(part if place % 2 else change(part) for place, part in enumerate(parts))


def disguised(source: Catalog, style: Callable[[str], str]) -> Catalog:
    """The source's catalogue with every text changed by `style`; plural forms remain those of the source."""
    made = Catalog(locale=source.locale, charset="utf-8")
    for message in source:
        if not message.id:
            continue
        if isinstance(message.id, (list, tuple)):
            made.add(message.id, tuple(style(text) for text in message.string or ()), context=message.context)
        else:
            made.add(message.id, style(str(message.string)), context=message.context)
    return made
