"""Reads of products."""

from collections.abc import Collection

import asyncpg

from karla.domain.catalog.records import ListedVariant, Variant, VariantFilter, VariantKey
from karla.infra.paging import Paged
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope


async def variants(scope: Scope, connection: Connection, wanted: VariantFilter, page: Paged) -> list[Variant]:
    """One page of the variants that `wanted` describes, newest first."""
    rows = await connection.fetch(
        """
        select * from products
        where shop_id = any ($1)
            and ($2::text is null or product_id = $2)
            and ($3::text is null or variant_id = $3)
            and ($4::text is null or sku = $4)
            and ($5::text is null or strpos(lower(title), lower($5)) > 0)
        order by created_at desc, product_id, variant_id
        limit $6 offset $7
        """,
        scope.shops,
        wanted.product_id,
        wanted.variant_id,
        wanted.sku,
        wanted.title,
        page.per_page,
        page.offset,
    )
    return [variant_from(row) for row in rows]


async def variants_of(scope: Scope, connection: Connection, product_id: str) -> list[Variant]:
    """All variants of one product; none when there is no such product."""
    rows = await connection.fetch(
        "select * from products where shop_id = any ($1) and product_id = $2 order by variant_id",
        scope.shops,
        product_id,
    )
    return [variant_from(row) for row in rows]


async def variant(scope: Scope, connection: Connection, product_id: str, variant_id: str) -> Variant | None:
    """One variant, if it is there."""
    row = await connection.fetchrow(
        "select * from products where shop_id = any ($1) and product_id = $2 and variant_id = $3",
        scope.shops,
        product_id,
        variant_id,
    )
    return variant_from(row) if row else None


async def listed_variants(
    scope: Scope, connection: Connection, wanted: Collection[VariantKey]
) -> dict[VariantKey, ListedVariant]:
    """What shoppers are told of these variants; one that the catalogue doesn't have is missing."""
    rows = await connection.fetch(
        """
        select p.product_id, p.variant_id, p.title, p.variant_title, p.product_url, p.image_url, p.translations
        from unnest($1::text[], $2::text[]) as w (product_id, variant_id)
        join products p on (p.product_id, p.variant_id) = (w.product_id, w.variant_id)
        where p.shop_id = $3
        """,
        [product_id for product_id, _ in wanted],
        [variant_id for _, variant_id in wanted],
        scope.shop,
    )
    return {(row[0], row[1]): ListedVariant(*row[2:]) for row in rows}


def variant_from(row: asyncpg.Record) -> Variant:
    """A variant of a row of the table."""
    return Variant(**{name: row[name] for name in Variant.__struct_fields__})
