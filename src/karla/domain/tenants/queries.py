"""Reads of organisations, shops, members and keys."""

from uuid import UUID

from karla.domain.tenants.records import Grant, Principal, ShopRef
from karla.infra.work import Connection
from karla.vocabulary.scope import Role, Scope


async def principal_by_key(scope: Scope, connection: Connection, key_hash: bytes) -> Principal | None:
    """Who holds this key; None when it is unknown or revoked. Expiry is the caller's to check by its clock.

    Comes before any shop is known, so `scope` is the empty one.
    """
    del scope
    rows = await connection.fetch(
        """
        select k.id, k.organisation_id, o.slug, k.username, k.expires_at, g.shop_id, g.role
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
    )


async def shop_ref(scope: Scope, connection: Connection, slug: str) -> ShopRef | None:
    """The shop of this slug; comes before authorisation, so `scope` is the empty one."""
    del scope
    row = await connection.fetchrow("select id, slug, organisation_id from shops where slug = $1", slug)
    return row and ShopRef(id=row["id"], slug=row["slug"], organisation_id=row["organisation_id"])


async def organisation_id(scope: Scope, connection: Connection, slug: str) -> UUID | None:
    """The organisation of this slug; comes before authorisation, so `scope` is the empty one."""
    del scope
    found: UUID | None = await connection.fetchval("select id from organisations where slug = $1", slug)
    return found
