"""The settings of tracking pages: a free-form object, of which some members are known and have to be right."""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from karla.domain.branding.records import Campaign, PageActions, PageLinks, PageSettings, ShopSettings
from karla.domain.branding.rules.hosts import host_named, is_at_shopify, origin_named, within
from karla.domain.branding.rules.looks import GIVEN
from karla.domain.branding.rules.themes import FONTS, THEMES
from karla.infra.errors import Fault, Loc
from karla.vocabulary.events import LANGUAGES

T = TypeVar("T")
Reader = Callable[["_Reading", Loc, Any], T | None]

MODES = ("auto", "light", "dark")
RADII = ("none", "small", "medium", "large")
DENSITIES = ("compact", "regular", "spacious")
BLOCKS = (
    "products",
    "prices",
    "map",
    "calendar",
    "carrier_text",
    "faq",
    "service",
    "slots",
    "claims",
    "live",
)
"""The parts of a page that a shop may hide."""
TEXTS = ("finder_title", "finder_text", "intro", "footer", "support")
"""The places on a page that a shop may fill with words of its own."""
ORIGINS_AT_MOST = 20

_TEXT_AT_MOST = 500
_NAME_AT_MOST = 100
_URL_AT_MOST = 2048
_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
# What would end a value of CSS, HTML or a policy's list of hosts stands in no URL unescaped.
_URL = re.compile(r"https?://[a-z0-9.-]+(?::\d{1,5})?(?:[/?#][^\s\"'<>\\]*)?", re.IGNORECASE)
# Danish is `dk` on the wire and `da` everywhere else.
_LANGUAGES = {**{language: language for language in sorted(LANGUAGES)}, "dk": "da"}


def read(data: Mapping[str, Any], at: Loc = ("body", "data")) -> tuple[PageSettings, list[Fault]]:
    """What is good in the settings, and a fault for each known member that isn't, by its path below `at`.

    A member that is null counts as not given, one that is unknown as somebody else's.
    """
    reading = _Reading()
    return reading.page(data, at), reading.faults


def page_of(settings: ShopSettings) -> PageSettings:
    """What a shop says of its page; what is wrong in it counts as not given, so that no page breaks over it."""
    trackpages = settings.versioned.trackpages if settings.versioned else {}
    return _read_before(msgspec.json.encode(trackpages))


@lru_cache(maxsize=4096)
def _read_before(trackpages: bytes) -> PageSettings:
    return read(msgspec.json.decode(trackpages))[0]


def faults_of(data: Mapping[str, Any], at: Loc, public_host: str | None) -> list[Fault]:
    """Everything that is wrong with new settings; `public_host` is Karla's own, which no shop may have."""
    page, faults = read(data, at)
    if page.domain and (within(page.domain, public_host) or is_at_shopify(page.domain)):
        faults.append(Fault((*at, "domain"), "Must be a domain of the shop's own", "domain_reserved"))
    return faults


