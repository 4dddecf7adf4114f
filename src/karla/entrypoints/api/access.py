"""Who is asking, and may they: HTTP Basic, roles, shoppers, and the scope that every handler works in."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Send
from litestar.types import Scope as ASGIScope

from karla.domain.shoppers.records import Level
from karla.domain.tenants import queries
from karla.domain.tenants.records import Principal, ShopRef
from karla.domain.tenants.rules import key_hash
from karla.entrypoints.api.key_uses import KeyUses
from karla.entrypoints.api.shoppers import Doorkeeper, Shopper
from karla.entrypoints.api.slashes import put_back
from karla.infra.access import NOWHERE, scope_of
from karla.infra.bell import Bell
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.errors import BadRequest, Forbidden, NotFound, TooManyRequests, Unauthorised
from karla.infra.rate_limit import Allowance, RateLimit
from karla.vocabulary.scope import Role, Scope

_CACHED_AT_MOST = 20_000

REMEMBERED = timedelta(seconds=60)
"""A connection that is cut off may look open for long, and a bell at its end is not heard: so memory ends by itself."""


class Needs(msgspec.Struct, frozen=True):
    """What a handler asks of a caller: a role in the shop or organisation of the path, or any key at all.

    Of a shopper it asks by what he came: a session or order token of the path's shop, of at least that level.
    """

    of: Literal["shop", "organisation", "key", "shopper", "nobody"]
    role: Role = Role.VIEWER
    level: Level = Level.ZIP_CODE


def shop_role(role: Role) -> dict[str, object]:
    """Handler options: the caller needs `role` in the shop of the path."""
    return {"access": Needs("shop", role)}


def organisation_role(role: Role) -> dict[str, object]:
    """Handler options: the caller needs a key of the organisation of the path; its reach is the handler's to ask."""
    return {"access": Needs("organisation", role)}


def any_key(role: Role = Role.VIEWER) -> dict[str, object]:
    """Handler options: a key that has `role` anywhere; what that reaches is the handler's to ask."""
    return {"access": Needs("key", role)}


def shopper(level: Level = Level.ZIP_CODE) -> dict[str, object]:
    """Handler options: a shopper of the shop of the path, of at least this level; the handler takes a `Shopper`."""
    return {"access": Needs("shopper", level=level)}


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
    """Knows keys and shops, from memory while the bell can tell of changes and for a minute, else from the database."""

    def __init__(self, db: Database, clock: Clock, bell: Bell) -> None:
        self._db = db
        self._clock = clock
        self._bell = bell
        self.uses = KeyUses(db)
        self._remembered_until = datetime.min.replace(tzinfo=UTC)
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
        digest, now = key_hash(key), self._clock.now()
        if now >= self._remembered_until:
            self.forget()
            self._remembered_until = now + REMEMBERED
        forgotten = self._forgotten
        found = self._principals.get(digest) if self._bell.listening else None
        if found is None:
            async with self._db.read(NOWHERE) as connection:
                found = await queries.principal_by_key(NOWHERE, connection, digest)
            if found and self._may_remember(forgotten) and len(self._principals) < _CACHED_AT_MOST:
                self._principals[digest] = found
        if found is None or found.username != username:
            raise Unauthorised(headers={"WWW-Authenticate": 'Basic realm="Karla"'})
        if found.expires_at is not None and found.expires_at <= now:
            raise Unauthorised(
                "credentials_expired",
                "The key has expired.",
                headers={"WWW-Authenticate": 'Basic realm="Karla"'},
            )
        self.uses.note(digest, now)
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


def authorised(app: ASGIApp) -> ASGIApp:
    """Wrap every route: refuses, or leaves an `Access` for the handler.

    A route without `access` in its options is closed, so that forgetting it opens nothing. (As a guard of Litestar's
    it would have the handler copied at every request.)
    """

    async def judged(scope: ASGIScope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await _judge(scope)
        await app(scope, receive, send)

    return judged


async def _judge(scope: HTTPScope) -> None:
    needs: Needs | None = scope["route_handler"].opt.get("access")
    if needs is None:
        raise Forbidden
    values = scope["path_params"]
    put_back(values)
    if "\0" in scope["path"]:
        raise NotFound  # nothing has such a name, and the database won't hear of it
    if needs.of == "nobody":
        return
    services = scope["litestar_app"].state.services
    keyring: Keyring = services.keyring
    if needs.of == "shopper":
        doorkeeper = Doorkeeper(services.db, services.clock, services.shopper_keys)
        shop = await keyring.shop(str(values.get("slug")))
        scope["state"]["shopper"] = await doorkeeper.shopper(shop, authorization(scope), needs.level)
        return
    principal = await keyring.principal(*credentials(authorization(scope)))
    _demand_allowance(services.key_limit, principal, scope)
    slug = str(values.get("slug"))
    scope["state"]["access"] = await _granted(needs, principal, slug, keyring)


def _demand_allowance(key_limit: RateLimit, principal: Principal, scope: HTTPScope) -> None:
    """TooManyRequests; a key that was given a limit of its own is told with every answer how it stands by it."""
    if principal.requests_per_minute is None:
        refused = key_limit.refusal(principal.key_id)
    else:
        allowance = key_limit.take(principal.key_id, principal.requests_per_minute)
        scope["state"]["allowance"] = allowance
        refused = None if allowance.granted else allowance
    if refused:
        raise TooManyRequests(headers=refused.headers)


async def _granted(needs: Needs, principal: Principal, slug: str, keyring: Keyring) -> Access:
    """What a key gives its holder here; Forbidden, NotFound."""
    if needs.of == "shop":
        shop = await keyring.shop(slug)
        role = principal.role_in(shop)
        if role is None:
            raise Forbidden(message="This key is not for this shop.")
        if not role.covers(needs.role):
            raise Forbidden(message=f"This takes the role {needs.role}, and this key has {role} in this shop.")
        return Access(principal, shop, scope_of([shop.id]))
    if needs.of == "organisation" and slug != principal.organisation:
        raise await _not_of(keyring, slug)
    if not any(grant.role.covers(needs.role) for grant in principal.grants):
        raise Forbidden(message=f"This takes the role {needs.role}, which this key has nowhere.")
    shops = [grant.shop_id for grant in principal.grants if grant.shop_id is not None]
    return Access(principal, None, scope_of(shops))


def authorization(scope: HTTPScope) -> str | None:
    """The header, if there is one."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), None)


async def _not_of(keyring: Keyring, organisation: str) -> Forbidden | NotFound:
    """What a key of another organisation is told."""
    if await keyring.organisation(organisation) is None:
        return NotFound("organisation_not_found", "The requested organisation does not exist.")
    return Forbidden()


def access_of(scope: ASGIScope) -> Access:
    """The `Access` that `authorised` left."""
    access: Access = scope["state"]["access"]
    return access


def shopper_of(scope: ASGIScope) -> Shopper:
    """The `Shopper` that `authorised` left."""
    found: Shopper = scope["state"]["shopper"]
    return found


def allowance_of(scope: ASGIScope) -> Allowance | None:
    """How the caller stands by a limit of its key's own, if it has one."""
    allowance: Allowance | None = scope.get("state", {}).get("allowance")
    return allowance


def provide_access(scope: "ASGIScope", language: NamedDependency[str]) -> Access:
    """It as a dependency."""
    del language  # a link of the chain that `litestar_app` tells of
    return access_of(scope)


def provide_shopper(scope: "ASGIScope", language: NamedDependency[str]) -> Shopper:
    """It as a dependency."""
    del language  # a link of the chain that `litestar_app` tells of
    return shopper_of(scope)
