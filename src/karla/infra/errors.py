"""The errors that callers see: a status, a stable key, a sentence, and every fault by its place."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

Loc: TypeAlias = tuple[str | int, ...]


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with a request.

    `loc` is the path from the part of the request (`body`, `query`, `path`) to the value;
    `type` is a stable word such as `missing`, `string_type`, `too_long`.
    """

    loc: Loc
    msg: str
    type: str

    @property
    def field(self) -> str:
        """The last name on the path: what a form would mark."""
        return next((str(part) for part in reversed(self.loc) if isinstance(part, str)), "")


class KarlaError(Exception):
    """Base of all errors that become an answer; anything else is a 500 and a bug."""

    status = 500
    default_key = "internal_error"
    default_message = "Something went wrong on our side."

    def __init__(
        self,
        key: str | None = None,
        message: str | None = None,
        faults: Sequence[Fault] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        self.key = key or self.default_key
        self.message = message or self.default_message
        self.faults = tuple(faults)
        self.headers = headers or {}
        super().__init__(self.message)


class BadRequest(KarlaError):
    """400: the request can't be read at all (no credentials, not JSON)."""

    status = 400
    default_key = "bad_request"
    default_message = "The request can't be read."


class Unauthorised(KarlaError):
    """401: the credentials are unknown, revoked or expired."""

    status = 401
    default_key = "credentials_invalid"
    default_message = "The user name or key is not valid."


class Forbidden(KarlaError):
    """403: the credentials are fine, but not for this shop or this action."""

    status = 403
    default_key = "access_denied"
    default_message = "This key has no access to that."


class NotFound(KarlaError):
    """404: nothing there by that reference."""

    status = 404
    default_key = "not_found"
    default_message = "There is nothing by that reference."


class Conflict(KarlaError):
    """409: it exists already, or its state forbids the change."""

    status = 409
    default_key = "conflict"
    default_message = "That conflicts with what is stored."


class TooLarge(KarlaError):
    """413: the body is larger than this operation takes."""

    status = 413
    default_key = "body_too_large"
    default_message = "The body is too large."


class Invalid(KarlaError):
    """422: the request is readable, but values in it are wrong; `faults` names each."""

    status = 422
    default_key = "request_invalid"
    default_message = "The request has invalid values."


class TooManyRequests(KarlaError):
    """429: the rate limit is reached; the headers say when to come back."""

    status = 429
    default_key = "rate_limited"
    default_message = "Too many requests; try again later."


class Unavailable(KarlaError):
    """503: the database is away, hung or overrun; it passes when the database is back."""

    status = 503
    default_key = "database_unavailable"
    default_message = "The database can't be reached right now; try again in a moment."


class ProviderUnavailable(KarlaError):
    """503: a third party that the answer depends on is away or takes no calls; nothing was changed."""

    status = 503
    default_key = "provider_unreachable"
    default_message = "The third party can't be reached right now, so nothing was changed; try again in a moment."
