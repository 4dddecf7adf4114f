"""The language that a request asks for."""

from functools import lru_cache

from litestar.di import NamedDependency
from litestar.types import Scope

from karla.entrypoints.api.services import Services
from karla.vocabulary.events import LANGUAGES
from karla.vocabulary.locale import FALLBACK, best_language


def provide_language(scope: "Scope", services: NamedDependency[Services]) -> str:
    """`language_of` as a dependency."""
    del services  # a link of the chain that `litestar_app` tells of
    return language_of(scope)


def language_of(scope: Scope) -> str:
    """The best of our languages by Accept-Language, English without a match."""
    given = next((value for name, value in scope["headers"] if name == b"accept-language"), None)
    return _best(given) if given else FALLBACK


@lru_cache(1000)
def _best(header: bytes) -> str:
    return best_language(header.decode("latin-1"), LANGUAGES)
