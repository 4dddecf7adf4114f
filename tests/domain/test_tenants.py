"""Shops, keys and members: what the commands leave behind."""

import asyncio
import hashlib
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from karla.domain.tenants import commands, queries
from karla.domain.tenants.records import (
    IssuedKey,
    KeyGrant,
    MemberFilter,
    Reach,
    Shop,
    ShopFilter,
)
from karla.infra import bell
from karla.infra.access import NOWHERE, scope_of
from karla.infra.errors import Conflict, Invalid, NotFound
from karla.infra.paging import Paged
from karla.vocabulary.scope import Role
from tests.support.karla import Karla


async def created(karla: Karla, organisation: str, slug: str) -> Shop:
    return await karla.services.db.write(
        NOWHERE,
        lambda work: commands.create_shop(
            work, organisation=organisation, create_organisation=True, slug=slug, name=slug.title()
        ),
    )


def unique(name: str) -> str:
    return f"{name}-{uuid4().hex[:12]}"


async def issued(karla: Karla, organisation: str, *slugs: str) -> IssuedKey:
    grants = [KeyGrant(slug, Role.ADMIN) for slug in slugs]
    return await karla.services.db.write(
        NOWHERE,
        lambda work: commands.create_key(work, organisation=organisation, username=None, grants=grants),
    )


async def reach_of(karla: Karla, organisation: str) -> Reach:
    async with karla.services.db.read(NOWHERE) as connection:
        return await queries.whole_organisation(NOWHERE, connection, organisation)


async def test_a_shop_that_is_refused_leaves_no_organisation_behind(karla: Karla) -> None:
    shop, organisation = await created(karla, unique("org"), unique("shop")), unique("org")
    with pytest.raises(Conflict) as refused:
        await created(karla, organisation, shop.slug)
    assert refused.value.key == "shop_exists"
    with pytest.raises(NotFound) as missing:
        await reach_of(karla, organisation)
    assert missing.value.key == "organisation_not_found"


async def test_of_many_who_want_a_slug_at_once_one_gets_it(karla: Karla) -> None:
    slug = unique("shop")
    outcomes = await asyncio.gather(*(created(karla, unique("org"), slug) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, Shop) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7


async def test_without_its_organisation_no_shop_is_made(karla: Karla) -> None:
    with pytest.raises(NotFound) as missing:
        await karla.services.db.write(
            NOWHERE,
            lambda work: commands.create_shop(work, organisation=unique("org"), slug=unique("shop"), name="X"),
        )
    assert missing.value.key == "organisation_not_found"


async def test_updating_changes_what_is_given_and_nothing_else(karla: Karla) -> None:
    shop = await created(karla, unique("org"), unique("shop"))
    scope = scope_of([shop.id])
    updated = await karla.services.db.write(
        scope, lambda work: commands.update_shop(work, description="Linen", name=None, language="de")
    )
    assert (updated.description, updated.name, updated.language) == ("Linen", shop.name, "de")
    assert updated.updated_at > shop.updated_at
    again = await karla.services.db.write(
        scope, lambda work: commands.update_shop(work, description="Linen", organization=shop.organisation)
    )
    assert again == updated
    async with karla.services.db.read(scope) as connection:
        assert await queries.get_shop(scope, connection) == updated


async def test_a_shop_stays_in_its_organisation(karla: Karla) -> None:
    shop, other = await created(karla, unique("org"), unique("shop")), await created(karla, unique("org"), unique("s"))
    with pytest.raises(Invalid) as refused:
        await karla.services.db.write(
            scope_of([shop.id]), lambda work: commands.update_shop(work, organization=other.organisation)
        )
    assert refused.value.key == "organization_invalid"


async def test_search_shows_the_scope_and_the_organisation_by_filter_and_page(karla: Karla) -> None:
    organisation = unique("org")
    shops = [await created(karla, organisation, unique("shop")) for _ in range(3)]
    stranger = await created(karla, unique("org"), unique("shop"))

    async def search(wanted: ShopFilter, *scope: Shop, whole: bool = True) -> list[Shop]:
        async with karla.services.db.read(NOWHERE) as connection:
            return await queries.search_shops(
                scope_of(shop.id for shop in scope), connection, wanted, shops[0].organisation_id if whole else None
            )

    assert await search(ShopFilter()) == shops[::-1]
    assert await search(ShopFilter(), stranger) == [stranger, *shops[::-1]]
    assert await search(ShopFilter(), shops[1], whole=False) == [shops[1]]
    assert await search(ShopFilter(), whole=False) == []
    assert await search(ShopFilter(page=2, per_page=2)) == shops[:1]
    assert await search(ShopFilter(slug=shops[1].slug)) == [shops[1]]
    assert await search(ShopFilter(uuid=shops[2].id)) == [shops[2]]
    assert await search(ShopFilter(name=shops[0].name)) == [shops[0]]
    assert await search(ShopFilter(organization=stranger.organisation)) == []
    assert await search(ShopFilter(language="de")) == []
    assert await search(ShopFilter(shop_provider="shopify")) == []


async def test_deleting_a_shop_takes_what_was_its_own(karla: Karla) -> None:
    organisation = unique("org")
    doomed, spared = [await created(karla, organisation, unique("shop")) for _ in range(2)]
    reach = await reach_of(karla, organisation)
    write = karla.services.db.write
    only = await issued(karla, organisation, doomed.slug)
    both = await issued(karla, organisation, doomed.slug, spared.slug)
    await write(
        NOWHERE,
        lambda work: commands.add_member(
            work, organisation=organisation, email_id="ops@acme.example", shops=[doomed.slug, spared.slug]
        ),
    )
    await write(scope_of([doomed.id]), commands.delete_shop)
    with pytest.raises(NotFound) as missing:
        await write(scope_of([doomed.id]), commands.delete_shop)
    assert missing.value.key == "shop_not_found"
    async with karla.services.db.read(NOWHERE) as connection:
        keys = {key.id: key for key in await queries.search_keys(NOWHERE, connection, reach, Paged())}
        (member,) = await queries.search_members(NOWHERE, connection, reach, MemberFilter())
    assert keys[only.key.id].revoked_at is not None
    assert keys[both.key.id].revoked_at is None
    assert [grant.shop_slug for grant in keys[both.key.id].shops] == [spared.slug]
    assert member.shops == (spared.slug,)


async def test_a_key_is_stored_as_its_hash(karla: Karla, database_url: str) -> None:
    shop = await karla.shop()
    connection = await asyncpg.connect(database_url)
    try:
        row = await connection.fetchrow(
            "select * from api_keys where key_hash = $1", hashlib.sha256(shop.key.encode()).digest()
        )
    finally:
        await connection.close()
    assert shop.key.startswith("karla_")
    assert len(shop.key) >= len("karla_") + 43
    assert row is not None
    assert shop.key not in str(row)
    assert row["hint"] == f"{shop.key[:10]}…{shop.key[-4:]}"


async def test_a_key_for_a_shop_of_another_organisation_is_refused(karla: Karla) -> None:
    own, other = await created(karla, unique("org"), unique("shop")), await created(karla, unique("org"), unique("s"))
    with pytest.raises(Invalid) as refused:
        await issued(karla, own.organisation, other.slug)
    assert refused.value.key == "shop_not_found"


async def test_keys_made_while_their_shop_is_deleted_end_well(karla: Karla) -> None:
    organisation = unique("org")
    shop, _ = [await created(karla, organisation, unique("shop")) for _ in range(2)]

    outcomes = await asyncio.gather(
        *(issued(karla, organisation, shop.slug) for _ in range(4)),
        karla.services.db.write(scope_of([shop.id]), commands.delete_shop),
        *(issued(karla, organisation, shop.slug) for _ in range(4)),
        return_exceptions=True,
    )
    assert {type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)} <= {Invalid}


