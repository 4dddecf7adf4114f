"""From which web pages a script may call: a shop's own, by CORS."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from karla.domain.branding.queries import settings_of
from karla.domain.branding.rules.hosts import page_origins
from karla.domain.branding.rules.pages import page_of
from karla.domain.tenants.queries import get_shop
from karla.entrypoints.api.services import Services
from karla.infra.access import scope_of
from karla.infra.errors import KarlaError, NotFound

log = structlog.get_logger()

Headers = list[tuple[bytes, bytes]]

REMEMBERED = timedelta(seconds=5)
"""How long a shop's origins may be those of before."""

# No slug is longer: what strangers call after is not remembered at any length.
_CALLED = re.compile(r"/v1/shops/(?P<slug>[^/]{1,63})/storefront/.+|/track/(?P<page>[^/]{1,63})/embed")
_AT_MOST = 20_000
_NONE: frozenset[str] = frozenset()
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, PUT, DELETE"),
    (b"access-control-allow-headers", b"accept-language, authorization, content-type, if-none-match"),
    (b"access-control-max-age", b"600"),
]
_READABLE: Headers = [(b"access-control-expose-headers", b"content-language, etag, retry-after, x-request-id")]


class Origins:
    """The origins of each shop, remembered for some seconds, and longer while the database is away."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, frozenset[str]]] = {}

    async def of(self, slug: str, services: Services) -> frozenset[str]:
        """Those of the shop; none of one that isn't there."""
        now = services.clock.now()
        until, origins = self._known.get(slug, (now, _NONE))
        if now < until:
            return origins
        try:
            origins = await _read(slug, services)
        except NotFound:
            origins = _NONE
        except KarlaError as error:
            log.warning("origins unknown", shop=slug, error=error.key)
            return origins
        if len(self._known) >= _AT_MOST:
            self._known.clear()
        self._known[slug] = (now + REMEMBERED, origins)
        return origins


async def _read(slug: str, services: Services) -> frozenset[str]:
    ref = await services.keyring.shop(slug)
    scope = scope_of([ref.id])
    async with services.db.read(scope) as connection:
        shop = await get_shop(scope, connection)
        settings = await settings_of(scope, connection)
    return frozenset(page_origins(page_of(settings), services.settings.base_url, shop.shop_url))


def shared_with_origins(app: ASGIApp, services: Callable[[], Services]) -> ASGIApp:
    """Wrap `app` so that pages of a shop's own origins may call for its storefront by script.

    Errors are theirs to read as well. No cookie is ever asked for, so none is allowed.
    """
    origins = Origins()

    async def shared(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not (called := _CALLED.fullmatch(scope["path"])):
            await app(scope, receive, send)
            return
        origin = _header(scope, b"origin")
        allowed: Headers = []
        if origin and origin.decode("latin-1") in await origins.of(called["slug"] or called["page"], services()):
            allowed = [(b"access-control-allow-origin", origin)]
        if scope["method"] == "OPTIONS" and origin and _header(scope, b"access-control-request-method"):
            await _answer_preflight(allowed, send)
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_vary(message["headers"], allowed + _READABLE if allowed else [])
            await send(message)

        await app(scope, receive, tell)

    return shared


def _header(scope: HTTPScope, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)


async def _answer_preflight(allowed: Headers, send: Send) -> None:
    headers = _with_vary([], allowed + _PREFLIGHT if allowed else [])
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _with_vary(headers: object, added: Headers) -> Headers:
    """The headers with those that are added, and what the answer depends on."""
    given: Headers = [*headers]  # type: ignore[misc]
    vary = [value for name, value in given if name.lower() == b"vary"]
    others = [(name, value) for name, value in given if name.lower() != b"vary"]
    return [*others, *added, (b"vary", b", ".join([*vary, b"Origin"]))]
