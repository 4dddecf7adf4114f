"""Domains of the shops' own: `https://track.shop.example/` is the shop's page."""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from karla.entrypoints.storefront.parts import Pages
from karla.entrypoints.storefront.visits import OWN_DOMAIN

_PAGES = frozenset({"/", "/demo", "/demo/delivery.ics", "/cancel", "/address", "/delivery.ics"})
_BELOW = "/track/"
_FILES = "/track/assets/"
_LONGEST = 253


def by_domain(app: ASGIApp, pages: Callable[[], Pages]) -> ASGIApp:
    """Wrap `app` so that a domain which a shop has pointed here shows this shop's page, and no other shop's."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and _may_be_a_page(path := scope["path"]):
            host = _host(scope)
            own = pages().host.partition(":")[0]
            if host and host != own and (slug := await pages().source.shop_at(host)):
                _lead(scope, path, slug)
        await app(scope, receive, send)

    return routed


def _may_be_a_page(path: str) -> bool:
    return path in _PAGES or (path.startswith(_BELOW) and not path.startswith(_FILES))


def _lead(scope: Scope, path: str, slug: str) -> None:
    """To the path of the shop's page; what is another shop's is not there."""
    if path in _PAGES:
        scope[OWN_DOMAIN] = True  # type: ignore[literal-required]
        scope["path"] = f"/track/{slug}{path.rstrip('/')}"
    elif path.split("/")[2] != slug:
        scope["path"] = f"/track/{slug}/elsewhere"
    scope["raw_path"] = scope["path"].encode()


def _host(scope: Scope) -> str | None:
    """The name that was asked for; None for what is no domain of anybody's, such as an address."""
    return _domain(next((value for name, value in scope["headers"] if name == b"host"), b""))


@lru_cache(maxsize=1_000)
def _domain(given: bytes) -> str | None:
    host = given.decode("latin-1").partition(":")[0].rstrip(".").lower()
    if "." not in host or len(host) > _LONGEST or not host.isascii():
        return None
    try:
        ip_address(host)
    except ValueError:
        return host
    return None
