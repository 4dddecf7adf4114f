"""The language of what a shopper reads: by the link, the browser, the shop."""

from typing import Annotated

import msgspec
from litestar.types import Scope
from msgspec import Meta

from karla.domain.tenants.records import Shop
from karla.vocabulary.events import LANGUAGES
from karla.vocabulary.locale import best_language


class LanguageView(msgspec.Struct, kw_only=True):
    """In which language something is looked at."""

    lang: (
        Annotated[str, Meta(max_length=100, description="The language of texts, before that of `Accept-Language`.")]
        | None
    ) = None


def wished(scope: Scope, lang: str | None = None) -> str:
    """What is asked for, as an Accept-Language header says it; `lang` before what the browser sends."""
    header = next((value for name, value in scope["headers"] if name == b"accept-language"), b"").decode("latin-1")
    return ", ".join(part for part in (lang, header) if part)


def language_for(shop: Shop, wish: str) -> str:
    """The best of our languages for a wish, by its ISO 639 code: the shop's own where none is there."""
    return best_language(f"{wish}, {shop.language};q=0.001", LANGUAGES)
