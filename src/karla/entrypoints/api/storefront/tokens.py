"""Order tokens: the link to an order's page that needs no login, and how a shop takes it back."""

from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.branding.queries import settings_of
from karla.domain.branding.records import ShopSettings
from karla.domain.branding.rules.pages import page_of
from karla.domain.orders.records import Reference, ReferenceKind
from karla.domain.shoppers.commands import issue_token, revoke_tokens
from karla.domain.shoppers.records import TrackpageToken
from karla.domain.tenants.records import ShopRef
from karla.entrypoints.api.access import Access, shop_role
from karla.entrypoints.api.bodies import json_body
from karla.entrypoints.api.services import Services
from karla.infra.work import Work
from karla.vocabulary.scope import Role

TAGS = ["Orders"]

PRIVATE = {"Cache-Control": "no-store"}
"""Nobody keeps an answer that opens an order."""


class TrackpageRequest(msgspec.Struct, kw_only=True):
    """Which order; without `id_type` by its order number."""

    id: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"\S")]
    id_type: ReferenceKind | None = None


class TrackpageUrl(msgspec.Struct, kw_only=True):
    """An order's token, and the link to its tracking page that holds it. Whoever has either is let in."""

    token: Annotated[str, Meta(description="Secret.")]
    url: Annotated[str, Meta(description="Secret, as it holds the token.")]


@post(
    "/v1/shops/{slug:str}/orders/trackpage-url",
    operation_id="v1OrdersTrackpageUrl",
    summary="Get the link to an order's tracking page",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
    status_code=200,
    dto=json_body(TrackpageRequest),
)
async def trackpage_url(
    data: JSONBody[TrackpageRequest], access: NamedDependency[Access], services: NamedDependency[Services]
) -> Response[TrackpageUrl]:
    """The link for the shop's mails and messages, which opens this one order without a login.

    It is the same each time, until the order's tokens are revoked. Who comes by it may also cancel the order and
    change its address, as long as that can be done. Where the shop has a `domain` in the settings of its page, the
    link leads there.
    """
    reference = Reference(data.id_type or ReferenceKind.ORDER_NUMBER, data.id)
    keys = services.shopper_keys

    async def issued(work: Work) -> tuple[TrackpageToken, ShopSettings]:
        return await issue_token(work, keys, reference), await settings_of(work.scope, work.connection)

    token, settings = await services.db.write(access.scope, issued)
    query = urlencode({"orderNumber": token.order_number, "token": token.text}, quote_via=quote)
    address = page_address(access.shop, settings, services.settings.base_url)
    return Response(TrackpageUrl(token=token.text, url=f"{address}?{query}"), headers=PRIVATE)


@delete(
    "/v1/shops/{slug:str}/orders/{ref:str}/tokens",
    operation_id="v1OrdersTokensRevoke",
    summary="Revoke an order's tokens",
    tags=TAGS,
    opt=shop_role(Role.EDITOR),
)
async def revoke_order_tokens(
    ref: FromPath[str], access: NamedDependency[Access], services: NamedDependency[Services]
) -> None:
    """Every link to the order's page stops working at once, and so does every session that was opened by one.

    The next `trackpage-url` makes a new link. Number and ZIP code still open the order.
    """
    file = await services.lookups.order(access.scope, ref)
    await services.db.write(access.scope, lambda work: revoke_tokens(work, file.order.id))


def page_address(shop: ShopRef, settings: ShopSettings, base_url: str) -> str:
    """Where a shop's tracking page is, without a query: on its own domain if it has one, else below Karla's address."""
    domain = page_of(settings).domain
    if domain is not None:
        return f"https://{domain}/"
    return f"{base_url}/track/{quote(shop.slug, safe='')}"


HANDLERS = (trackpage_url, revoke_order_tokens)
