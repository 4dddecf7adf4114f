"""Shops: search, create, look at, change, delete."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from karla.domain.tenants import commands, queries, rules
from karla.domain.tenants.records import Shop, ShopFilter, ShopMembers
from karla.entrypoints.api.access import Access, any_key, shop_role
from karla.entrypoints.api.bodies import from_query, json_body
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp, stamp
from karla.vocabulary.scope import Role

Name = Annotated[str, Meta(min_length=1, max_length=200, description="The shop's name as shoppers know it.")]
Slug = Annotated[str, Meta(min_length=1, max_length=63, pattern=rules.SLUG_PATTERN)]
Description = Annotated[str, Meta(max_length=5000)]
WebAddress = Annotated[
    str,
    Meta(max_length=2048, pattern="^[Hh][Tt][Tt][Pp][Ss]?://.", extra_json_schema={"format": "uri"}),
]
Provider = Literal["shopware", "shopify"]
Language = Literal["en", "de", "it", "fr", "es", "nl", "dk", "pl"]


class ShopSearch(ShopFilter, frozen=True, kw_only=True):
    """Every filter is exact, and all must fit."""

    uuid: UUID | None = None
    name: Name | None = None
    slug: Annotated[str, Meta(max_length=63)] | None = None
    shop_provider: Provider | None = None
    language: Language | None = None
    organization: Annotated[str, Meta(max_length=63)] | None = None


class ShopCreation(msgspec.Struct, kw_only=True):
    """A new shop; `slug` stands in every path and can't be changed later."""

    name: Name
    slug: Slug
    organization: Slug
    klaviyo_enabled: bool
    description: Description | None = None
    language: Language | None = None
    shop_provider: Provider | None = None
    shop_admin_url: WebAddress | None = None
    shop_faq_url: WebAddress | None = None
    shop_service_url: WebAddress | None = None
    shop_url: WebAddress | None = None
    logo_url: WebAddress | None = None
    web_tracking_enabled: bool | None = None
    go_live_at: datetime | None = None


class ShopUpdate(msgspec.Struct, kw_only=True):
    """What is absent or null stays as it is."""

    name: Name | None = None
    organization: Slug | None = None
    klaviyo_enabled: bool | None = None
    description: Description | None = None
    language: Language | None = None
    shop_provider: Provider | None = None
    shop_admin_url: WebAddress | None = None
    shop_faq_url: WebAddress | None = None
    shop_service_url: WebAddress | None = None
    shop_url: WebAddress | None = None
    logo_url: WebAddress | None = None
    web_tracking_enabled: bool | None = None
    go_live_at: datetime | None = None


class ShopDetail(msgspec.Struct, kw_only=True):
    """A shop."""

    created_at: Timestamp
    updated_at: Timestamp
    uuid: UUID
    name: str
    slug: str
    organization: str
    language: str
    logo_url: str | None
    shop_url: str | None
    description: str | None
    shop_provider: str | None
    shop_admin_url: str | None
    shop_faq_url: str | None
    shop_service_url: str | None
    klaviyo_enabled: bool
    web_tracking_enabled: bool
    go_live_at: Timestamp | None


def _detail(shop: Shop) -> ShopDetail:
    return ShopDetail(
        created_at=stamp(shop.created_at),
        updated_at=stamp(shop.updated_at),
        uuid=shop.id,
        name=shop.name,
        slug=shop.slug,
        organization=shop.organisation,
        language=shop.language,
        logo_url=shop.logo_url,
        shop_url=shop.shop_url,
        description=shop.description,
        shop_provider=shop.shop_provider,
        shop_admin_url=shop.shop_admin_url,
        shop_faq_url=shop.shop_faq_url,
        shop_service_url=shop.shop_service_url,
        klaviyo_enabled=shop.klaviyo_enabled,
        web_tracking_enabled=shop.web_tracking_enabled,
        go_live_at=stamp(shop.go_live_at),
    )


def _members(data: ShopCreation | ShopUpdate) -> ShopMembers:
    return ShopMembers(
        description=data.description,
        language=data.language,
        shop_provider=data.shop_provider,
        shop_admin_url=data.shop_admin_url,
        shop_faq_url=data.shop_faq_url,
        shop_service_url=data.shop_service_url,
        shop_url=data.shop_url,
        logo_url=data.logo_url,
        klaviyo_enabled=data.klaviyo_enabled,
        web_tracking_enabled=data.web_tracking_enabled,
        go_live_at=data.go_live_at,
    )


@get(
    "/v1/shops",
    opt=any_key(),
    dependencies={"filters": from_query(ShopSearch)},
    operation_id="v1ShopsSearch",
    summary="Search shops",
    tags=["Shops"],
)
async def search_shops(
    access: NamedDependency[Access], services: NamedDependency[Services], filters: NamedDependency[ShopSearch]
) -> list[ShopDetail]:
    """The shops that the key may see, newest first."""
    whole = access.principal.whole_organisation
    async with services.db.read(access.scope) as connection:
        shops = await queries.search_shops(access.scope, connection, filters, whole)
    return [_detail(shop) for shop in shops]


@post(
    "/v1/shops",
    opt=any_key(Role.ADMIN),
    dto=json_body(ShopCreation),
    operation_id="v1ShopsCreate",
    summary="Create a shop",
    tags=["Shops"],
)
async def create_shop(
    access: NamedDependency[Access], services: NamedDependency[Services], data: JSONBody[ShopCreation]
) -> ShopDetail:
    """A new shop in the key's own organisation; needs a key that is `admin` of all its shops.

    409 `shop_exists` when the slug is taken: slugs are unique over all organisations.
    """
    rules.demand_organisation_admin(access.principal, data.organization)
    shop = await services.db.write(
        access.scope,
        lambda work: commands.create_shop(
            work, organisation=data.organization, slug=data.slug, name=data.name, **_members(data)
        ),
    )
    services.keyring.forget()
    return _detail(shop)


@get(
    "/v1/shops/{slug:str}",
    opt=shop_role(Role.VIEWER),
    operation_id="v1ShopsGet",
    summary="Get a shop",
    tags=["Shops"],
)
async def get_shop(access: NamedDependency[Access], services: NamedDependency[Services]) -> ShopDetail:
    """The shop's details; the simplest call to try credentials with."""
    async with services.db.read(access.scope) as connection:
        return _detail(await queries.get_shop(access.scope, connection))


@patch(
    "/v1/shops/{slug:str}",
    opt=shop_role(Role.EDITOR),
    dto=json_body(ShopUpdate),
    operation_id="v1ShopsUpdate",
    summary="Update a shop",
    tags=["Shops"],
)
async def update_shop(
    access: NamedDependency[Access], services: NamedDependency[Services], data: JSONBody[ShopUpdate]
) -> ShopDetail:
    """Changes the members that are given; the slug and the organisation stay."""
    shop = await services.db.write(
        access.scope,
        lambda work: commands.update_shop(work, name=data.name, organization=data.organization, **_members(data)),
    )
    services.keyring.forget()
    return _detail(shop)


@delete(
    "/v1/shops/{slug:str}",
    opt=shop_role(Role.ADMIN),
    operation_id="v1ShopsDelete",
    summary="Delete a shop",
    tags=["Shops"],
)
async def delete_shop(access: NamedDependency[Access], services: NamedDependency[Services]) -> None:
    """Deletes the shop with its orders, shipments, webhooks and everything else of its own, for good.

    A key that was for this shop alone is revoked.
    """
    await services.db.write(access.scope, commands.delete_shop)
    services.keyring.forget()


HANDLERS = (search_shops, create_shop, get_shop, update_shop, delete_shop)
