"""Names with a slash in them: `/orders/RE%2F2024%2F17` is one order, not a path of three.

Servers decode a path before routes see it, and the slash that was part of a name is then one like any other.
So it is put aside before the routes, and back into the path's values after them.
"""

from typing import Any
from urllib.parse import unquote_to_bytes

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

# A code point that is no character, so no name has it.
_ASIDE = "\uffff"


def with_slashes(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that an encoded slash stays within its part of the path."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and b"%2f" in (raw := scope["raw_path"]).lower():
            parts = [unquote_to_bytes(part).decode("utf-8", "replace") for part in raw.split(b"?")[0].split(b"/")]
            scope["path"] = "/".join(part.replace("/", _ASIDE) for part in parts)
        await app(scope, receive, send)

    return routed


def put_back(values: dict[str, Any]) -> None:
    """Give the values of the path their slashes."""
    for name, value in values.items():
        if isinstance(value, str) and _ASIDE in value:
            values[name] = value.replace(_ASIDE, "/")
