"""Reads of products."""

import asyncpg

from karla.domain.catalog.records import Variant, VariantFilter
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


def variant_from(row: asyncpg.Record) -> Variant:
    """A variant of a row of the table."""
    return Variant(**{name: row[name] for name in Variant.__struct_fields__})
