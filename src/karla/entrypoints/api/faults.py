"""How errors become answers: one body for all of them, and never a 5xx for a caller's mistake."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, ValidationException

from karla.infra.db import RACES
from karla.infra.errors import BadRequest, Fault, KarlaError, Unavailable

log = structlog.get_logger()


class ErrorDetail(msgspec.Struct, rename={"error_type": "type"}):
    """One fault and where it is."""

    loc: list[str | int]
    field: str
    msg: str
    error_type: str


class Error(msgspec.Struct, rename={"error_type": "type"}):
    """The body of every answer from 400 up."""

    errors: list[ErrorDetail] | None
    key: str
    message: str
    error_type: str
    request_id: str


_ROUTING = {
    400: ("bad_request", "The request can't be read."),
    404: ("route_not_found", "There is no such path."),
    405: ("method_not_allowed", "This path does not take that method."),
    413: ("body_too_large", "The body is too large."),
    415: ("content_type_unsupported", "This path does not take that content type."),
}


# The framework's 500 for a client that goes away while it sends, as browsers do with a page that is left.
_CUT_OFF = "client disconnected prematurely"


def body_of(error: KarlaError, request_id: str) -> Error:
    """The public body of an error."""
    caller = error.status < 500
    return Error(
        errors=[ErrorDetail(list(f.loc), f.field, f.msg, f.type) for f in error.faults] if caller else None,
        key=error.key,
        message=error.message,
        error_type="invalid_request_error" if caller else "api_error",
        request_id=request_id,
    )


def _answer(request: Request[Any, Any, Any], error: KarlaError) -> Response[Error]:
    request_id = str(request.scope.get("request_id", ""))
    return Response(
        body_of(error, request_id),
        status_code=error.status,
        headers=error.headers,
        media_type=MediaType.JSON,
    )


def expected(request: Request[Any, Any, Any], error: KarlaError) -> Response[Error]:
    """An error that the code raised on purpose."""
    return _answer(request, error)


def from_routing(request: Request[Any, Any, Any], error: HTTPException) -> Response[Error]:
    """An error of the framework: no such route, a path value of the wrong form, and the like."""
    if error.detail == _CUT_OFF:
        return _answer(request, BadRequest("body_incomplete", "The connection ended before the body did."))
    if error.status_code >= 500:
        return unexpected(request, error)
    if _lacks_body(error):
        missing = Fault(("body",), "Body required", "missing")
        return _answer(request, BadRequest("body_missing", "The body is missing.", [missing]))
    key, message = _ROUTING.get(error.status_code, ("request_invalid", "The request has invalid values."))
    known = KarlaError(key, message, headers=dict(error.headers or {}))
    known.status = error.status_code
    return _answer(request, known)


def _lacks_body(error: HTTPException) -> bool:
    """An empty body never gets as far as our own reading of bodies; the framework misses `data` then."""
    said = error.extra if isinstance(error, ValidationException) and isinstance(error.extra, list) else []
    return any(isinstance(fault, dict) and fault.get("key") == "data" for fault in said)


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Error]:
    """A bug or an outage: logged with its trace, told without it."""
    log.error("request failed", request_id=request.scope.get("request_id"), exc_info=error)
    return _answer(request, KarlaError())


_QUIET_SECONDS = 1.0


class Outages:
    """Answers of a process whose database is away: one line a second tells of them, however many there are."""

    def __init__(self) -> None:
        self._told_at = -_QUIET_SECONDS

    def unavailable(self, request: Request[Any, Any, Any], error: Unavailable) -> Response[Error]:
        """The database can't be reached: an outage, so no trace, and come again soon."""
        now = time.monotonic()
        if now - self._told_at >= _QUIET_SECONDS:
            self._told_at = now
            reason = type(error.__cause__ or error).__name__
            log.warning("database unreachable", request_id=request.scope.get("request_id"), error=reason)
        error.headers["Retry-After"] = "1"
        return _answer(request, error)

    def contended(self, request: Request[Any, Any, Any], error: Exception) -> Response[Error]:
        """A write that lost every one of its races."""
        busy = Unavailable("database_busy", "Too many changes of the same thing at once; try again in a moment.")
        busy.__cause__ = error
        return self.unavailable(request, busy)


_OUTAGES = Outages()

HANDLERS: dict[type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Error]]] = {
    KarlaError: expected,
    Unavailable: _OUTAGES.unavailable,
    **dict.fromkeys(RACES, _OUTAGES.contended),
    HTTPException: from_routing,
    Exception: unexpected,
}
