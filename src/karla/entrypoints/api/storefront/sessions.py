"""Sessions: how a shopper gets in, by an order token, or by number and ZIP code."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.shoppers.commands import let_in_by_token, let_in_by_zip_code
from karla.domain.shoppers.queries import holder_by
from karla.domain.shoppers.records import Guess, Holder, Knock, Refusal, Session
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.domain.shoppers.rules.sessions import session_by_token, session_by_zip_code, session_text
from karla.domain.tenants.queries import get_shop
from karla.domain.tenants.records import ShopRef
from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.bodies import from_query, json_body
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.shoppers import Shopper
from karla.entrypoints.api.storefront.access import client_address, demand_page
from karla.entrypoints.api.storefront.documents import order_read
from karla.entrypoints.api.storefront.languages import LanguageView, wished
from karla.entrypoints.api.storefront.shapes import Opened, StorefrontOrder
from karla.entrypoints.api.times import stamp
from karla.infra.access import scope_of
from karla.infra.errors import Fault, KarlaError, NotFound, TooManyRequests, Unauthorised
from karla.infra.validation import invalid
from karla.infra.work import Connection, Work

TAGS = ["Storefront"]

_BODY_BYTES = 16 * 1024
_PRIVATE = {"Cache-Control": "no-store"}


class SessionRequest(msgspec.Struct, kw_only=True):
    """An order token, or an order number and the ZIP code that the order goes to, both as people type them.

    An order number beside a token must be its order's.
    """

    order_number: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    zip_code: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    token: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None

    def asked(self, address: str) -> Knock | Guess:
        """What is tried, from that address; Invalid where something is missing."""
        if self.token is not None:
            return Knock(token=self.token, address=address, order_number=self.order_number)
        if self.order_number is not None and self.zip_code is not None:
            return Guess(order_number=self.order_number, zip_code=self.zip_code, address=address)
        given = {"order_number": self.order_number, "zip_code": self.zip_code}
        raise invalid([Fault(("body", name), "Field required", "missing") for name in given if given[name] is None])


@post(
    "/v1/shops/{slug:str}/storefront/sessions",
    operation_id="v1StorefrontSessionsOpen",
    summary="Open an order for its shopper",
    tags=TAGS,
    opt=PUBLIC,
    status_code=200,
    dto=json_body(SessionRequest, _BODY_BYTES),
    dependencies={"filters": from_query(LanguageView)},
)
async def open_session(
    slug: FromPath[str],
    data: JSONBody[SessionRequest],
    filters: NamedDependency[LanguageView],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Response[Opened]:
    """A session for twelve hours, and the order that it opens.

    A wrong number and a wrong ZIP code are one and the same 404 `order_not_found`; a token that is unknown, revoked,
    expired or changed is a 401 `order_token_invalid`. After some wrong ones it is a 429 `too_many_attempts` for a few
    minutes at most, and never for a token that is right.
    """
    shop = await services.keyring.shop(slug)
    asked = data.asked(client_address(request.scope))
    session, order = await _opened(services, shop, asked, wished(request.scope, filters.lang))
    opened = Opened(
        session=session_text(services.shopper_keys.sessions, shop.id, session),
        expires_at=stamp(session.expires_at),
        level=session.level.value,
        order=order,
    )
    return Response(opened, headers=_PRIVATE)


async def _opened(
    services: Services, shop: ShopRef, asked: Knock | Guess, wish: str
) -> tuple[Session, StorefrontOrder]:
    keys, scope = services.shopper_keys, scope_of([shop.id])

    async def seen(connection: Connection, session: Session) -> tuple[Session, StorefrontOrder]:
        shopper = Shopper(shop, session.order_id, session.level, session.token_id, scope)
        return session, await order_read(connection, services, shopper, wish)

    async def opened(work: Work) -> tuple[Session, StorefrontOrder] | Refusal:
        session = await _session(work, keys, asked)
        if isinstance(session, Session):
            return await seen(work.connection, session)
        demand_page(await get_shop(scope, work.connection))
        return session

    if isinstance(asked, Knock):
        # A good token is counted nowhere, so most pages do without a transaction.
        async with services.db.read(scope) as connection:
            now = services.clock.now()
            if holder := await holder_by(scope, connection, keys, asked, now):
                return await seen(connection, session_by_token(holder, now))
    # What is refused has to be committed too: it is counted.
    outcome = await services.db.write(scope, opened)
    if isinstance(outcome, Refusal):
        raise _refused(outcome, by_token=isinstance(asked, Knock))
    return outcome


async def _session(work: Work, keys: ShopperKeys, asked: Knock | Guess) -> Session | Refusal:
    if isinstance(asked, Knock):
        holder = await let_in_by_token(work, keys, asked)
        return session_by_token(holder, work.now) if isinstance(holder, Holder) else holder
    order_id = await let_in_by_zip_code(work, keys, asked)
    return order_id if isinstance(order_id, Refusal) else session_by_zip_code(order_id, work.now)


def _refused(refusal: Refusal, *, by_token: bool) -> KarlaError:
    if refusal.retry_after is not None:
        return TooManyRequests(
            "too_many_attempts",
            "There were too many wrong attempts; try again in a few minutes.",
            headers={"Retry-After": str(refusal.retry_after)},
        )
    if by_token:
        return Unauthorised(
            "order_token_invalid",
            "This link is not valid, or not any more.",
            headers={"WWW-Authenticate": 'Bearer realm="Karla"'},
        )
    return NotFound("order_not_found", "There is no order with this number and ZIP code.")


HANDLERS = (open_session,)
