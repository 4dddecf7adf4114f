"""Reads of organisations, shops, members and keys."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from karla.domain.tenants.records import (
    Grant,
    Key,
    KeyGrant,
    Member,
    MemberFilter,
    Principal,
    Reach,
    Shop,
    ShopFilter,
    ShopRef,
)
from karla.domain.tenants.rules import demand_reach
from karla.infra.errors import NotFound
from karla.infra.paging import Paged
from karla.infra.work import Connection
from karla.vocabulary.scope import Role, Scope

_SHOPS = """
    select s.*, o.slug as organisation
    from shops s join organisations o on o.id = s.organisation_id
"""

_KEYS = """
    select k.*, g.slugs, g.roles, g.shop_ids
    from api_keys k
    cross join lateral (
        select coalesce(array_agg(coalesce(s.slug, '*') order by s.slug nulls first), '{}') as slugs,
               coalesce(array_agg(g.role order by s.slug nulls first), '{}') as roles,
               coalesce(array_agg(g.shop_id order by s.slug nulls first), '{}') as shop_ids
        from api_key_grants g left join shops s on s.id = g.shop_id
        where g.key_id = k.id
    ) g
"""


async def principal_by_key(scope: Scope, connection: Connection, key_hash: bytes) -> Principal | None:
    """Who holds this key; None when it is unknown or revoked. Expiry is the caller's to check by its clock.

    Comes before any shop is known, so `scope` is the empty one.
    """
    del scope
    rows = await connection.fetch(
        """
        select k.id, k.organisation_id, o.slug, k.username, k.expires_at, k.requests_per_minute, g.shop_id, g.role
        from api_keys k
        join organisations o on o.id = k.organisation_id
        join api_key_grants g on g.key_id = k.id
        where k.key_hash = $1 and k.revoked_at is null
        """,
        key_hash,
    )
    if not rows:
        return None
    first = rows[0]
    return Principal(
        key_id=first["id"],
        organisation_id=first["organisation_id"],
        organisation=first["slug"],
        username=first["username"],
        expires_at=first["expires_at"],
        grants=tuple(Grant(row["shop_id"], Role(row["role"])) for row in rows),
        requests_per_minute=first["requests_per_minute"],
    )


async def shop_ref(scope: Scope, connection: Connection, slug: str) -> ShopRef | None:
    """The shop of this slug; comes before authorisation, so `scope` is the empty one."""
    del scope
    row = await connection.fetchrow("select id, slug, organisation_id from shops where slug = $1", slug)
    if row is None:
        return None
    return ShopRef(id=row["id"], slug=row["slug"], organisation_id=row["organisation_id"])


async def organisation_id(scope: Scope, connection: Connection, slug: str) -> UUID | None:
    """The organisation of this slug; comes before authorisation, so `scope` is the empty one."""
    del scope
    found: UUID | None = await connection.fetchval("select id from organisations where slug = $1", slug)
    return found


async def whole_organisation(scope: Scope, connection: Connection, slug: str) -> Reach:
    """The reach of the one who operates Karla over an organisation; NotFound when there is none of this slug."""
    found = await organisation_id(scope, connection, slug)
    if found is None:
        raise NotFound("organisation_not_found", "The requested organisation does not exist.")
    return Reach(found)


async def get_shop(scope: Scope, connection: Connection, *, lock: bool = False) -> Shop:
    """The shop of the scope; NotFound when it is gone. `lock` keeps it as it is until the transaction ends."""
    row = await connection.fetchrow(f"{_SHOPS} where s.id = $1 {'for update of s' if lock else ''}", scope.shop)
    if row is None:
        raise NotFound("shop_not_found", "The requested shop does not exist.")
    return _shop(row)


async def search_shops(
    scope: Scope, connection: Connection, wanted: ShopFilter, organisation_id: UUID | None = None
) -> list[Shop]:
    """Shops of the scope, and all of the organisation if one is given; newest first."""
    rows = await connection.fetch(
        f"""
        {_SHOPS}
        where (s.id = any($1::uuid[]) or s.organisation_id = $2)
          and ($3::uuid is null or s.id = $3)
          and ($4::text is null or s.name = $4)
          and ($5::text is null or s.slug = $5)
          and ($6::text is null or s.shop_provider = $6)
          and ($7::text is null or s.language = $7)
          and ($8::text is null or o.slug = $8)
        order by s.created_at desc, s.id limit $9 offset $10
        """,
        list(scope.shops),
        organisation_id,
        wanted.uuid,
        wanted.name,
        wanted.slug,
        wanted.shop_provider,
        wanted.language,
        wanted.organization,
        wanted.per_page,
        wanted.offset,
    )
    return [_shop(row) for row in rows]


async def every_shop(scope: Scope, connection: Connection, organisation: str | None = None) -> list[Shop]:
    """All shops, or all of one organisation, by slug: for the one who operates Karla, so `scope` is the empty one."""
    del scope
    rows = await connection.fetch(
        f"{_SHOPS} where $1::text is null or o.slug = $1 order by o.slug, s.slug", organisation
    )
    return [_shop(row) for row in rows]


async def shops_by_slug(
    scope: Scope, connection: Connection, organisation_id: UUID, slugs: Sequence[str]
) -> dict[str, UUID]:
    """Those of the slugs that are shops of the organisation, whichever shops `scope` has."""
    del scope
    rows = await connection.fetch(
        "select slug, id from shops where organisation_id = $1 and slug = any($2::text[])",
        organisation_id,
        slugs,
    )
    return {row["slug"]: row["id"] for row in rows}


async def search_members(scope: Scope, connection: Connection, reach: Reach, wanted: MemberFilter) -> list[Member]:
    """People within reach, newest first; with a reach of some shops only those shops are told of them."""
    del scope
    rows = await connection.fetch(
        """
        with within as (select array(select slug from shops where id = any($2::uuid[])) as slugs)
        select m.email_id, o.slug as organisation, m.feature_community, m.feature_toggles,
               case when $2::uuid[] is null then m.shops
                    else array(select shop from unnest(m.shops) as shop where shop = any(within.slugs))
               end as shops
        from members m join organisations o on o.id = m.organisation_id cross join within
        where m.organisation_id = $1
          and ($2::uuid[] is null or m.shops && within.slugs)
          and ($3::text is null or m.email_id = lower($3))
        order by m.created_at desc, m.email_id limit $4 offset $5
        """,
        reach.organisation_id,
        reach.shops,
        wanted.email_id,
        wanted.per_page,
        wanted.offset,
    )
    return [
        Member(
            email_id=row["email_id"],
            organisation=row["organisation"],
            shops=tuple(row["shops"]),
            feature_community=row["feature_community"],
            feature_toggles=row["feature_toggles"],
        )
        for row in rows
    ]


async def search_keys(scope: Scope, connection: Connection, reach: Reach, paged: Paged) -> list[Key]:
    """Keys within reach, newest first, also those that are revoked or have expired."""
    del scope
    rows = await connection.fetch(
        f"""
        {_KEYS}
        where k.organisation_id = $1
          and ($2::uuid[] is null or (cardinality(g.shop_ids) > 0 and g.shop_ids <@ $2))
        order by k.created_at desc, k.id limit $3 offset $4
        """,
        reach.organisation_id,
        reach.shops,
        paged.per_page,
        paged.offset,
    )
    return [_key(row) for row in rows]


async def get_key(scope: Scope, connection: Connection, reach: Reach, key_id: UUID, *, lock: bool = False) -> Key:
    """A key; NotFound when the organisation has none such, Forbidden when it is out of reach."""
    del scope
    row = await connection.fetchrow(
        f"{_KEYS} where k.organisation_id = $1 and k.id = $2 {'for update of k' if lock else ''}",
        reach.organisation_id,
        key_id,
    )
    if row is None:
        raise NotFound("key_not_found", "The requested key does not exist.")
    key = _key(row)
    demand_reach(reach, row["organisation_id"], key.shop_ids or (None,))
    return key


def _shop(row: asyncpg.Record) -> Shop:
    return Shop(**{name: row[name] for name in Shop.__struct_fields__})


def _key(row: asyncpg.Record) -> Key:
    grants = tuple(KeyGrant(slug, Role(role)) for slug, role in zip(row["slugs"], row["roles"], strict=True))
    return Key(
        id=row["id"],
        username=row["username"],
        hint=row["hint"],
        shops=grants,
        shop_ids=tuple(row["shop_ids"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        replaced_by=row["replaced_by"],
        requests_per_minute=row["requests_per_minute"],
        last_used_at=row["last_used_at"],
    )
