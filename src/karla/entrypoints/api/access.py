"""Who is asking, and may they: HTTP Basic, roles, and the scope that every handler works in."""

import base64
import binascii
from typing import Literal
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from karla.domain.tenants import queries
from karla.domain.tenants.records import Principal, ShopRef
from karla.domain.tenants.rules import key_hash
from karla.entrypoints.api.slashes import put_back
from karla.infra.access import NOWHERE, scope_of
from karla.infra.bell import Bell
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.errors import BadRequest, Forbidden, NotFound, Unauthorised
from karla.vocabulary.scope import Role, Scope

_CACHED_AT_MOST = 20_000


class Needs(msgspec.Struct, frozen=True):
    """What a handler asks of a caller: a role in the shop or organisation of the path, or any key at all."""

    of: Literal["shop", "organisation", "key", "nobody"]
    role: Role = Role.VIEWER


def shop_role(role: Role) -> dict[str, object]:
    """Handler options: the caller needs `role` in the shop of the path."""
    return {"access": Needs("shop", role)}


def organisation_role(role: Role) -> dict[str, object]:
    """Handler options: the caller needs a key of the organisation of the path; its reach is the handler's to ask."""
    return {"access": Needs("organisation", role)}


def any_key(role: Role = Role.VIEWER) -> dict[str, object]:
    """Handler options: a key that has `role` anywhere; what that reaches is the handler's to ask."""
    return {"access": Needs("key", role)}


PUBLIC: dict[str, object] = {"access": Needs("nobody")}
"""Handler options: no credentials asked."""


class Access(msgspec.Struct, frozen=True):
    """Who is asking, about which shop if about one, and what they may see."""

    principal: Principal
    shop_if_any: ShopRef | None
    scope: Scope

    @property
    def shop(self) -> ShopRef:
        """The shop of the path."""
        assert self.shop_if_any is not None, "the handler does not ask for a shop role"  # noqa: S101
        return self.shop_if_any


class Keyring:
    """Knows keys and shops, from memory while the bell can tell of changes, else from the database."""

    def __init__(self, db: Database, clock: Clock, bell: Bell) -> None:
        self._db = db
        self._clock = clock
        self._bell = bell
        self._principals: dict[bytes, Principal] = {}
        self._shops: dict[str, ShopRef] = {}
        self._forgotten = 0

    def forget(self) -> None:
        """Something about keys or shops has changed: ask the database again."""
        self._principals.clear()
        self._shops.clear()
        self._forgotten += 1

    def _may_remember(self, forgotten: int) -> bool:
        """Whether what was read since `forgotten` is still true, and the bell would tell if it weren't."""
        return self._bell.listening and self._forgotten == forgotten

    async def principal(self, username: str, key: str) -> Principal:
        """Unauthorised for an unknown, revoked or expired key, or another key's user name."""
        digest = key_hash(key)
        forgotten = self._forgotten
        found = self._principals.get(digest) if self._bell.listening else None
        if found is None:
            async with self._db.read(NOWHERE) as connection:
                found = await queries.principal_by_key(NOWHERE, connection, digest)
            if found and self._may_remember(forgotten) and len(self._principals) < _CACHED_AT_MOST:
                self._principals[digest] = found
        if found is None or found.username != username:
            raise Unauthorised(headers={"WWW-Authenticate": 'Basic realm="Karla"'})
        if found.expires_at is not None and found.expires_at <= self._clock.now():
            raise Unauthorised(
                "credentials_expired",
                "The key has expired.",
                headers={"WWW-Authenticate": 'Basic realm="Karla"'},
            )
        return found

    async def shop(self, slug: str) -> ShopRef:
        """NotFound for a slug that no shop has."""
        forgotten = self._forgotten
        found = self._shops.get(slug) if self._bell.listening else None
        if found is None:
            async with self._db.read(NOWHERE) as connection:
                found = await queries.shop_ref(NOWHERE, connection, slug)
            if found and self._may_remember(forgotten) and len(self._shops) < _CACHED_AT_MOST:
                self._shops[slug] = found
        if found is None:
            raise NotFound("shop_not_found", "The requested shop does not exist.")
        return found

    async def organisation(self, slug: str) -> UUID | None:
        """The organisation's id, or None."""
        async with self._db.read(NOWHERE) as connection:
            return await queries.organisation_id(NOWHERE, connection, slug)


def credentials(header: str | None) -> tuple[str, str]:
    """User name and key of an Authorization header; BadRequest when missing or garbled."""
    if not header:
        raise BadRequest(
            "credentials_missing",
            "Send a user name and an API key by HTTP Basic authentication.",
            headers={"WWW-Authenticate": 'Basic realm="Karla"'},
        )
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise _garbled()
    try:
        username, colon, key = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise _garbled() from error
    if not (username and colon and key):
        raise _garbled()
    return username, key


def _garbled() -> BadRequest:
    return BadRequest(
        "credentials_garbled",
        "The Authorization header is not HTTP Basic with `username:key` in base64.",
        headers={"WWW-Authenticate": 'Basic realm="Karla"'},
    )


async def authorise(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
    """The guard of every route: refuses, or leaves an `Access` for the handler.

    A route without `access` in its options is closed, so that forgetting it opens nothing.
    """
    needs: Needs | None = handler.opt.get("access")
    if needs is None:
        raise Forbidden
    put_back(connection)
    if any("\0" in str(value) for value in connection.path_params.values()):
        raise NotFound  # nothing has such a name, and the database won't hear of it
    if needs.of == "nobody":
        return
    keyring: Keyring = connection.app.state.services.keyring
    principal = await keyring.principal(*credentials(connection.headers.get("authorization")))
    slug = connection.path_params.get("slug")
    if needs.of == "shop":
        shop = await keyring.shop(str(slug))
        role = principal.role_in(shop)
        if role is None or not role.covers(needs.role):
            raise Forbidden
        connection.state.access = Access(principal, shop, scope_of([shop.id]))
        return
    if needs.of == "organisation" and slug != principal.organisation:
        if await keyring.organisation(str(slug)) is None:
            raise NotFound("organisation_not_found", "The requested organisation does not exist.")
        raise Forbidden
    if not any(grant.role.covers(needs.role) for grant in principal.grants):
        raise Forbidden
    shops = [grant.shop_id for grant in principal.grants if grant.shop_id is not None]
    connection.state.access = Access(principal, None, scope_of(shops))


def provide_access(request: "ASGIConnection", language: NamedDependency[str]) -> Access:  # type: ignore[type-arg]
    """The `Access` that the guard left."""
    del language  # a link of the chain that `litestar_app` tells of
    access: Access = request.state.access
    return access
