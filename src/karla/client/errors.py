"""What can go wrong with a call or a webhook; no message holds a key, a secret or a body."""

from collections.abc import Sequence
from typing import Literal

import httpx
import msgspec


class KarlaError(Exception):
    """Base of all that this package raises on purpose."""


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with a request: `loc` leads from `body`, `query` or `path` to the value."""

    loc: list[str | int]
    msg: str
    type: str
    field: str = ""

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.loc))}: {self.msg}"


class ApiError(KarlaError):
    """Karla answered, and not with what was asked for.

    Branch on `key`, which is stable, or on the class. `faults` names every wrong value of a request, `request_id`
    is what an operator finds the call by, and `retry_after` the seconds that Karla asked to wait.
    """

    def __init__(
        self,
        status: int,
        key: str,
        message: str,
        faults: Sequence[Fault] = (),
        request_id: str | None = None,
        operation: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, key, message, faults, request_id, operation, retry_after)
        self.status = status
        self.key = key
        self.message = message
        self.faults = tuple(faults)
        self.request_id = request_id
        self.operation = operation
        self.retry_after = retry_after

    def __str__(self) -> str:
        operation = f"{self.operation}: " if self.operation else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return "\n  ".join([f"{operation}{self.status} {self.key}: {self.message}{request}", *map(str, self.faults)])


class Invalid(ApiError):
    """400, 413, 415 or 422: the request has to be mended; `faults` says where."""


class Unauthorised(ApiError):
    """401: the key is unknown, revoked or expired."""


class Forbidden(ApiError):
    """403: the key is not for this shop, or its role doesn't cover this."""


class NotFound(ApiError):
    """404: nothing there by that reference."""


class Conflict(ApiError):
    """409: it exists already, or its state forbids the change."""


class RateLimited(ApiError):
    """429: too many calls, and waiting would take longer than `Retries` allows."""


class Unavailable(ApiError):
    """5xx, and still after every retry."""


class Unreadable(ApiError):
    """A good status with a body that is none of Karla's, such as a proxy's own page."""


class ConnectionFailed(KarlaError):
    """No answer, and still none after every retry; whether the call was carried out is unknown."""


class NotConfigured(KarlaError):
    """The environment lacks what a client needs."""


Reason = Literal["missing", "malformed", "too_old", "too_new", "mismatch", "unreadable"]


class VerificationFailed(KarlaError):
    """A webhook that is not to be believed; answer it with 401.

    `reason` is `missing` (no signature headers), `malformed`, `too_old` or `too_new` (beyond the tolerance: a replay,
    or a clock that is wrong), `mismatch` (other secret, or a body that was changed on the way), or `unreadable`:
    signed by Karla, and yet no event that this version knows.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return self.message


class _Detail(msgspec.Struct):
    """The body of an error."""

    key: str
    message: str
    errors: list[Fault] | None = None
    request_id: str | None = None


_DETAIL = msgspec.json.Decoder(_Detail)

_CLASSES: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Unauthorised,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: RateLimited,
}


def error_of(response: httpx.Response, operation: str, retry_after: float | None) -> ApiError:
    """The error of an answer that has been read; one that Karla did not write goes by its status alone."""
    status = response.status_code
    fallback = Unavailable if status >= 500 else ApiError
    try:
        detail = _DETAIL.decode(response.content)
    except msgspec.DecodeError:
        detail = _Detail(f"http_{status}", response.reason_phrase or "No reason was given.")
    return _CLASSES.get(status, fallback)(
        status,
        detail.key,
        detail.message,
        detail.errors or (),
        detail.request_id or response.headers.get("x-request-id"),
        operation,
        retry_after,
    )
