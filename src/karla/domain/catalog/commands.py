"""Writes of products."""

from collections.abc import Sequence

from karla.domain.catalog.queries import variant_from
from karla.domain.catalog.records import Variant, VariantMembers
from karla.domain.catalog.rules import settled
from karla.infra.errors import NotFound
from karla.infra.work import Retry, Work

_MEMBERS = {
    "title": "text",
    "variant_title": "text",
    "price": "numeric",
    "sku": "text",
    "product_url": "text",
    "image_url": "text",
    "translations": "jsonb",
}
_KINDS = {"product_id": "text", "variant_id": "text", **_MEMBERS}


def _all(table: str) -> str:
    return "(" + ", ".join(f"{table}.{name}" for name in _MEMBERS) + ")"


# Answers with every variant given: those written, and those that were the same already.
_UPSERT = f"""
    with given as (
        select * from unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_KINDS.values(), 3))})
            as given ({", ".join(_KINDS)})
    ), written as (
        insert into products as stored (shop_id, {", ".join(_KINDS)}, created_at, updated_at)
        select $1, given.*, $2, $2 from given
        on conflict (shop_id, product_id, variant_id) do update set
            {", ".join(f"{name} = excluded.{name}" for name in _MEMBERS)}, updated_at = excluded.updated_at
        where {_all("stored")} is distinct from {_all("excluded")}
        returning *
    )
    select * from written
    union all
    select stored.* from given join products as stored
        on stored.shop_id = $1 and (stored.product_id, stored.variant_id) = (given.product_id, given.variant_id)
    where {_all("stored")} is not distinct from {_all("given")}
"""  # noqa: S608 - column names of our own


async def upsert_variants(work: Work, given: Sequence[VariantMembers]) -> list[Variant]:
    """Create or replace these variants in one statement; of two entries for one variant the last counts.

    Answers one a variant, in the order of the first mention. What is stored already stays untouched.
    """
    variants = settled(given)
    if not variants:
        return []
    rows = await work.connection.fetch(
        _UPSERT, work.scope.shop, work.now, *([getattr(entry, name) for entry in variants] for name in _KINDS)
    )
    if len(rows) != len(variants):
        # Another transaction changed one of them between our look and our write.
        raise Retry
    stored = {(row["product_id"], row["variant_id"]): variant_from(row) for row in rows}
    return [stored[pair] for pair in dict.fromkeys((entry.product_id, entry.variant_id) for entry in given)]


async def delete_product(work: Work, product_id: str) -> None:
    """Remove a product with all its variants; NotFound when there is none."""
    removed = await work.connection.fetch(
        "delete from products where shop_id = $1 and product_id = $2 returning 1", work.scope.shop, product_id
    )
    if not removed:
        raise NotFound("product_not_found", "The requested product does not exist.")
