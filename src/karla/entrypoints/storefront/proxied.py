"""The pages under a shop's own host, through Shopify's app proxy."""

from typing import Any

import msgspec
from litestar import Request, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from karla.client import errors
from karla.entrypoints.storefront import shopify
from karla.entrypoints.storefront.answering import page_answer, plain_answer, redirect, shown_answer
from karla.entrypoints.storefront.contexts.parcels import FLOWS, claim_url
from karla.entrypoints.storefront.identity import FLOW, LANGUAGE, ORDER_NUMBER, ZIP_CODE, in_proxy
from karla.entrypoints.storefront.parts import READ, Pages
from karla.entrypoints.storefront.showing import error, finder, shown
from karla.entrypoints.storefront.source import NotAnswering
from karla.entrypoints.storefront.visits import Visit, texts, visit_at
from karla.infra.in_process import on_behalf_of

_NOBODY = {"Cache-Control": "no-store"}


@route("/apps/karla/track", http_method=READ)
async def proxied_page(request: Request[Any, Any, Any], pages: NamedDependency[Pages]) -> Response[bytes]:
    """The tracking page, as the shop's shoppers find it under its own host."""
    return await _track(request, pages, None)


@route("/{market:str}/apps/karla/track", http_method=READ)
async def proxied_page_of_market(
    market: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """The same below the folder of a market."""
    return await _track(request, pages, market)


@route("/apps/karla/resolve", http_method=READ)
async def proxied_resolve(request: Request[Any, Any, Any], pages: NamedDependency[Pages]) -> Response[bytes]:
    """To where the shop hears what is wrong with an order."""
    return await _resolve(request, pages, None)


@route("/{market:str}/apps/karla/resolve", http_method=READ)
async def proxied_resolve_of_market(
    market: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """The same below the folder of a market."""
    return await _resolve(request, pages, market)


async def _track(request: Request[Any, Any, Any], pages: Pages, market: str | None) -> Response[bytes]:
    visit = await _visit(request, pages, market, "track")
    if isinstance(visit, int):
        return plain_answer(visit, _NOBODY)
    with on_behalf_of(visit.address):
        return shown_answer(request, pages, visit, await shown(pages, visit))


async def _resolve(request: Request[Any, Any, Any], pages: Pages, market: str | None) -> Response[bytes]:
    visit = await _visit(request, pages, market, "resolve")
    if isinstance(visit, int):
        return plain_answer(visit, _NOBODY)
    try:
        shop = await pages.source.shop(visit.slug, visit.reader.tongue)
    except NotAnswering:
        return page_answer(request, pages, error(visit, "unavailable"))
    except errors.ApiError:
        return page_answer(request, pages, await finder(pages, visit, None))
    flow = visit.values.get(FLOW, "")
    known = {
        ORDER_NUMBER: visit.identity.order_number,
        ZIP_CODE: visit.identity.zip_code,
        FLOW: flow if flow in FLOWS else "",
        LANGUAGE: visit.reader.asked,
    }
    if where := claim_url(shop, known):
        return redirect(where)
    return page_answer(request, pages, error(visit, "ask_shop", shop))


async def _visit(request: Request[Any, Any, Any], pages: Pages, market: str | None, page: str) -> Visit | int:
    """Who comes through the proxy of which shop; else the status that tells why nobody is answered."""
    secret = pages.shopify_app_secret
    if secret is None or (market is not None and not shopify.is_market(market)):
        return 404
    parameters = [*request.query_params.multi_items()]
    if not shopify.is_signed(parameters, secret, pages.clock.now()):
        return 401
    values = texts(dict(parameters))
    host = shopify.shop_host(values)
    slug = await pages.source.shop_at(host) if host else None
    if slug is None:
        return 404
    path = shopify.path_on_shop(values, market, page)
    if not values.get(LANGUAGE):
        values[LANGUAGE] = values.get("locale") or shopify.market_language(market) or ""
    visit = await visit_at(in_proxy(slug, path, pages.public_url), request, pages, values, surface="shopify")
    forwarded = request.headers.getall("x-forwarded-for", [])
    return msgspec.structs.replace(visit, address=shopify.shopper_address(forwarded, visit.address))


HANDLERS = (proxied_page, proxied_page_of_market, proxied_resolve, proxied_resolve_of_market)
