"""Who reads a page, in which language, where it stands: what every part of a context is made with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from karla.entrypoints.storefront.identity import EMBED, LANGUAGE, Identity, Place, link
from karla.entrypoints.storefront.languages import Tongue
from karla.entrypoints.storefront.phrases import Phrases
from karla.entrypoints.storefront.words.catalogues import Words

Surface = Literal["track", "finder", "embed", "iframe", "shopify", "demo"]

_ELSEWHERE = ZoneInfo("UTC")


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a page. `asked` is the language as its link names it, blank where it names none.

    `demo` is what the demo's link names, its state and theme.
    """

    place: Place
    tongue: Tongue
    now: datetime
    nonce: str
    identity: Identity = Identity()
    asked: str = ""
    surface: Surface = "track"
    embedded: bool = False
    demo: Mapping[str, str] = {}

    @property
    def words(self) -> Words:
        """The catalogue of the page's language."""
        return self.tongue.words

    def phrases(self, timezone: str, country: str | None) -> Phrases:
        """How times and amounts are said of an order that goes there."""
        return Phrases(self.words, self.tongue.locale(country), zone(timezone), self.now)

    @property
    def manner(self) -> dict[str, str]:
        """What links to further pages carry along: language and embedding."""
        return {LANGUAGE: self.asked, EMBED: "1" if self.embedded else ""}

    def here(self, **further: str) -> str:
        """The page of the same order, on the same host."""
        return link(self._page, self.identity.query, self.demo, self.manner, further)

    def in_language(self, code: str) -> str:
        """The same page in another language."""
        return link(self._page, self.identity.query, self.demo, {**self.manner, LANGUAGE: code})

    @property
    def _page(self) -> str:
        return f"{self.place.below}/demo" if self.surface == "demo" else self.place.page

    def below(self, path: str, **further: str) -> str:
        """What belongs to the page of the same order."""
        within = "/demo" if self.surface == "demo" else ""
        return link(f"{self.place.below}{within}{path}", self.identity.query, self.demo, self.manner, further)


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; UTC for one that this machine doesn't know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _ELSEWHERE
