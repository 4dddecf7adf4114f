"""Writes of organisations, shops, members and keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Unpack
from uuid import UUID

import asyncpg
import msgspec

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.tenants import queries, rules
from karla.domain.tenants.records import (
    IssuedKey,
    Key,
    KeyGrant,
    KeyTerms,
    Member,
    Reach,
    Shop,
    ShopChanges,
    ShopMembers,
)
from karla.infra import bell
from karla.infra.errors import Conflict
from karla.infra.ids import new_id, new_secret
from karla.infra.work import Retry, Work

ENDLESS = KeyTerms()

OVERLAP = timedelta(hours=24)
"""How long a rotated key still works unless told otherwise."""


async def create_shop(
    work: Work,
    *,
    organisation: str,
    slug: str,
    name: str,
    create_organisation: bool = False,
    **members: Unpack[ShopMembers],
) -> Shop:
    """A new shop; Conflict for a slug that is taken, NotFound without the organisation unless it is made too."""
    rules.demand_shop_slug(slug)
    if create_organisation:
        await _ensure_organisation(work, organisation)
    reach = await queries.whole_organisation(work.scope, work.connection, organisation)
    shop = rules.changed(
        Shop(
            id=new_id(),
            organisation_id=reach.organisation_id,
            organisation=organisation,
            slug=slug,
            name=name,
            created_at=work.now,
            updated_at=work.now,
        ),
        members,
    )
    await _insert_shop(work, shop)
    await record(work, Action.SHOP_CREATED, shop.id, after=shop, organisation_id=shop.organisation_id, shop_id=shop.id)
    await bell.ring(work.connection, bell.ACCESS)
    return shop


async def _ensure_organisation(work: Work, slug: str) -> None:
    rules.demand_organisation_slug(slug)
    made = await work.connection.fetchval(
        """
        insert into organisations (id, slug, name, created_at) values ($1, $2, $2, $3)
        on conflict (slug) do nothing returning id
        """,
        new_id(),
        slug,
        work.now,
    )
    if made:
        await record(work, Action.ORGANISATION_CREATED, made, after={"slug": slug, "name": slug}, organisation_id=made)


async def _insert_shop(work: Work, shop: Shop) -> None:
    made = await work.connection.fetchval(
        """
        insert into shops (id, organisation_id, slug, name, description, language, shop_provider, shop_admin_url,
            shop_faq_url, shop_service_url, shop_url, logo_url, klaviyo_enabled, web_tracking_enabled,
            go_live_at, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        on conflict (slug) do nothing
        returning id
        """,
        *_columns(shop),
    )
    if made is None:
        raise Conflict("shop_exists", f"A shop with the slug {shop.slug!r} exists already.")


async def update_shop(work: Work, **changes: Unpack[ShopChanges]) -> Shop:
    """Change the shop of the scope: what is None or not named stays as it is."""
    shop = await queries.get_shop(work.scope, work.connection, lock=True)
    wanted = rules.changed(shop, changes)
    if wanted == shop:
        return shop
    wanted = msgspec.structs.replace(wanted, updated_at=work.now)
    await work.connection.execute(
        """
        update shops set (organisation_id, slug, name, description, language, shop_provider, shop_admin_url,
            shop_faq_url, shop_service_url, shop_url, logo_url, klaviyo_enabled, web_tracking_enabled,
            go_live_at, created_at, updated_at)
        = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        where id = $1
        """,
        *_columns(wanted),
    )
    await record(work, Action.SHOP_UPDATED, shop.id, before=shop, after=wanted)
    await bell.ring(work.connection, bell.ACCESS)
    return wanted


def _columns(shop: Shop) -> list[object]:
    return [getattr(shop, name) for name in Shop.__struct_fields__ if name != "organisation"]


async def delete_shop(work: Work) -> None:
    """Delete the shop of the scope with all that is its own; a key that was for it alone is revoked."""
    shop = await queries.get_shop(work.scope, work.connection, lock=True)
    revoked = await work.connection.fetch(
        """
        update api_keys k set revoked_at = $2
        where k.revoked_at is null
          and exists (select from api_key_grants g where g.key_id = k.id and g.shop_id = $1)
          and not exists (
              select from api_key_grants g where g.key_id = k.id and g.shop_id is distinct from $1
          )
        returning k.id
        """,
        shop.id,
        work.now,
    )
    for key in revoked:
        await record(work, Action.KEY_REVOKED, key["id"], before={"revoked_at": None}, after={"revoked_at": work.now})
    await record(work, Action.SHOP_DELETED, shop.id, before=shop)
    await work.connection.execute(
        "update members set shops = array_remove(shops, $2) where organisation_id = $1 and $2 = any(shops)",
        shop.organisation_id,
        shop.slug,
    )
    await work.connection.execute("delete from shops where id = $1", shop.id)
    await bell.ring(work.connection, bell.ACCESS)


async def create_key(
    work: Work,
    *,
    organisation: str,
    username: str | None,
    grants: Sequence[KeyGrant],
    terms: KeyTerms = ENDLESS,
    at_most: int | None = None,
    reach: Reach | None = None,
) -> IssuedKey:
    """A new key; its secret is in the answer and nowhere else.

    `at_most` is how many requests a minute every key may make: terms beyond are Invalid, as is an end that is over.
    `reach` is that of the key which asks for it (Forbidden beyond), None for the one who operates Karla.
    """
    rules.demand_terms(terms, at_most, work.now)
    whole = await queries.whole_organisation(work.scope, work.connection, organisation)
    slugs = [grant.shop_slug for grant in grants]
    shops = await queries.shops_by_slug(work.scope, work.connection, whole.organisation_id, slugs)
    rules.demand_reach(reach or whole, whole.organisation_id, [shops.get(slug) for slug in slugs])
    rules.demand_grants(grants, shops)
    secret = new_secret("karla_")
    key = Key(
        id=new_id(),
        username=rules.username_of(username, grants, organisation),
        hint=rules.key_hint(secret),
        shops=tuple(grants),
        shop_ids=tuple(shops.get(slug) for slug in slugs),
        created_at=work.now,
        expires_at=terms.expires_at,
        requests_per_minute=terms.requests_per_minute,
    )
    await _insert_key(work, whole.organisation_id, key, secret)
    await _record_key(work, Action.KEY_CREATED, whole, None, key)
    return IssuedKey(key, secret)


async def _insert_key(work: Work, organisation_id: UUID, key: Key, secret: str) -> None:
    await work.connection.execute(
        """
        insert into api_keys (id, organisation_id, username, key_hash, hint, created_at, expires_at,
            requests_per_minute)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        key.id,
        organisation_id,
        key.username,
        rules.key_hash(secret),
        key.hint,
        key.created_at,
        key.expires_at,
        key.requests_per_minute,
    )
    try:
        await work.connection.execute(
            """
            insert into api_key_grants (key_id, shop_id, role)
            select $1, g.shop_id, g.role from unnest($2::uuid[], $3::text[]) as g (shop_id, role)
            """,
            key.id,
            key.shop_ids,
            [grant.role for grant in key.shops],
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise Retry from error  # a shop was deleted since it was read
    await bell.ring(work.connection, bell.ACCESS)


async def _record_key(work: Work, action: Action, reach: Reach, before: Key | None, after: Key) -> None:
    shop_id = after.shop_ids[0] if len(after.shop_ids) == 1 else None
    await record(
        work, action, after.id, before=before, after=after, organisation_id=reach.organisation_id, shop_id=shop_id
    )


async def revoke_key(work: Work, reach: Reach, key_id: UUID) -> Key:
    """End a key for good, from this commit on; a key that is revoked already stays as it is."""
    key = await queries.get_key(work.scope, work.connection, reach, key_id, lock=True)
    if key.revoked_at is not None:
        return key
    revoked = msgspec.structs.replace(key, revoked_at=work.now)
    await work.connection.execute("update api_keys set revoked_at = $2 where id = $1", key.id, work.now)
    await _record_key(work, Action.KEY_REVOKED, reach, key, revoked)
    await bell.ring(work.connection, bell.ACCESS)
    return revoked


async def rotate_key(work: Work, reach: Reach, key_id: UUID, overlap: timedelta = OVERLAP) -> IssuedKey:
    """A new key in place of one, with its user name, grants and length of life; the old one works for `overlap` still.

    Conflict when the old one is revoked, rotated or expired already.
    """
    old = await queries.get_key(work.scope, work.connection, reach, key_id, lock=True)
    rules.demand_rotatable(old, work.now)
    secret = new_secret("karla_")
    new = rules.successor(old, new_id(), rules.key_hint(secret), work.now)
    await _insert_key(work, reach.organisation_id, new, secret)
    replaced = rules.replaced(old, new, work.now + overlap)
    await work.connection.execute(
        "update api_keys set replaced_by = $2, expires_at = $3 where id = $1",
        old.id,
        replaced.replaced_by,
        replaced.expires_at,
    )
    await _record_key(work, Action.KEY_CREATED, reach, None, new)
    await _record_key(work, Action.KEY_ROTATED, reach, old, replaced)
    return IssuedKey(new, secret)


async def note_uses(work: Work, used: Mapping[bytes, datetime]) -> None:
    """Write down when keys, by their hashes, were last used: at most once a minute each, whoever else does it too."""
    hashes = sorted(used)  # of two processes that write at once, both lock in this order
    await work.connection.execute(
        """
        with used as (
            select k.id, u.used_at
            from unnest($1::bytea[], $2::timestamptz[]) with ordinality as u (key_hash, used_at, place)
            join api_keys k on k.key_hash = u.key_hash
            where k.last_used_at is null or k.last_used_at <= u.used_at - interval '1 minute'
            order by u.place for update of k
        )
        update api_keys k set last_used_at = used.used_at from used where k.id = used.id
        """,
        hashes,
        [used[key_hash] for key_hash in hashes],
    )


async def add_member(work: Work, *, organisation: str, email_id: str, shops: Sequence[str] = ()) -> Member:
    """A person of the organisation; who is one already gets the shops added."""
    reach = await queries.whole_organisation(work.scope, work.connection, organisation)
    email_id = rules.email_of(email_id)
    known = await queries.shops_by_slug(work.scope, work.connection, reach.organisation_id, shops)
    rules.demand_known_shops(shops, known)
    made = await work.connection.fetchval(
        """
        insert into members (organisation_id, email_id, created_at) values ($1, $2, $3)
        on conflict (organisation_id, email_id) do nothing
        returning true
        """,
        reach.organisation_id,
        email_id,
        work.now,
    )
    row = await work.connection.fetchrow(
        """
        select shops, feature_community, feature_toggles from members
        where organisation_id = $1 and email_id = $2 for update
        """,
        reach.organisation_id,
        email_id,
    )
    if row is None:
        raise Retry
    before = Member(email_id, organisation, tuple(row["shops"]), row["feature_community"], row["feature_toggles"])
    after = msgspec.structs.replace(before, shops=tuple(sorted({*before.shops, *shops})))
    await work.connection.execute(
        "update members set shops = $3 where organisation_id = $1 and email_id = $2",
        reach.organisation_id,
        email_id,
        after.shops,
    )
    if made:
        await record(work, Action.MEMBER_ADDED, email_id, after=after, organisation_id=reach.organisation_id)
    elif after != before:
        await record(
            work, Action.MEMBER_UPDATED, email_id, before=before, after=after, organisation_id=reach.organisation_id
        )
    return after
