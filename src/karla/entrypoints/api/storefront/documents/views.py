"""From where an order is looked at: by whom, in which language, and where it goes."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from babel import Locale

from karla.domain.catalog.records import ListedVariant, VariantKey
from karla.domain.catalog.rules import variant_key
from karla.domain.shipments.records import OrderFile
from karla.infra.pictures import Kind, Named, PictureSigner, picture_url
from karla.integrations.carriers.countries import country_of
from karla.integrations.carriers.zones import Place, zone_of

Catalogue = Mapping[VariantKey, ListedVariant]
"""Those of the shop's products that an order names."""

_SOMEWHERE = "UTC"


class View(msgspec.Struct, frozen=True):
    """What every part of the document goes by; `whole` says that prices and the full address may be seen.

    `country` is where the order goes (alpha-2), `timezone` the IANA name there. `token_id` is the order token that it
    is looked at by: photos are shown as long as that is good.
    """

    file: OrderFile
    language: str
    now: datetime
    whole: bool
    country: str | None
    timezone: str
    slug: str
    public_url: str
    signer: PictureSigner
    catalogue: Catalogue
    token_id: UUID | None

    def listed(self, line: Mapping[str, Any]) -> ListedVariant | None:
        """What the shop's catalogue says of a line's product, if it knows it."""
        key = variant_key(line)
        return self.catalogue.get(key) if key else None

    def picture(self, source: object, kind: Kind) -> str | None:
        """Where Karla serves a small one of the picture at `source`, if that is an address."""
        if not isinstance(source, str):
            return None
        if source.startswith(f"{self.public_url}/v1/shops/{self.slug}/storefront/demo/"):
            return source  # small already, and drawn
        named = Named(kind, source, self.token_id if kind == "photo" else None)
        return picture_url(self.public_url, self.slug, named, self.signer)

    def zone_at(self, location: dict[str, Any]) -> str:
        """The time zone of an event's place, that of the destination where it isn't known."""
        country = _text(location, "country")
        if country is None:
            return self.timezone
        return _zone(country.upper(), _text(location, "region"), _text(location, "postal_code")) or self.timezone

    def place(self, location: dict[str, Any]) -> str | None:
        """A town, and its country where that is another one than the order goes to."""
        name = next((text for part in ("city", "name", "region") if (text := _text(location, part))), None)
        code = country_of(_text(location, "country"))
        country = country_name(code, self.language) if code and (code != self.country or name is None) else None
        return ", ".join(part for part in (_calmed(name) if name else None, country) if part) or None


def destination_of(address: dict[str, Any]) -> tuple[str | None, str]:
    """Country (alpha-2) and time zone of an address."""
    country = country_of(_text(address, "country_code") or _text(address, "country"))
    if country is None:
        return None, _SOMEWHERE
    region = _text(address, "province_code") or _text(address, "province")
    return country, _zone(country, region, _text(address, "zip_code")) or _SOMEWHERE


@lru_cache(maxsize=4_000)
def country_name(code: str, language: str) -> str:
    """A country (alpha-2) in words, the code itself where nobody calls it anything."""
    return str(_locale(language).territories.get(code, code))


@lru_cache(maxsize=32)
def _locale(language: str) -> Locale:
    return Locale.parse(language)


@lru_cache(maxsize=20_000)
def _zone(country: str, region: str | None, postal_code: str | None) -> str | None:
    return zone_of(Place(country, region, postal_code))


def _text(told: dict[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _calmed(name: str) -> str:
    """Without the capitals that carriers write towns in."""
    return name.title() if len(name) > 3 and name.isupper() and name.replace(" ", "").isalpha() else name
