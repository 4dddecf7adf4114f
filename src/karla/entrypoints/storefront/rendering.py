"""Templates, compiled once, and for each language with its words."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup, escape
from msgspec.structs import asdict

from karla.entrypoints.storefront.views import TEMPLATES, BrandStyle, FinderPage, OrderPage, Page
from karla.entrypoints.storefront.words.catalogues import SOURCE, Words, words

_FOLDER = Path(__file__).with_name("templates")


class _Compiled(BytecodeCache):
    """Compiled templates, so that the second language need not compile them again."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is there."""
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()
_SPECIAL = re.compile("[&<>'\"]")


class _Calls(Context):
    """Calls what templates call as it stands: nothing of ours asks for a context, which Jinja's looks for each time."""

    def call(
        self,
        called: Callable[..., Any],
        /,
        *args: Any,
        _loop_vars: object = None,
        _block_vars: object = None,
        **kw: Any,
    ) -> Any:
        return called(*args, **kw)


class _Written(Template):
    """A template that escapes what is to be escaped alone."""

    @classmethod
    def from_code(
        cls,
        environment: Environment,
        code: CodeType,
        globals: Any,  # noqa: A002 - Jinja's name
        uptodate: Callable[[], bool] | None = None,
    ) -> Template:
        """As Jinja's, which makes markup of every value though all of them are joined at once: a third of its time."""
        made = super().from_code(environment, code, globals, uptodate)
        made.root_render_func.__globals__["escape"] = _escaped
        return made


def _escaped(value: object) -> str:
    if type(value) is Markup:
        return value
    text = str(value)
    return escape(text) if _SPECIAL.search(text) else text


class _Templates(Environment):
    context_class = _Calls
    template_class = _Written


@cache
def environment(language: str) -> Environment:
    """The templates in a language: everything is escaped, and what is not there is an error."""
    made = _Templates(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        bytecode_cache=_COMPILED,
    )
    said = _Said(words(language))
    made.install_gettext_callables(said.gettext, said.ngettext, newstyle=True)  # type: ignore[attr-defined]
    # The extension's own look these up, wrap and format them anew at each use: a fifth of the time of a page.
    made.globals.update(gettext=said.gettext, _=said.gettext, ngettext=said.ngettext)
    made.filters.update(
        style=lambda brand: Markup(style(brand)),  # noqa: S704 - escaped as a template
        icon=_drawn(made, "icons", "icon"),
        tone=_drawn(made, "icons", "tone"),
        art=_drawn(made, "art", "art"),
    )
    return made


def _drawn(made: Environment, file: str, macro: str) -> Callable[..., Markup]:
    """A macro that says the same of the same, as a filter: of constants it is written when a template is compiled.

    It is given names of the templates' own, so there are few.
    """

    @cache
    def drawn(*names: str) -> Markup:
        written: Markup = getattr(made.get_template(f"macros/{file}.html").module, macro)(*names)
        return written

    return drawn


class _Said:
    """A catalogue's words as markup, values in them escaped."""

    def __init__(self, words: Words) -> None:
        self._translations = words.translations
        self._plain: dict[str, Markup] = {}
        self._with_values: dict[str, Markup] = {}

    def gettext(self, message: str, /, **values: Any) -> Markup:
        """As newstyle gettext of Jinja's."""
        if values:
            text = self._with_values.get(message)
            if text is None:
                text = self._with_values[message] = self._translated(message)
            return text % values
        plain = self._plain.get(message)
        if plain is None:
            plain = self._plain[message] = self._translated(message) % {}
        return plain

    def ngettext(self, singular: str, plural: str, number: int, /, **values: Any) -> Markup:
        """As newstyle ngettext of Jinja's: the number is `%(num)s`."""
        # Of the catalogue, not of anybody's making.
        text = Markup(self._translations.ungettext(singular, plural, number))  # noqa: S704
        return text % {"num": number, **values}

    def _translated(self, message: str) -> Markup:
        return Markup(self._translations.ugettext(message))  # noqa: S704 - as above


def compile_all() -> None:
    """Compile every template, so that the first reader doesn't wait for it; a matter of a fifth of a second."""
    for name in environment(SOURCE).list_templates():
        _template(SOURCE, name)


@cache
def _template(language: str, name: str) -> Template:
    return environment(language).get_template(name)


def whole(language: str, page: Page) -> str:
    """A page as a document."""
    return _template(language, TEMPLATES[type(page)]).render(page=page)


def fragment(language: str, page: OrderPage | FinderPage) -> str:
    """The main part of a page, for a document that is there already."""
    return _template(language, "fragment.html").render(page=page)


@lru_cache(maxsize=1_000)
def style(brand: BrandStyle) -> str:
    """A shop's design as custom properties."""
    light, dark = asdict(brand.light), asdict(brand.dark)
    return _template(SOURCE, "brand.css").render(brand=brand, light=light, dark=dark)
