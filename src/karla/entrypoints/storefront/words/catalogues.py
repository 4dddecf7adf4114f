"""The pages' words: gettext catalogues, compiled in memory when they are first asked for."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from karla.entrypoints.storefront.words.pseudo import PSEUDO, disguised

SOURCE = "en"
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "da", "pl")
_FOLDER = Path(__file__).parent


class Words:
    """One language's words. A message without translation is told in English, as it stands in the code."""

    def __init__(self, translations: Translations) -> None:
        self.translations = translations

    def gettext(self, message: str, /, **values: Any) -> str:
        """A message with its values: `gettext("as of %(time)s", time="14:05")`."""
        return self.translations.ugettext(message) % values

    def ngettext(self, singular: str, plural: str, number: int, /, **values: Any) -> str:
        """The same in the form that goes with a number, which is `%(num)s` in the text."""
        return self.translations.ungettext(singular, plural, number) % {"num": number, **values}


@cache
def catalogue(language: str) -> Catalog:
    """The catalogue of one of LANGUAGES or PSEUDO."""
    if style := PSEUDO.get(language):
        return disguised(catalogue(SOURCE), style)
    with (_FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, charset="utf-8", abort_invalid=True)


@cache
def words(language: str) -> Words:
    """The words of one of LANGUAGES or PSEUDO."""
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Words(Translations(compiled))
