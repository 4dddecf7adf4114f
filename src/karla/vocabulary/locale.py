"""Which language to answer in."""

from collections.abc import Collection

FALLBACK = "en"
# Danish is `dk` on the wire and `da` everywhere else.
_ALIASES = {"dk": "da"}


def wire_code(language: str) -> str:
    """The language as the wire contract writes it."""
    return "dk" if language == "da" else language


def best_language(accept_language: str | None, available: Collection[str]) -> str:
    """The available language that an Accept-Language header likes best, by its weights; English without a match."""
    wishes = []
    for place, part in enumerate((accept_language or "").split(",")):
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        wishes.append((-_weight(parameters), place, _ALIASES.get(language, language)))
    return next((language for weight, _, language in sorted(wishes) if weight < 0 and language in available), FALLBACK)


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
