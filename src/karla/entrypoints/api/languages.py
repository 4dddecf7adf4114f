"""The language that a request asks for."""

from litestar.connection import ASGIConnection

from karla.vocabulary.events import LANGUAGES
from karla.vocabulary.locale import best_language


def provide_language(request: "ASGIConnection") -> str:  # type: ignore[type-arg]
    """The best of our languages by Accept-Language, English without a match."""
    return best_language(request.headers.get("accept-language"), LANGUAGES)
