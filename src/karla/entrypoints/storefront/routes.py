"""The list of all pages, and what is shown where one breaks: a new page is added here."""

from typing import Any

import structlog
from litestar import Request, Response

from karla.entrypoints.storefront import embedding, forms, pages, policy, proxied
from karla.entrypoints.storefront.answering import page_answer
from karla.entrypoints.storefront.contexts.reader import Reader
from karla.entrypoints.storefront.identity import hosted
from karla.entrypoints.storefront.languages import chosen
from karla.entrypoints.storefront.parts import Pages
from karla.entrypoints.storefront.showing import broken
from karla.entrypoints.storefront.visits import Visit

log = structlog.get_logger()

HANDLERS = (*pages.HANDLERS, *forms.HANDLERS, *embedding.HANDLERS, *proxied.HANDLERS)


def failed(request: Request[Any, Any, Any], error: Exception, pages: Pages) -> Response[bytes]:
    """A bug: logged with its trace, told calmly and without it."""
    log.error("page failed", request_id=request.scope.get("request_id"), exc_info=error)
    tongue = chosen(request.query_params.get("lang"), request.headers.get("accept-language"))
    reader = Reader(
        place=hosted(str(request.path_params.get("slug", ""))),
        tongue=tongue,
        now=pages.clock.now(),
        nonce=policy.nonce(),
    )
    return page_answer(request, pages, broken(Visit(reader=reader, values={}, address=None)))
