"""Which language and region a page is in: the link's, the browser's, the shop's."""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec
from babel import Locale, UnknownLocaleError

from karla.entrypoints.storefront.words.catalogues import LANGUAGES, SOURCE, Words, words
from karla.entrypoints.storefront.words.pseudo import PSEUDO

# Danish is `dk` on the wire and `da` everywhere else.
_ALIASES = {"dk": "da"}
_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}))?", re.ASCII | re.IGNORECASE)
_WISH = re.compile(r"\s*([\w-]{1,35}|\*)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?", re.ASCII)
# Formats of pseudo-languages: what they are to prove is that a page bears them.
_PSEUDO_NAMES = {"en-XA": "[Ƥšéûðö]", "ar-XB": "\u202eoduesP\u202c"}
_FORMATS_OF = {"en-XA": "en", "ar-XB": "ar"}
# Where nobody says which English, that of the continent most shops are on: days before months, 24 hours.
_UNPLACED = {"en": "en_150"}


class Tongue(msgspec.Struct, frozen=True):
    """A language of the pages (`code`), with the region whose formats are used if it is known."""

    code: str
    region: str | None = None

    @property
    def words(self) -> Words:
        """Its catalogue."""
        return words(self.code)

    @property
    def tag(self) -> str:
        """As the `lang` of a document."""
        return f"{self.code}-{self.region}" if self.region and self.code not in PSEUDO else self.code

    def locale(self, country: str | None = None) -> Locale:
        """Its formats; `country` is the region where the reader named none."""
        return _locale(self.code, self.region or country)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return "rtl" if self.locale().character_order == "right-to-left" else "ltr"

    @property
    def name(self) -> str:
        """The language's name in itself."""
        return _PSEUDO_NAMES.get(self.code) or _named(self.code)


def tongue_of(tag: str | None) -> Tongue | None:
    """The language that a tag such as `de`, `de-AT` or `dk` means; None for one that there are no texts in."""
    if not tag:
        return None
    for pseudo in PSEUDO:
        if tag.lower() == pseudo.lower():
            return Tongue(pseudo)
    found = _TAG.fullmatch(tag)
    if not found:
        return None
    language = found[1].lower()
    code = _ALIASES.get(language, language)
    return Tongue(code, found[3].upper() if found[3] else None) if code in LANGUAGES else None


def chosen(asked: str | None, accept_language: str | None, shop_language: str | None = None) -> Tongue:
    """The link's language, else the browser's first that there are texts in, else the shop's, else English.

    A link that names no region takes the browser's, where that is of the same language.
    """
    accepted = _accepted(accept_language or "")
    wanted = tongue_of(asked)
    if wanted is None:
        return next(iter(accepted), None) or tongue_of(shop_language) or Tongue(SOURCE)
    if wanted.region:
        return wanted
    return next((one for one in accepted if one.code == wanted.code and one.region), wanted)


def says(asked: str | None, accept_language: str | None) -> bool:
    """Whether link or browser name a language that there are texts in."""
    return tongue_of(asked) is not None or bool(_accepted(accept_language or ""))


@lru_cache(maxsize=1024)  # few headers are in use, and each request brings one
def _accepted(header: str) -> tuple[Tongue, ...]:
    return tuple(tongue for tag in _by_weight(header) if (tongue := tongue_of(tag)))


def _by_weight(header: str) -> Iterator[str]:
    wishes = [wish for part in header.split(",") if (wish := _WISH.fullmatch(part))]
    # Of equal weights the first one wins: the sort is stable.
    for wish in sorted(wishes, key=lambda wish: -float(wish[2] or 1)):
        if float(wish[2] or 1) > 0:
            yield wish[1]


@lru_cache(maxsize=512)
def _locale(code: str, region: str | None) -> Locale:
    language = _FORMATS_OF.get(code, code)
    if region:
        try:
            return Locale.parse(f"{language}_{region}")
        except (UnknownLocaleError, ValueError):
            pass
    return Locale.parse(_UNPLACED.get(language, language))


@lru_cache(maxsize=64)
def _named(code: str) -> str:
    name = Locale.parse(code).get_display_name(code) or code
    return name[:1].upper() + name[1:]
