"""The language that a request asks for."""

from litestar.connection import ASGIConnection
from litestar.di import NamedDependency

from karla.entrypoints.api.services import Services
from karla.vocabulary.events import LANGUAGES
from karla.vocabulary.locale import best_language


def provide_language(request: "ASGIConnection", services: NamedDependency[Services]) -> str:  # type: ignore[type-arg]
    """The best of our languages by Accept-Language, English without a match."""
    del services  # a link of the chain that `litestar_app` tells of
    return best_language(request.headers.get("accept-language"), LANGUAGES)
