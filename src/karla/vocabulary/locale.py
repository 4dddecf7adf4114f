"""Which language to answer in."""

import re
from functools import lru_cache

FALLBACK = "en"
# Danish is `dk` on the wire and `da` everywhere else.
_ALIASES = {"dk": "da"}
# A language range with its weight, as RFC 9110 writes them; whatever is written otherwise is no wish.
_WISH = re.compile(
    r"\s*(?P<language>[a-z]{1,8})(?:-[a-z0-9]{1,8})*\s*(?:;\s*q\s*=\s*(?P<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


def wire_code(language: str) -> str:
    """The language as the wire contract writes it."""
    return "dk" if language == "da" else language


@lru_cache(maxsize=1024)  # few headers are in use, and each request brings one
def best_language(accept_language: str | None, available: frozenset[str]) -> str:
    """The available language that an Accept-Language header likes best, by its weights; English without a match."""
    wishes = [wish for part in (accept_language or "").split(",") if (wish := _WISH.fullmatch(part))]
    # Of equal weights the first one wins: the sort is stable.
    for wish in sorted(wishes, key=_weight, reverse=True):
        language = wish["language"].lower()
        language = _ALIASES.get(language, language)
        if _weight(wish) > 0 and language in available:
            return language
    return FALLBACK


def _weight(wish: re.Match[str]) -> float:
    return 1.0 if wish["weight"] is None else float(wish["weight"])
