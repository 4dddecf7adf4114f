"""Every request gets an id, a metric and a log line; what it carried gets into none of them."""

import asyncio
import itertools
import re
import secrets
import time
from functools import cache, partial
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Histogram

from karla.domain.tenants.rules import SLUG
from karla.entrypoints.api.access import allowance_of
from karla.entrypoints.api.shoppers import Shopper
from karla.infra.rate_limit import Allowance
from karla.infra.telemetry import REQUEST_SECONDS
from karla.infra.work import ITSELF, ORIGIN, Origin

log = structlog.get_logger()

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Unlike any other process's, and in the order in which the requests came.
_PROCESS = secrets.token_hex(8)
_PLACES = itertools.count(1)
_AGENT_AT_MOST = 500
# What proxies log for a request whose client has gone.
_GIVEN_UP = 499
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


def observed(app: ASGIApp) -> ASGIApp:
    """Wrap `app` with request ids (`X-Request-Id`, a caller's own is kept), metrics, an access log, and an origin."""

    async def watch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["request_id"] = request_id  # type: ignore[typeddict-unknown-key]
        started = time.perf_counter()
        status, answered = 500, False

        async def tell(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                headers = [*message["headers"], (b"x-request-id", request_id.encode())]
                if allowance := allowance_of(scope):
                    headers += _not_told_yet(allowance, headers)
                message["headers"] = headers
            await send(message)

        token = ORIGIN.set(partial(_origin, scope))
        try:
            await app(scope, receive, tell)
        except asyncio.CancelledError:
            # Whoever asked has stopped waiting, as the pages do of a call within the process that takes too long.
            if not answered:
                status = _GIVEN_UP
            raise
        finally:
            ORIGIN.reset(token)
            _record(scope, status, time.perf_counter() - started, request_id)

    return watch


def _not_told_yet(allowance: Allowance, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The RateLimit headers, unless the answer tells of a narrower limit, that of bulk calls."""
    if any(name.lower() == b"ratelimit-limit" for name, _ in headers):
        return []
    return [(name.lower().encode(), value.encode()) for name, value in allowance.headers.items()]


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if _ID.fullmatch(given) else f"{_PROCESS}-{next(_PLACES):08x}"


def _origin(scope: Any) -> Origin:
    """Who asks by this request, and from where: as the server sees it, which heeds `trusted_proxies`."""
    shopper: Shopper | None = scope["state"].get("shopper")
    if shopper is not None:
        return Origin(kind="shopper", name=shopper.called, request_id=scope["request_id"])
    access = scope["state"].get("access")
    if access is None:
        return ITSELF
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"").decode("latin-1")
    return Origin(
        kind="key",
        name=access.principal.username,
        key_id=access.principal.key_id,
        ip_address=scope["client"][0] if scope.get("client") else None,
        user_agent=agent.replace("\0", "")[:_AGENT_AT_MOST] or None,
        request_id=scope["request_id"],
    )


def _record(scope: Any, status: int, seconds: float, request_id: str) -> None:
    # The route's template, not the path: paths hold order numbers and tokens.
    template = _template(scope)
    method = scope["method"]
    _seconds(method, template, status).observe(seconds)
    if scope["path"] not in _QUIET:
        slug = (scope.get("path_params") or {}).get("slug", "")
        log.info(
            "request",
            method=method,
            route=template,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=request_id,
            # Whatever else stands in its place in a path may be an order token that a link has at a wrong place.
            shop=slug if SLUG.fullmatch(slug) else None,
        )


@cache
def _seconds(method: str, template: str, status: int) -> Histogram:
    """The series of these labels; finding it anew costs more than what is done with it."""
    return REQUEST_SECONDS.labels(method, template, str(status))


def _template(scope: Any) -> str:
    return str(scope.get("path_template") or "unmatched")