class _Reading:
    """One look at the settings, with the faults that it found so far."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def wrong(self, at: Loc, word: str, sentence: str) -> None:
        self.faults.append(Fault(at, sentence, word))

    def page(self, data: Mapping[str, Any], at: Loc) -> PageSettings:
        """The whole."""
        found: dict[str, Any] = {name: self.member(data, at, name, reader) for name, reader in _MEMBERS.items()}
        embedding = self.member(data, at, "embedding", _object)
        origins = embedding and self.member(
            embedding, (*at, "embedding"), "origins", _list_of(_origin, ORIGINS_AT_MOST)
        )
        return PageSettings(
            **{name: value for name, value in found.items() if value is not None}, origins=origins or []
        )

    def member(self, data: Mapping[str, Any], at: Loc, name: str, reader: Reader[T]) -> T | None:
        """The member, None where it is not given or not good."""
        value = data.get(name)
        return None if value is None else reader(self, (*at, name), value)

    def text(self, at: Loc, value: object, at_most: int) -> str | None:
        """A text that has a beginning and an end."""
        if not isinstance(value, str):
            self.wrong(at, "string_type", "Must be a string")
        elif len(value) > at_most:
            self.wrong(at, "too_long", f"Must have at most {at_most} characters")
        elif "\0" in value:
            self.wrong(at, "nul_character", "Must not hold the NUL character")
        else:
            return value
        return None


def _object(reading: _Reading, at: Loc, value: object) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return value
    reading.wrong(at, "object_type", "Must be an object")
    return None


def _word(allowed: Collection[str]) -> Reader[str]:
    def read_word(reading: _Reading, at: Loc, value: object) -> str | None:
        if isinstance(value, str) and value in allowed:
            return value
        reading.wrong(at, "enum", f"Must be one of: {', '.join(allowed)}")
        return None

    return read_word


def _colour(reading: _Reading, at: Loc, value: object) -> str | None:
    if not (isinstance(value, str) and _COLOUR.fullmatch(value)):
        reading.wrong(at, "colour_invalid", "Must be a colour such as #1d4ed8 or #fff")
        return None
    digits = value[1:].lower()
    return "#" + (digits if len(digits) > 3 else "".join(digit * 2 for digit in digits))


def _url(reading: _Reading, at: Loc, value: object) -> str | None:
    url = reading.text(at, value, _URL_AT_MOST)
    if url is not None and not _URL.fullmatch(url):
        reading.wrong(at, "uri_invalid", "Must be an address that begins with http:// or https://")
        return None
    return url


def is_picture_url(url: str) -> bool:
    """Whether it may stand where a page names its pictures."""
    return len(url) <= _URL_AT_MOST and _URL.fullmatch(url) is not None


def _words(reading: _Reading, at: Loc, value: object) -> str | None:
    return reading.text(at, value, _TEXT_AT_MOST)


def _name(reading: _Reading, at: Loc, value: object) -> str | None:
    return reading.text(at, value, _NAME_AT_MOST) or None


def _truth(reading: _Reading, at: Loc, value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    reading.wrong(at, "bool_type", "Must be true or false")
    return None


def _origin(reading: _Reading, at: Loc, value: object) -> str | None:
    origin = origin_named(value) if isinstance(value, str) else None
    if origin is None:
        sentence = "Must be an origin such as https://shop.example; http:// for localhost and 127.0.0.1 only"
        reading.wrong(at, "origin_invalid", sentence)
    return origin


def _domain(reading: _Reading, at: Loc, value: object) -> str | None:
    host = host_named(value) if isinstance(value, str) else None
    if host is None:
        reading.wrong(at, "domain_invalid", "Must be a host name such as track.shop.example, in its ASCII form")
    return host


def _domain_at_shopify(reading: _Reading, at: Loc, value: object) -> str | None:
    if isinstance(value, str) and is_at_shopify(value.lower()):
        return value.lower()
    reading.wrong(at, "domain_invalid", "Must be the shop's name at Shopify, such as my-shop.myshopify.com")
    return None


def _list_of(reader: Reader[str], at_most: int) -> Reader[list[str]]:
    def read_list(reading: _Reading, at: Loc, value: object) -> list[str] | None:
        if not isinstance(value, list):
            reading.wrong(at, "list_type", "Must be a list")
            return None
        if len(value) > at_most:
            reading.wrong(at, "too_long", f"Must have at most {at_most} items")
            return None
        found = [reader(reading, (*at, place), one) for place, one in enumerate(value)]
        return list(dict.fromkeys(one for one in found if one is not None))

    return read_list


def _members(readers: Mapping[str, Reader[Any]], make: Callable[..., T]) -> Reader[T]:
    def read_members(reading: _Reading, at: Loc, value: object) -> T | None:
        data = _object(reading, at, value)
        if data is None:
            return None
        found = {name: reading.member(data, at, name, reader) for name, reader in readers.items()}
        return make(**{name: one for name, one in found.items() if one is not None})

    return read_members


def _keyed(keys: Mapping[str, str], reader: Reader[T]) -> Reader[dict[str, T]]:
    """An object that has no other keys than these; each is read as what it stands for."""

    def read_keyed(reading: _Reading, at: Loc, value: object) -> dict[str, T] | None:
        found: dict[str, T] = {}
        for key, one in (_object(reading, at, value) or {}).items():
            if key not in keys:
                reading.wrong(
                    (*at, key[:_NAME_AT_MOST]), "enum", f"There is no such name here; there are: {', '.join(keys)}"
                )
            elif one is not None and (good := reader(reading, (*at, key), one)) is not None:
                found[keys[key]] = good
        return found

    return read_keyed


_COLOURS: Reader[dict[str, str]] = _members(dict.fromkeys(GIVEN, _colour), dict)
_MEMBERS: Mapping[str, Reader[Any]] = {
    "theme": _word(THEMES),
    "mode": _word(MODES),
    "colors": _COLOURS,
    "dark_colors": _COLOURS,
    "font": _word(FONTS),
    "heading_font": _word(FONTS),
    "radius": _word(RADII),
    "density": _word(DENSITIES),
    "logo_url": _url,
    "logo_dark_url": _url,
    "background_url": _url,
    "texts": _keyed(_LANGUAGES, _keyed({key: key for key in TEXTS}, _words)),
    "hidden": _list_of(_word(BLOCKS), _NAME_AT_MOST),
    "links": _members(dict.fromkeys(("resolve_url", "imprint_url", "privacy_url"), _url), PageLinks),
    "domain": _domain,
    "shopify_domain": _domain_at_shopify,
    "actions": _members(dict.fromkeys(("cancel", "change_address"), _truth), PageActions),
    "campaign": _members(dict.fromkeys(("source", "medium", "campaign"), _name), Campaign),
}
