"""The page's main part for the browser SDK, which shows it in a shop's own page; and the files of all pages."""

import hashlib
from typing import Any, cast

import msgspec
from litestar import Request, Response, post, route
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from karla.client import errors
from karla.client.storefront.answers import StorefrontOrder, StorefrontShop
from karla.entrypoints.storefront import files, rendering
from karla.entrypoints.storefront.answering import json_answer
from karla.entrypoints.storefront.contexts.frame import brand_style
from karla.entrypoints.storefront.identity import THEME, called, elsewhere, link
from karla.entrypoints.storefront.languages import Tongue
from karla.entrypoints.storefront.parts import READ, Pages
from karla.entrypoints.storefront.showing import Shown, finder, order_shown
from karla.entrypoints.storefront.source import NotAnswering, SeenOrder
from karla.entrypoints.storefront.views import FinderPage, OrderPage
from karla.entrypoints.storefront.visits import Visit, texts, visit_at
from karla.entrypoints.storefront.words.catalogues import SOURCE
from karla.infra.assets import FOREVER, REVALIDATED, Asset, answer_of, asset_of
from karla.infra.in_process import on_behalf_of

_MOST_BYTES = 16 * 1024
_PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
# Other people's pages load them too.
_SHARED = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_SOON = "public, max-age=60"


class Embedded(msgspec.Struct, kw_only=True):
    """What the SDK shows: an order, or the finder where none is asked for. `css_url` is page.css with the brand."""

    html: str
    css_url: str
    order: StorefrontOrder | None
    session: str | None


class Refusal(msgspec.Struct):
    """Why nothing is shown; `key` as the API says it."""

    key: str
    message: str


@post("/track/{slug:str}/embed", status_code=200, request_max_body_size=_MOST_BYTES)
async def embed(slug: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]) -> Response[bytes]:
    """The order that a JSON body (`orderNumber`, `zipCode`, `token`, `lang`, `theme`) names, else the finder."""
    place = elsewhere(slug, pages.public_url)
    visit = await visit_at(place, request, pages, await _values(request), surface="embed")
    with on_behalf_of(visit.address):
        try:
            shown = await _shown(pages, visit)
        except NotAnswering:
            return _refusal(request, 503, "unavailable", visit.reader.words.gettext("Back in a moment"))
        except errors.ApiError as refusal:
            return _refusal(request, refusal.status, refusal.key, refusal.message, refusal.retry_after)
    page = shown.page
    if not isinstance(page, OrderPage | FinderPage) or shown.shop is None:
        return _refusal(request, shown.status, shown.key or "not_found", page.chrome.title, shown.retry_after)
    theme = visit.values.get(THEME, "")
    version = _stylesheet(shown.shop).version
    css_url = link(f"{place.below}/embed.css", {THEME: theme, "v": version})
    page = msgspec.structs.replace(page, chrome=msgspec.structs.replace(page.chrome, heading=2))
    html = rendering.fragment(shown.language, page)
    content = Embedded(html=html, css_url=css_url, order=shown.order, session=shown.session)
    return json_answer(request, content, 200, dict(_PRIVATE))


async def _shown(pages: Pages, visit: Visit) -> Shown:
    """What there is; the client's errors, NotAnswering."""
    if not visit.identity.is_whole:
        shown = await finder(pages, visit, None)
        return msgspec.structs.replace(shown, shop=await _themed(pages, visit, shown.shop))
    seen = await pages.source.order(visit.slug, visit.identity, visit.reader.tongue)
    shop = await _themed(pages, visit, seen.order.shop)
    order = msgspec.structs.replace(seen.order, shop=cast(StorefrontShop, shop))
    return order_shown(visit, SeenOrder(order, seen.session, seen.as_of))


async def _themed(pages: Pages, visit: Visit, shop: StorefrontShop | None) -> StorefrontShop | None:
    """The shop in the theme that is asked for; as it is where there is no such theme."""
    theme = visit.values.get(THEME)
    if not theme or shop is None:
        return shop
    try:
        return await pages.source.shop(visit.slug, visit.reader.tongue, theme)
    except (NotAnswering, errors.ApiError):
        return shop


async def _values(request: Request[Any, Any, Any]) -> dict[str, str]:
    try:
        body = msgspec.json.decode(await request.body())
    except (HTTPException, msgspec.DecodeError, RecursionError):
        return {}
    return texts(body) if isinstance(body, dict) else {}


def _refusal(
    request: Request[Any, Any, Any], status: int, key: str, message: str, retry_after: float | None = None
) -> Response[bytes]:
    headers = dict(_PRIVATE) if retry_after is None else {**_PRIVATE, "Retry-After": str(round(retry_after))}
    return json_answer(request, Refusal(key, message), status, headers)


@route("/track/{slug:str}/embed.css", http_method=READ)
async def embed_css(
    slug: FromPath[str], request: Request[Any, Any, Any], pages: NamedDependency[Pages]
) -> Response[bytes]:
    """The pages' stylesheet with a shop's design as custom properties; under its version it may be kept for ever."""
    theme = request.query_params.get(THEME)
    try:
        shop = await pages.source.shop(called(slug), Tongue(SOURCE), theme or None)
    except (NotAnswering, errors.ApiError) as refusal:
        status = refusal.status if isinstance(refusal, errors.ApiError) else 503
        headers = {**_SHARED, "Cache-Control": "no-store"}
        return Response(b"", status_code=status, headers=headers, media_type="text/css")
    return _asset_answer(request, _stylesheet(shop), otherwise=_SOON)


@route("/track/assets/{name:str}", http_method=READ)
async def page_asset(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """A file of the pages."""
    if name not in files.names():
        return Response(b"", status_code=404, headers={"Cache-Control": "no-store"}, media_type="text/plain")
    return _asset_answer(request, files.asset(name), otherwise=REVALIDATED)


def _asset_answer(request: Request[Any, Any, Any], asset: Asset, *, otherwise: str) -> Response[bytes]:
    versioned = request.query_params.get("v") == asset.version
    said = answer_of(request.headers, asset, FOREVER if versioned else otherwise)
    headers = {**said.headers, **_SHARED}
    return Response(said.body, status_code=said.status, headers=headers, media_type=asset.media_type)


_STYLESHEETS: dict[bytes, Asset] = {}
_STYLESHEETS_AT_MOST = 500


def _stylesheet(shop: StorefrontShop) -> Asset:
    """Made once for each design."""
    style = rendering.style(brand_style(shop.brand)).encode()
    digest = hashlib.sha256(style).digest()
    if digest not in _STYLESHEETS:
        if len(_STYLESHEETS) >= _STYLESHEETS_AT_MOST:
            _STYLESHEETS.clear()
        page = files.asset("page.css")
        _STYLESHEETS[digest] = asset_of(style + b"\n" + page.plain, page.media_type)
    return _STYLESHEETS[digest]


HANDLERS = (embed, embed_css, page_asset)
