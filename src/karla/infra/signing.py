"""Signatures of webhooks, made and checked: pure, the time is an argument."""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

_STANDARD_PREFIX = "whsec_"


def karla_signature(secrets: Sequence[str], timestamp: int, body: bytes) -> str:
    """The value of `Karla-Signature`: `t=…,v1=…`, one `v1` a secret.

    Secrets come newest first. A receiver that keeps the parts in a map keeps the last `v1`, so during a
    rotation the old secret goes on working for it until it is dropped.
    """
    digests = [_karla_digest(secret, timestamp, body) for secret in _present(secrets)]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


def verify_karla(header: str, body: bytes, secrets: Sequence[str], now: float, tolerance: int = 300) -> bool:
    """Whether any `v1` of the header was made with any of the secrets, at most `tolerance` seconds from now.

    The rules are those of the vendor's receiver, which the stand-in and the demo play.
    """
    timestamp: str | None = None
    offered: list[bytes] = []
    for part in header.split(","):
        name, _, value = part.partition("=")
        if name == "t":
            timestamp = value
        elif name == "v1":
            offered.append(value.encode(errors="backslashreplace"))
    seconds = None if timestamp is None else _seconds(timestamp)
    if seconds is None or abs(now - seconds) > tolerance:
        return False
    expected = [_karla_digest(secret, seconds, body).encode() for secret in secrets if secret]
    return _any_equal(expected, offered)


def standard_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0; one signature a secret, newest first.

    A secret `whsec_<base64>` stands for the bytes it encodes, any other secret for its UTF-8 bytes.
    """
    digests = [_standard_digest(secret, message_id, timestamp, body) for secret in _present(secrets)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{digest}" for digest in digests),
    }


def verify_standard(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float, tolerance: int = 300
) -> bool:
    """Whether any `v1` of the Standard Webhooks headers was made with any of the secrets, as `verify_karla`.

    `headers` have their names in lower case or take any case.
    """
    message_id, timestamp = headers.get("webhook-id", ""), _seconds(headers.get("webhook-timestamp", ""))
    if not message_id or timestamp is None or abs(now - timestamp) > tolerance:
        return False
    offered = [
        part.removeprefix("v1,").encode(errors="backslashreplace")
        for part in headers.get("webhook-signature", "").split(" ")
        if part.startswith("v1,")
    ]
    expected = [_standard_digest(secret, message_id, timestamp, body).encode() for secret in secrets if secret]
    return _any_equal(expected, offered)


def standard_secret(secret: str) -> str:
    """What a receiver gives a Standard Webhooks library as its secret.

    Those libraries decode every secret from base64, with or without the prefix: a UUID given as it
    is would silently become another key. So a plain secret is handed over as `whsec_` + base64 of its bytes.
    """
    if _decoded(secret) is not None:
        return secret
    return _STANDARD_PREFIX + base64.b64encode(secret.encode()).decode()


def _karla_digest(secret: str, timestamp: int, body: bytes) -> str:
    return hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()


def _standard_digest(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode(errors="surrogateescape") + body
    return base64.b64encode(hmac.digest(_standard_key(secret), signed, "sha256")).decode()


def _seconds(written: str) -> int | None:
    """Plain decimal digits alone, and not so many that reading them takes long."""
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 15 else None


@lru_cache(maxsize=4096)
def _standard_key(secret: str) -> bytes:
    return _decoded(secret) or secret.encode()


def _decoded(secret: str) -> bytes | None:
    """The bytes behind `whsec_`; None if there are none, so that a home-made `whsec_…` still signs."""
    encoded = secret.removeprefix(_STANDARD_PREFIX)
    if encoded == secret:
        return None
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or None
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None


def _present(secrets: Sequence[str]) -> Sequence[str]:
    """Anyone can sign with an empty key, so a missing secret is a fault and not a signature."""
    if not secrets or not all(secrets):
        raise ValueError("a webhook is signed with at least one secret, and none may be empty")
    return secrets


def _any_equal(expected: Iterable[bytes], offered: Sequence[bytes]) -> bool:
    """Compare all pairs, without stopping at a hit: the time tells nothing."""
    found = False
    for wanted in expected:
        for given in offered:
            found |= hmac.compare_digest(wanted, given)
    return found
