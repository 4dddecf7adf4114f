"""The catalogue's rule, and its writes on a real PostgreSQL."""

import asyncio
from decimal import Decimal
from functools import partial

from karla.domain.catalog import commands, queries
from karla.domain.catalog.records import VariantFilter, VariantMembers
from karla.domain.catalog.rules import settled
from karla.infra.access import scope_of
from karla.infra.paging import Paged
from tests.support.karla import Karla


def variant(product_id: str, variant_id: str, title: str = "Linen tee", price: str | None = "24.95") -> VariantMembers:
    return VariantMembers(
        product_id=product_id, variant_id=variant_id, title=title, price=None if price is None else Decimal(price)
    )


def test_the_last_word_on_a_variant_counts() -> None:
    given = [variant("b", "1", "old"), variant("a", "2"), variant("b", "1", "new"), variant("a", "1")]

    assert [(entry.product_id, entry.variant_id, entry.title) for entry in settled(given)] == [
        ("a", "1", "Linen tee"),
        ("a", "2", "Linen tee"),
        ("b", "1", "new"),
    ]


async def test_only_what_changed_is_written(karla: Karla) -> None:
    scope = scope_of([(await karla.shop()).shop.id])
    db = karla.services.db
    first = await db.write(scope, lambda work: commands.upsert_variants(work, [variant("p", "1"), variant("p", "2")]))

    second = await db.write(
        scope,
        lambda work: commands.upsert_variants(work, [variant("p", "2", price="24.950"), variant("p", "1", price=None)]),
    )

    assert [entry.variant_id for entry in second] == ["2", "1"]
    assert second[0] == first[1]
    assert second[1].price is None
    assert second[1].created_at == first[0].created_at
    assert second[1].updated_at > first[0].updated_at


async def test_writers_of_the_same_variants_at_once_all_get_an_answer(karla: Karla) -> None:
    scope = scope_of([(await karla.shop()).shop.id])
    db = karla.services.db
    bodies = [
        [variant(f"p{number}", "1", f"title {writer % 2}") for number in range(20)][:: 1 if writer % 3 else -1]
        for writer in range(8)
    ]

    answers = await asyncio.gather(*(db.write(scope, partial(commands.upsert_variants, given=body)) for body in bodies))

    for body, answer in zip(bodies, answers, strict=True):
        assert [(entry.product_id, entry.title) for entry in answer] == [
            (entry.product_id, entry.title) for entry in body
        ]
    async with db.read(scope) as connection:
        stored = await queries.variants(scope, connection, VariantFilter(), Paged(per_page=100))
    assert len(stored) == 20
    assert len({entry.title for entry in stored}) == 1


async def test_a_shop_sees_and_changes_its_own_products_alone(karla: Karla) -> None:
    mine, theirs = [scope_of([(await karla.shop()).shop.id]) for _ in range(2)]
    db = karla.services.db
    await db.write(theirs, lambda work: commands.upsert_variants(work, [variant("p", "1", "theirs")]))
    await db.write(mine, lambda work: commands.upsert_variants(work, [variant("p", "1", "mine")]))
    await db.write(mine, lambda work: commands.delete_product(work, "p"))

    async with db.read(mine) as connection:
        assert await queries.variants_of(mine, connection, "p") == []
        assert await queries.variant(mine, connection, "p", "1") is None
    async with db.read(theirs) as connection:
        assert [entry.title for entry in await queries.variants_of(theirs, connection, "p")] == ["theirs"]
