"""Webhooks, received: is it Karla's, is it fresh, and which event is it."""

import base64
import binascii
import hmac
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from karla.client.answers import Event
from karla.client.errors import VerificationFailed

TOLERANCE_SECONDS = 300

_PREFIX = "whsec_"
_EVENT = msgspec.json.Decoder(Event)


class _Body(msgspec.Struct):
    """What tells a CloudEvent, which has the envelope as its `data`, from the envelope itself."""

    specversion: str | None = None
    data: msgspec.Raw = msgspec.Raw()


_BODY = msgspec.json.Decoder(_Body)


class _Signed(NamedTuple):
    """What the headers claim; `scheme` is by whose rules."""

    scheme: str
    timestamp: str
    offered: list[str]
    message_id: str = ""


def verify(
    payload: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    tolerance: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> Event:
    """The event of a webhook that Karla signed just now; VerificationFailed with its `reason` otherwise.

    `payload` is the body as it came, byte by byte: JSON that was parsed and written again is other bytes. Of the
    `headers`, whose names may be in any case, `Karla-Signature` counts, and without it those of Standard Webhooks.
    During a rotation give the old and the new secret: one that fits is enough. `tolerance` is in seconds, `now` the
    time in seconds since 1970, by default this machine's.
    """
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not secrets or not all(secrets):
        raise ValueError("a webhook is verified with at least one secret, and none may be empty")
    if not isinstance(payload, bytes):
        raise TypeError("payload must be the bytes of the body as they came")
    lower = {name.lower(): value for name, value in headers.items()}
    signed = _claim(lower)
    _demand_fresh(signed, tolerance, time.time() if now is None else now)
    # Every pair is compared, without stopping at a hit: the time tells nothing.
    found = False
    for expected in _expected(signed, payload, secrets):
        for given in signed.offered:
            found |= hmac.compare_digest(expected.encode(), given.encode("utf-8", "backslashreplace"))
    if not found:
        raise VerificationFailed(
            "mismatch", "no signature fits: the secret is another, or the body is not the one that was signed"
        )
    return _event(payload, lower.get("webhook-id", ""))


def _claim(headers: Mapping[str, str]) -> _Signed:
    if (header := headers.get("karla-signature")) is not None:
        parts = [
            (name.strip(), value.strip()) for name, _, value in (part.partition("=") for part in header.split(","))
        ]
        times = [value for name, value in parts if name == "t"]
        offered = [value for name, value in parts if name == "v1"]
        if len(times) != 1 or not offered:
            raise VerificationFailed("malformed", "Karla-Signature is not of the form t=…,v1=…")
        return _Signed("karla", times[0], offered)
    standard = [headers.get(f"webhook-{name}", "") for name in ("timestamp", "signature", "id")]
    if not any(standard):
        raise VerificationFailed("missing", "there is neither a Karla-Signature nor a webhook-signature")
    timestamp, signature, message_id = standard
    offered = [part.removeprefix("v1,") for part in signature.split() if part.startswith("v1,")]
    if not (timestamp and offered and message_id):
        raise VerificationFailed("malformed", "webhook-id, webhook-timestamp or webhook-signature is missing or empty")
    return _Signed("standard", timestamp, offered, message_id)


def _demand_fresh(signed: _Signed, tolerance: float, now: float) -> None:
    written = signed.timestamp
    if not (written.isascii() and written.isdigit() and len(written) <= 15):
        raise VerificationFailed("malformed", "the timestamp of the signature is not in plain digits")
    age = now - int(written)
    if age > tolerance:
        raise VerificationFailed("too_old", f"signed {age:.0f} seconds ago, and {tolerance:.0f} are allowed")
    if age < -tolerance:
        raise VerificationFailed("too_new", f"signed {-age:.0f} seconds ahead of this clock: one of the two is wrong")


def _expected(signed: _Signed, payload: bytes, secrets: Sequence[str]) -> Iterator[str]:
    for secret in secrets:
        if signed.scheme == "karla":
            yield hmac.digest(secret.encode(), f"{signed.timestamp}.".encode() + payload, "sha256").hex()
        else:
            message = f"{signed.message_id}.{signed.timestamp}.".encode("utf-8", "surrogateescape") + payload
            yield base64.b64encode(hmac.digest(_key(secret), message, "sha256")).decode()


def _key(secret: str) -> bytes:
    """`whsec_` and base64 stand for the bytes behind; every other secret for its own characters."""
    encoded = secret.removeprefix(_PREFIX)
    if encoded == secret:
        return secret.encode()
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or secret.encode()
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return secret.encode()


def _event(payload: bytes, message_id: str) -> Event:
    try:
        body = _BODY.decode(payload)
        event = _EVENT.decode(payload if body.specversion is None else body.data)
        event_id = event.event_data.get("event_id") or message_id or None
        return msgspec.structs.replace(event, event_id=msgspec.convert(event_id, UUID | None))
    except msgspec.DecodeError as error:
        text = f"signed by Karla, and no event as this version knows it: {error}"
        raise VerificationFailed("unreadable", text) from error
