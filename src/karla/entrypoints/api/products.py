"""Products: the merchant's catalogue by variant, for order lines to refer to."""

from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.catalog import commands, queries
from karla.domain.catalog.records import Variant, VariantFilter, VariantMembers
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import BULK_BYTES, from_query, json_body
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp, stamp
from karla.infra.errors import Fault, Invalid, NotFound
from karla.infra.paging import Paged
from karla.vocabulary.scope import Role

TAGS = ["Products"]
MAX_ITEMS = 10_000
MAX_REFERENCE = 255

# The ids are a primary key, and a row of an index has little room.
MerchantId = Annotated[str, Meta(min_length=1, max_length=MAX_REFERENCE)]
Sku = Annotated[str, Meta(max_length=MAX_REFERENCE)]
Title = Annotated[str, Meta(max_length=1000)]
# Shops also give addresses without a scheme; pages link them, so nothing but the web may stand there.
WebAddress = Annotated[str, Meta(max_length=4096, pattern=r"^(([Hh][Tt][Tt][Pp][Ss]?:)?//.*)?$")]
Price = Annotated[float, Meta(ge=-1e12, le=1e12, description="Gross, in the shop's currency.")]
LanguageCode = Annotated[str, Meta(pattern="^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$", max_length=35)]


class Translation(msgspec.Struct, kw_only=True):
    """A product's texts in one language."""

    title: Title


class VariantUpsert(msgspec.Struct, kw_only=True):
    """One variant, whole: what is absent or null is empty from then on."""

    title: Annotated[Title, Meta(description="The product's name.")]
    variant_title: Annotated[Title, Meta(description="The variant's own name.")] | None = None
    price: Price | None = None
    sku: Sku | None = None
    product_url: WebAddress | None = None
    image_url: WebAddress | None = None
    translations: (
        Annotated[dict[LanguageCode, Translation], Meta(max_length=100, description="By language code.")] | None
    ) = None

    def members(self, product_id: str, variant_id: str) -> VariantMembers:
        """The domain's words for it."""
        return VariantMembers(
            product_id=product_id,
            variant_id=variant_id,
            title=self.title,
            variant_title=self.variant_title,
            # By its text, so that 24.95 stays 24.95.
            price=None if self.price is None else Decimal(str(self.price)),
            sku=self.sku,
            product_url=self.product_url or None,
            image_url=self.image_url or None,
            translations={code: {"title": text.title} for code, text in (self.translations or {}).items()},
        )


class VariantBulkItem(VariantUpsert, kw_only=True):
    """One variant of a bulk call; a product without variants may leave out `variant_id`."""

    product_id: MerchantId
    variant_id: Annotated[str, Meta(max_length=MAX_REFERENCE)] | None = None


BulkItems = Annotated[list[VariantBulkItem], Meta(max_length=MAX_ITEMS)]


class ProductSearch(Paged, frozen=True, kw_only=True):
    """Which variants; all that are given must hold."""

    product_id: str | None = None
    variant_id: str | None = None
    sku: str | None = None
    title: Annotated[str, Meta(max_length=1000, description="A part of the name, in whatever case.")] | None = None


class ProductVariant(msgspec.Struct, kw_only=True):
    """One variant of a product."""

    product_id: str
    variant_id: str
    title: str
    variant_title: str | None
    price: float | None
    sku: str | None
    product_url: str | None
    image_url: str | None
    translations: dict[str, Translation]
    created_at: Timestamp
    updated_at: Timestamp


def _detail(variant: Variant) -> ProductVariant:
    return ProductVariant(
        product_id=variant.product_id,
        variant_id=variant.variant_id,
        title=variant.title,
        variant_title=variant.variant_title,
        price=None if variant.price is None else float(variant.price),
        sku=variant.sku,
        product_url=variant.product_url,
        image_url=variant.image_url,
        translations={code: Translation(title=text["title"]) for code, text in variant.translations.items()},
        created_at=stamp(variant.created_at),
        updated_at=stamp(variant.updated_at),
    )


