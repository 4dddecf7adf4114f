"""Order tokens: the link to an order's page that needs no login, and how a shop takes it back."""

from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from karla.domain.branding.queries import page_domain
from karla.domain.branding.records import PageDomain
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
    change its address, as long as that can be done. It leads to the shop's own domain once that has led to Karla: see
    `GET …/settings/trackpages/domain`.
    """
    reference = Reference(data.id_type or ReferenceKind.ORDER_NUMBER, data.id)
    keys = services.shopper_keys

    async def issued(work: Work) -> tuple[TrackpageToken, PageDomain | None]:
        return await issue_token(work, keys, reference), await page_domain(work.scope, work.connection)

    token, domain = await services.db.write(access.scope, issued)
    query = urlencode({"orderNumber": token.order_number, "token": token.text}, quote_via=quote)
    address = page_address(access.shop, domain, services.settings.base_url)
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


def page_address(shop: ShopRef, domain: PageDomain | None, base_url: str) -> str:
    """Where links to a shop's tracking page lead, without a query: to its domain once it is proven, else to Karla's."""
    if domain is not None and domain.proven_at is not None:
        return f"https://{domain.domain}/"
    return f"{base_url}/track/{quote(shop.slug, safe='')}"


HANDLERS = (trackpage_url, revoke_order_tokens)
