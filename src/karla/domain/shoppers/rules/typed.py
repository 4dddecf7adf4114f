"""What people type, brought into one form: digits of any script, wide letters, characters that nobody sees."""

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def visible(text: str) -> str:
    """Without control characters, marks of direction and the like."""
    return "".join(character for character in text if unicodedata.category(character) not in _INVISIBLE)


def plain(text: str) -> str:
    """The visible characters in Unicode's compatible form (NFKC), each digit as an ASCII one."""
    return "".join(_digit(character) for character in unicodedata.normalize("NFKC", visible(text)))


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
