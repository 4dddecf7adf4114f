"""Reads of shop settings, images and the hosts of tracking pages."""

from collections.abc import Sequence

import asyncpg
import msgspec

from karla.domain.branding.records import Image, ImageType, PageDomain, ShopSettings
from karla.domain.branding.rules.images import is_image_name, object_key
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope

_DOMAINS = "select shop_id, domain, claimed_at, proven_at, checked_at, problem from page_domains"


async def settings_of(scope: Scope, connection: Connection) -> ShopSettings:
    """The settings of the scope's one shop; the defaults where none were ever made."""
    row = await connection.fetchrow(
        "select carriers, triggers, segments, versioned from shop_settings where shop_id = $1", scope.shop
    )
    return settings_from(row) if row else ShopSettings()


def settings_from(row: asyncpg.Record) -> ShopSettings:
    """Settings of a row of the table; members that it doesn't have take their defaults."""
    return msgspec.convert(dict(row), ShopSettings)


async def image_named(scope: Scope, connection: Connection, name: str) -> Image | None:
    """The image of this public name, if there is one.

    Its name is all that anyone needs to see an image, so no shop is known and `scope` is the empty one.
    """
    del scope
    if not is_image_name(name):
        return None
    row = await connection.fetchrow("select * from karla_image_named($1)", object_key(name))
    return Image(**{**dict(row), "image_type": ImageType(row["image_type"])}) if row else None


async def slug_of_host(scope: Scope, connection: Connection, host: str) -> str | None:
    """The shop whose page this host shows, if one's; `host` is in lower case and without a port.

    Browsers name a host before any shop is known, so `scope` is the empty one.
    """
    del scope
    slug: str | None = await connection.fetchval("select karla_shop_of_host($1)", host)
    return slug


async def page_domain(scope: Scope, connection: Connection) -> PageDomain | None:
    """The shop's own domain and how it stands; None where it has none, or another shop has it."""
    row = await connection.fetchrow(f"{_DOMAINS} where shop_id = $1 and domain not like '%.myshopify.com'", scope.shop)
    return PageDomain(**dict(row)) if row else None


async def claimed_hosts(scope: Scope, connection: Connection) -> Sequence[PageDomain]:
    """Every host of the scope's shops, those at Shopify too, by name."""
    rows = await connection.fetch(
        f"{_DOMAINS} where shop_id = any($1) or $2 order by domain", list(scope.shops), scope.everywhere
    )
    return [PageDomain(**dict(row)) for row in rows]