async def test_rotation_hands_over_and_happens_once(karla: Karla) -> None:
    shop = await karla.shop()
    reach = Reach(shop.shop.organisation_id)
    write = karla.services.db.write
    async with karla.services.db.read(NOWHERE) as connection:
        (old,) = await queries.search_keys(NOWHERE, connection, reach, Paged())
    new = await write(NOWHERE, lambda work: commands.rotate_key(work, reach, old.id, timedelta(hours=2)))
    async with karla.services.db.read(NOWHERE) as connection:
        newest, rotated = await queries.search_keys(NOWHERE, connection, reach, Paged())
    assert newest == new.key
    assert (new.key.username, new.key.shops) == (old.username, old.shops)
    assert rotated.replaced_by == new.key.id
    assert rotated.expires_at == new.key.created_at + timedelta(hours=2)
    with pytest.raises(Conflict) as refused:
        await write(NOWHERE, lambda work: commands.rotate_key(work, reach, old.id))
    assert refused.value.key == "key_rotated"


@pytest.mark.parametrize("email", ["", "ops", "@acme.example", "ops@", "a b@acme.example", "a@b@c", "o\0@acme.example"])
async def test_a_member_needs_an_address(karla: Karla, email: str) -> None:
    shop = await karla.shop()
    with pytest.raises(Invalid) as refused:
        await karla.services.db.write(
            NOWHERE,
            lambda work: commands.add_member(work, organisation=shop.shop.organisation, email_id=email),
        )
    assert refused.value.key == "email_invalid"


async def test_adding_a_member_twice_adds_the_shops(karla: Karla) -> None:
    organisation = unique("org")
    slugs = sorted([(await created(karla, organisation, unique("shop"))).slug for _ in range(2)])
    for shops, email in (([slugs[1]], "Ops@Acme.example"), (slugs, "ops@acme.example")):
        member = await karla.services.db.write(
            NOWHERE,
            lambda work, shops=shops, email=email: commands.add_member(  # type: ignore[misc]
                work, organisation=organisation, email_id=email, shops=shops
            ),
        )
        assert set(shops) <= set(member.shops)
    assert (member.email_id, member.shops) == ("ops@acme.example", tuple(slugs))
    with pytest.raises(Invalid):
        await karla.services.db.write(
            NOWHERE,
            lambda work: commands.add_member(
                work, organisation=organisation, email_id="a@b.example", shops=["nowhere"]
            ),
        )


async def test_every_change_of_shops_and_keys_rings_the_bell(karla: Karla, database_url: str) -> None:
    rung = asyncio.Queue[None]()
    listener = bell.Bell(database_url)
    listener.on(bell.ACCESS, lambda: rung.put_nowait(None))
    await listener.start()
    await rung.get()  # it rings once when it begins to listen
    try:
        shop = await karla.shop()  # a shop and a key
        for _ in range(2):
            await asyncio.wait_for(rung.get(), 5)
        write, reach = karla.services.db.write, Reach(shop.shop.organisation_id)
        async with karla.services.db.read(NOWHERE) as connection:
            (key,) = await queries.search_keys(NOWHERE, connection, reach, Paged())
        await write(NOWHERE, lambda work: commands.rotate_key(work, reach, key.id))
        await asyncio.wait_for(rung.get(), 5)
        await write(NOWHERE, lambda work: commands.revoke_key(work, reach, key.id))
        await asyncio.wait_for(rung.get(), 5)
        await write(scope_of([shop.shop.id]), commands.delete_shop)
        await asyncio.wait_for(rung.get(), 5)
    finally:
        await listener.stop()
