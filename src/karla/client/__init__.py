"""The Python client of Karla's API: sync and async, typed, with retries and the verification of webhooks.

It needs nothing else of this package, only `httpx` and `msgspec`.
"""

from karla.client.answers import Event
from karla.client.clients import AsyncKarla, Karla
from karla.client.errors import (
    ApiError,
    Conflict,
    ConnectionFailed,
    Fault,
    Forbidden,
    Invalid,
    KarlaError,
    NotConfigured,
    NotFound,
    RateLimited,
    Unauthorised,
    Unavailable,
    Unreadable,
    VerificationFailed,
)
from karla.client.retries import Retries

__all__ = [
    "ApiError",
    "AsyncKarla",
    "Conflict",
    "ConnectionFailed",
    "Event",
    "Fault",
    "Forbidden",
    "Invalid",
    "Karla",
    "KarlaError",
    "NotConfigured",
    "NotFound",
    "RateLimited",
    "Retries",
    "Unauthorised",
    "Unavailable",
    "Unreadable",
    "VerificationFailed",
]
