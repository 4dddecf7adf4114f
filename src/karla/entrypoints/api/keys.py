"""API keys of an organisation: list, create, look at, rotate, revoke."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.tenants import commands, queries
from karla.domain.tenants.records import IssuedKey, Key, KeyGrant, KeyTerms
from karla.entrypoints.api.access import Access, organisation_role
from karla.entrypoints.api.bodies import from_query, json_body
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.times import Timestamp, stamp
from karla.infra.paging import Paged
from karla.vocabulary.scope import Role

_SECRET = CacheControlHeader(no_store=True)


class ShopRole(msgspec.Struct, kw_only=True):
    """A role in a shop; `*` is every shop of the organisation, also those that come later."""

    shop_slug: Annotated[str, Meta(min_length=1, max_length=63)]
    role: Role


class KeyCreation(msgspec.Struct, kw_only=True):
    """A new key; without a `username` it is the slug of its only shop, else that of the organisation."""

    shops: Annotated[list[ShopRole], Meta(min_length=1, max_length=1000)]
    username: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    expires_at: Annotated[datetime, Meta(description="When it ends, in the future; without it never.")] | None = None
    requests_per_minute: (
        Annotated[int, Meta(ge=1, le=10_000_000, description="A lower limit than the one of every key.")] | None
    ) = None


class KeyRotation(msgspec.Struct, kw_only=True):
    """How to rotate."""

    overlap_hours: (
        Annotated[int, Meta(ge=0, le=168, description="How long the old key still works. Default 24.")] | None
    ) = None


class KeyDetail(msgspec.Struct, kw_only=True):
    """A key without its secret; `hint` is as much of that as helps to tell keys apart.

    `last_used_at` is true to the minute. `requests_per_minute` is null where the limit is the one of every key.
    """

    uuid: UUID
    username: str
    hint: str
    shops: list[ShopRole]
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    replaced_by: UUID | None
    last_used_at: Timestamp | None
    requests_per_minute: int | None


class KeyIssued(KeyDetail, kw_only=True):
    """A new key; `key` is the password for HTTP Basic and is shown this once."""

    key: str


def _detail(key: Key) -> KeyDetail:
    return KeyDetail(
        uuid=key.id,
        username=key.username,
        hint=key.hint,
        shops=[ShopRole(shop_slug=grant.shop_slug, role=grant.role) for grant in key.shops],
        created_at=stamp(key.created_at),
        expires_at=stamp(key.expires_at),
        revoked_at=stamp(key.revoked_at),
        replaced_by=key.replaced_by,
        last_used_at=stamp(key.last_used_at),
        requests_per_minute=key.requests_per_minute,
    )


def _issued(issued: IssuedKey) -> KeyIssued:
    return KeyIssued(**msgspec.structs.asdict(_detail(issued.key)), key=issued.secret)


@get(
    "/v1/orgs/{slug:str}/keys",
    opt=organisation_role(Role.ADMIN),
    dependencies={"filters": from_query(Paged)},
    operation_id="v1OrgKeysSearch",
    summary="List API keys",
    tags=["API keys"],
)
async def search_keys(
    access: NamedDependency[Access], services: NamedDependency[Services], filters: NamedDependency[Paged]
) -> list[KeyDetail]:
    """The organisation's keys, newest first, also revoked and expired ones.

    A key of single shops sees those whose every grant lies within the shops that it administers.
    """
    async with services.db.read(access.scope) as connection:
        keys = await queries.search_keys(access.scope, connection, access.principal.reach, filters)
    return [_detail(key) for key in keys]


@post(
    "/v1/orgs/{slug:str}/keys",
    opt=organisation_role(Role.ADMIN),
    dto=json_body(KeyCreation),
    cache_control=_SECRET,
    operation_id="v1OrgKeysCreate",
    summary="Create an API key",
    tags=["API keys"],
)
async def create_key(
    access: NamedDependency[Access], services: NamedDependency[Services], data: JSONBody[KeyCreation]
) -> KeyIssued:
    """A new key; its `key` is in this answer and nowhere else.

    A grant for `*` needs an `admin` of the whole organisation. After `expires_at` the key is answered with
    `credentials_expired`. A limit of its own, `requests_per_minute`, can only be lower than the one that every key
    has here.
    """
    issued = await services.db.write(
        access.scope,
        lambda work: commands.create_key(
            work,
            organisation=access.principal.organisation,
            username=data.username,
            grants=[KeyGrant(shop.shop_slug, shop.role) for shop in data.shops],
            terms=KeyTerms(expires_at=data.expires_at, requests_per_minute=data.requests_per_minute),
            at_most=services.settings.requests_per_minute,
            reach=access.principal.reach,
        ),
    )
    services.keyring.forget()
    return _issued(issued)


@get(
    "/v1/orgs/{slug:str}/keys/{uuid:uuid}",
    opt=organisation_role(Role.ADMIN),
    operation_id="v1OrgKeysGet",
    summary="Get an API key",
    tags=["API keys"],
)
async def get_key(
    access: NamedDependency[Access], services: NamedDependency[Services], uuid: FromPath[UUID]
) -> KeyDetail:
    """One key, without its secret."""
    async with services.db.read(access.scope) as connection:
        return _detail(await queries.get_key(access.scope, connection, access.principal.reach, uuid))


@delete(
    "/v1/orgs/{slug:str}/keys/{uuid:uuid}",
    opt=organisation_role(Role.ADMIN),
    operation_id="v1OrgKeysRevoke",
    summary="Revoke an API key",
    tags=["API keys"],
)
async def revoke_key(
    access: NamedDependency[Access], services: NamedDependency[Services], uuid: FromPath[UUID]
) -> None:
    """Ends the key at once and for good; revoking it again changes nothing."""
    await services.db.write(access.scope, lambda work: commands.revoke_key(work, access.principal.reach, uuid))
    services.keyring.forget()


@post(
    "/v1/orgs/{slug:str}/keys/{uuid:uuid}/rotate",
    opt=organisation_role(Role.ADMIN),
    dto=json_body(KeyRotation),
    cache_control=_SECRET,
    operation_id="v1OrgKeysRotate",
    summary="Rotate an API key",
    tags=["API keys"],
)
async def rotate_key(
    access: NamedDependency[Access],
    services: NamedDependency[Services],
    uuid: FromPath[UUID],
    data: JSONBody[KeyRotation | None] = None,
) -> KeyIssued:
    """A new key with the same user name and grants; the old one works until the overlap is over.

    The successor of a key that expires lasts as long as that one was to: a key for 90 days is followed by another.
    """
    hours = data.overlap_hours if data else None
    overlap = commands.OVERLAP if hours is None else timedelta(hours=hours)
    issued = await services.db.write(
        access.scope, lambda work: commands.rotate_key(work, access.principal.reach, uuid, overlap)
    )
    services.keyring.forget()
    return _issued(issued)


HANDLERS = (search_keys, create_key, get_key, revoke_key, rotate_key)
