"""The answers that are not the wished-for one, and the headers of all: each described once."""

from collections.abc import Mapping

import msgspec

from karla.entrypoints.api.faults import Error, body_of
from karla.entrypoints.api.openapi.schemas import Json
from karla.infra.errors import (
    BadRequest,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    KarlaError,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthorised,
    Unavailable,
)

ERROR = Error

_REQUEST_ID = "0b8f4a53-5c0e-4a5e-9a35-4f0a8a1f2c77"


class _Answer(msgspec.Struct, frozen=True):
    name: str
    description: str
    example: KarlaError
    headers: tuple[str, ...] = ()


_ANSWERS: Mapping[int, _Answer] = {
    400: _Answer(
        "BadRequest",
        "The request can't be read: there are no credentials or garbled ones, or the body is not what the header says.",
        BadRequest("credentials_missing", "Send a user name and an API key by HTTP Basic authentication."),
        ("WWW-Authenticate",),
    ),
    401: _Answer(
        "Unauthorised", "The credentials are unknown, revoked or expired.", Unauthorised(), ("WWW-Authenticate",)
    ),
    403: _Answer("Forbidden", "The key has no access to this shop, or not the role that this takes.", Forbidden()),
    404: _Answer(
        "NotFound",
        "There is nothing by that reference.",
        NotFound("shop_not_found", "The requested shop does not exist."),
    ),
    409: _Answer(
        "Conflict",
        "It exists already, or its state forbids the change; `key` says which. With `Retry-After` it still runs.",
        Conflict("order_exists", "This order is already known."),
        ("Retry-After",),
    ),
    413: _Answer("TooLarge", "The body is larger than this operation takes.", TooLarge()),
    422: _Answer(
        "Invalid",
        "The request is readable, but values in it are wrong; `errors` names each.",
        Invalid(
            "zip_code_invalid",
            "The zip code is not valid.",
            [Fault(("body", "order", "address", "zip_code"), "Must be a string", "string_type")],
        ),
    ),
    429: _Answer(
        "RateLimited",
        "Too many requests: come back after `Retry-After` seconds.",
        TooManyRequests(),
        ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"),
    ),
    500: _Answer("InternalError", "Something went wrong on our side; it is logged. Try again later.", KarlaError()),
    503: _Answer(
        "Unavailable",
        "The database, or a third party that has to be asked, can't be reached, or too much happens at once: try again "
        "after `Retry-After` seconds.",
        Unavailable(),
        ("Retry-After",),
    ),
}

RATE_LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
CURSOR_HEADERS = ("Karla-Next-Cursor", "Link")

_INTEGER: Json = {"type": "integer", "minimum": 0}
_TEXT: Json = {"type": "string"}

HEADERS: Mapping[str, Json] = {
    "X-Request-Id": {"description": "Names this request in logs; one that was sent is kept.", "schema": _TEXT},
    "WWW-Authenticate": {
        "description": "The scheme to authenticate by.",
        "schema": _TEXT,
        "example": 'Basic realm="Karla"',
    },
    "RateLimit-Limit": {"description": "How many calls a minute are granted.", "schema": _INTEGER},
    "RateLimit-Remaining": {"description": "How many calls are left right now.", "schema": _INTEGER},
    "RateLimit-Reset": {"description": "In how many seconds the next call is granted.", "schema": _INTEGER},
    "Retry-After": {"description": "How many seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "Karla-Next-Cursor": {
        "description": "The `cursor` of the next page. Absent on the last page.",
        "schema": _TEXT,
    },
    "Link": {
        "description": 'The address of the next page, as `<…>; rel="next"`. Absent on the last page.',
        "schema": _TEXT,
    },
    "Idempotent-Replayed": {
        "description": "`true` where this is the answer of an earlier request with the same `Idempotency-Key`.",
        "schema": _TEXT,
        "example": "true",
    },
    "ETag": {"description": "The version of the content, for `If-None-Match`.", "schema": _TEXT},
}


def header_references(names: tuple[str, ...]) -> Json:
    """The `headers` of an answer."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *names)}


def error_reference(status: int) -> Json:
    """An answer among an operation's `responses`."""
    return {"$ref": f"#/components/responses/{_ANSWERS[status].name}"}


def error_answers(schema: Json) -> Json:
    """All of them, for the document's components; `schema` is that of `ERROR`."""
    return {
        answer.name: {
            "description": answer.description,
            "headers": header_references(answer.headers),
            "content": {
                "application/json": {
                    "schema": schema,
                    "example": msgspec.to_builtins(body_of(answer.example, _REQUEST_ID)),
                }
            },
        }
        for answer in _ANSWERS.values()
    }