@post(
    "/v1/shops/{slug:str}/products",
    status_code=200,
    operation_id="v1ProductsUpsertBulk",
    summary="Upsert up to 1,000 product variants",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(BulkItems, BULK_BYTES),
)
async def upsert_products(
    data: JSONBody[list[VariantBulkItem]],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
) -> list[ProductVariant]:
    """Create or replace variants, all or none; the same body twice changes nothing.

    Of two items for one variant the last counts. Answers each variant once.
    """
    given = [item.members(item.product_id, item.variant_id or item.product_id) for item in data]
    stored = await services.db.write(access.scope, lambda work: commands.upsert_variants(work, given))
    return [_detail(variant) for variant in stored]


@get(
    "/v1/shops/{slug:str}/products",
    operation_id="v1ProductsSearch",
    summary="Search product variants",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
    dependencies={"filters": from_query(ProductSearch)},
)
async def search_products(
    filters: NamedDependency[ProductSearch], access: NamedDependency[Access], services: NamedDependency[Services]
) -> list[ProductVariant]:
    """Variants that match all filters, newest first; a page shorter than `per_page` is the last."""
    wanted = VariantFilter(**{name: getattr(filters, name) for name in VariantFilter.__struct_fields__})
    async with services.db.read(access.scope) as connection:
        found = await queries.variants(access.scope, connection, wanted, filters)
    return [_detail(variant) for variant in found]


@get(
    "/v1/shops/{slug:str}/products/{product_id:str}",
    operation_id="v1ProductsGet",
    summary="Get all variants of a product",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
)
async def get_product(
    product_id: FromPath[str], access: NamedDependency[Access], services: NamedDependency[Services]
) -> list[ProductVariant]:
    """The product's variants, by their ids; 404 `product_not_found` when it has none."""
    async with services.db.read(access.scope) as connection:
        found = await queries.variants_of(access.scope, connection, product_id)
    if not found:
        raise NotFound("product_not_found", "The requested product does not exist.")
    return [_detail(variant) for variant in found]


@get(
    "/v1/shops/{slug:str}/products/{product_id:str}/variants/{variant_id:str}",
    operation_id="v1ProductsVariantsGet",
    summary="Get one product variant",
    tags=TAGS,
    opt=shop_role(Role.VIEWER),
)
async def get_variant(
    product_id: FromPath[str],
    variant_id: FromPath[str],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
) -> ProductVariant:
    """One variant; a product without variants has one under its own id."""
    async with services.db.read(access.scope) as connection:
        found = await queries.variant(access.scope, connection, product_id, variant_id)
    if found is None:
        raise NotFound("product_not_found", "The requested product variant does not exist.")
    return _detail(found)


@put(
    "/v1/shops/{slug:str}/products/{product_id:str}/variants/{variant_id:str}",
    operation_id="v1ProductsVariantsUpsert",
    summary="Upsert one product variant",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    dto=json_body(VariantUpsert),
)
async def upsert_variant(
    product_id: FromPath[str],
    variant_id: FromPath[str],
    data: JSONBody[VariantUpsert],
    access: NamedDependency[Access],
    services: NamedDependency[Services],
) -> ProductVariant:
    """Create or replace one variant; the same body twice changes nothing."""
    _demand_short(product_id=product_id, variant_id=variant_id)
    given = [data.members(product_id, variant_id)]
    (stored,) = await services.db.write(access.scope, lambda work: commands.upsert_variants(work, given))
    return _detail(stored)


@delete(
    "/v1/shops/{slug:str}/products/{product_id:str}",
    operation_id="v1ProductsDelete",
    summary="Delete a product with all its variants",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
)
async def delete_product(
    product_id: FromPath[str], access: NamedDependency[Access], services: NamedDependency[Services]
) -> None:
    """Removes the product and its variants; order lines that refer to it stay as they are."""
    await services.db.write(access.scope, lambda work: commands.delete_product(work, product_id))


def _demand_short(**ids: str) -> None:
    faults = [
        Fault(("path", name), f"Must have at most {MAX_REFERENCE} characters", "too_long")
        for name, value in ids.items()
        if len(value) > MAX_REFERENCE
    ]
    if faults:
        raise Invalid(faults=faults)


HANDLERS = (
    upsert_products,
    search_products,
    get_product,
    get_variant,
    upsert_variant,
    delete_product,
)
