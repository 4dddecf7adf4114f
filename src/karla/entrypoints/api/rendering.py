"""How what a handler returns becomes bytes on the wire."""

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.types import ASGIApp, Receive, Scope, Send

_encode = msgspec.json.Encoder().encode


class Rendered(Response[Any]):
    """An answer in JSON without headers of its own, which most are, by the shortest way; others as Litestar does."""

    __slots__ = ()

    def to_asgi_response(self, request: Request[Any, Any, Any], **given: Any) -> ASGIApp:  # type: ignore[override]
        """The answer as an ASGI application."""
        status = self.status_code or given.get("status_code") or 200
        media_type = self.media_type or given.get("media_type") or MediaType.JSON
        plain = not (self.headers or self.cookies or self.background)
        given_nothing = not (given.get("headers") or given.get("cookies") or given.get("background"))
        if not (plain and given_nothing and media_type == MediaType.JSON and _has_body(request, status)):
            return super().to_asgi_response(request=request, **given)
        return Json(status, self.content)


class Json:
    """An answer whose only headers are those of its content."""

    __slots__ = ("_body", "_status")

    def __init__(self, status: int, content: object) -> None:
        self._status = status
        self._body = _encode(content)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(self._body)).encode())]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def _has_body(request: Request[Any, Any, Any], status: int) -> bool:
    return request.method != "HEAD" and status not in {204, 304}
