"""The same API by host: `https://{slug}.<domain>/api/v1/…` is `/v1/shops/{slug}/…`."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

_PREFIX = "/api/v1"


def by_host(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that tools which address a shop by its host find it; access is still the key's to give."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and (path := scope["path"]).startswith(_PREFIX):
            rest = path[len(_PREFIX) :].rstrip("/")
            slug = _first_label(scope)
            if slug and (not rest or rest.startswith("/")):
                scope["path"] = f"/v1/shops/{slug}{rest}"
                scope["raw_path"] = scope["path"].encode()
        await app(scope, receive, send)

    return routed


def _first_label(scope: Scope) -> str | None:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    label, dot, _ = host.partition(".")
    return label.lower() if dot and not label.isdigit() else None
