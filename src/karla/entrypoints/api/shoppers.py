"""Who a shopper is: by a session or an order token, and by nothing else."""

from uuid import UUID

import msgspec

from karla.domain.shoppers.queries import holder_of
from karla.domain.shoppers.records import Level
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.domain.shoppers.rules.sessions import session_from
from karla.domain.shoppers.rules.tokens import token_id
from karla.domain.tenants.records import ShopRef
from karla.infra.access import scope_of
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.errors import Forbidden, Unauthorised
from karla.vocabulary.scope import Scope


class Shopper(msgspec.Struct, frozen=True):
    """One who may see one order of one shop; `token_id` is the order token that he came with, if he did.

    Whether the order is still there is for who reads it to notice (see `session_invalid`).
    """

    shop: ShopRef
    order_id: UUID
    level: Level
    token_id: UUID | None
    scope: Scope

    @property
    def called(self) -> str:
        """What is told of him where somebody asks who changed something."""
        return "shopper" if self.token_id is None else "order token"


class Doorkeeper(msgspec.Struct, frozen=True):
    """Tells shoppers by what they send."""

    db: Database
    clock: Clock
    keys: ShopperKeys

    async def shopper(self, shop: ShopRef, header: str | None, needed: Level) -> Shopper:
        """Who sends this Authorization header.

        Unauthorised, always the same one: for what is no session and no token, is over, revoked, or another shop's.
        Forbidden for a session by number and ZIP code where a token is needed.
        """
        scheme, _, sent = (header or "").partition(" ")
        if scheme.lower() != "bearer":
            raise session_invalid()
        found = await self._shopper(shop, sent.strip())
        if found is None:
            raise session_invalid()
        if not found.level.covers(needed):
            raise Forbidden(
                "order_token_needed", "This takes the order's own link; number and ZIP code are not enough."
            )
        return found

    async def _shopper(self, shop: ShopRef, sent: str) -> Shopper | None:
        scope = scope_of([shop.id])
        wanted = token_id(self.keys.tokens, shop.id, sent)
        if wanted is None:
            session = session_from(self.keys.sessions, shop.id, sent, self.clock.now())
            if session is None:
                return None
            if session.token_id is None:
                return Shopper(shop, session.order_id, Level.ZIP_CODE, None, scope)
            wanted = session.token_id
        async with self.db.read(scope) as connection:
            holder = await holder_of(scope, connection, wanted, self.clock.now())
        return Shopper(shop, holder.order_id, Level.TOKEN, holder.token_id, scope) if holder else None


def session_invalid() -> Unauthorised:
    """What every shopper is told who isn't one; also where his order has gone."""
    return Unauthorised(
        "session_invalid",
        "The session or order token is not valid any more.",
        headers={"WWW-Authenticate": 'Bearer realm="Karla"'},
    )
