"""Pages as answers over HTTP: compressed, with what browsers are told beside them."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.enums import MediaType

from karla.entrypoints.storefront import rendering
from karla.entrypoints.storefront.campaigns import origin_of
from karla.entrypoints.storefront.identity import FRAGMENT
from karla.entrypoints.storefront.parts import Pages
from karla.entrypoints.storefront.policy import Policy
from karla.entrypoints.storefront.showing import Shown
from karla.entrypoints.storefront.views import OrderPage
from karla.entrypoints.storefront.visits import Visit
from karla.infra.assets import compressed, takes_gzip

PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex"}
_HTML = "text/html"
_OF_ADDRESSES = "%/:=&?~#+!$,;'@()*[]"


def shown_answer(request: Request[Any, Any, Any], pages: Pages, visit: Visit, shown: Shown) -> Response[bytes]:
    """A page as a document, or its main part alone where that is asked for.

    A page that is open keeps what it shows until there is something newer.
    """
    if visit.values.get(FRAGMENT) != "1":
        return page_answer(request, pages, shown)
    if shown.session is None or not isinstance(shown.page, OrderPage):
        return plain_answer(503 if shown.status == 200 else shown.status, PRIVATE)
    return html_answer(request, rendering.fragment(shown.language, shown.page), 200, dict(PRIVATE))


def page_answer(request: Request[Any, Any, Any], pages: Pages, shown: Shown) -> Response[bytes]:
    """A page as a document."""
    own = origin_of(pages.public_url)
    policy = Policy(
        nonce=shown.page.chrome.nonce,
        own=[own] if own else [],
        embedders=shown.shop.embedding_origins if shown.shop else (),
        is_private=shown.session is not None or shown.order is not None or shown.status != 200,
    )
    headers = policy.headers
    if shown.retry_after is not None:
        headers["Retry-After"] = str(shown.retry_after)
    return html_answer(request, rendering.whole(shown.language, shown.page), shown.status, headers)


def html_answer(request: Request[Any, Any, Any], html: str, status: int, headers: dict[str, str]) -> Response[bytes]:
    """HTML, compressed where that is wanted."""
    return _answer(request, html.encode(), _HTML, status, headers)


def json_answer(
    request: Request[Any, Any, Any], content: object, status: int, headers: dict[str, str]
) -> Response[bytes]:
    """JSON, compressed where that is wanted."""
    return _answer(request, msgspec.json.encode(content), MediaType.JSON, status, headers)


def _answer(
    request: Request[Any, Any, Any], body: bytes, media_type: str, status: int, headers: dict[str, str]
) -> Response[bytes]:
    if takes_gzip(request.headers):
        body = compressed(body)
        headers = {**headers, "Content-Encoding": "gzip"}
    headers["Vary"] = "Accept-Language, Accept-Encoding"
    return Response(body, status_code=status, headers=headers, media_type=media_type)


def redirect(address: str) -> Response[bytes]:
    """The answer to a form: the page it came from, asked for anew."""
    # What a shop wrote into an address of its own may be no header's to hold.
    headers = {
        "Location": quote(address, safe=_OF_ADDRESSES),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Response(b"", status_code=303, headers=headers, media_type=MediaType.TEXT)


def plain_answer(status: int, headers: dict[str, str]) -> Response[bytes]:
    """A status for a script, which reads no more."""
    return Response(b"", status_code=status, headers=headers, media_type=MediaType.TEXT)
