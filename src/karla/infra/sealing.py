"""Authenticated encryption, for what is kept and shall be read by nobody but who holds the secret."""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Unreadable(Exception):
    """Sealed with another key, for another purpose, or changed since."""


def derived_key(secret: str, purpose: str) -> bytes:
    """A key of 256 bits from a secret of at least as many random ones; another for each purpose."""
    return hmac.digest(secret.encode(), purpose.encode(), "sha256")


def sealed(key: bytes, content: bytes, about: bytes) -> bytes:
    """`content` under AES-256-GCM with a nonce of its own; it opens only together with `about`."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, about)


def opened(key: bytes, closed: bytes, about: bytes) -> bytes:
    """What was sealed; Unreadable."""
    try:
        return AESGCM(key).decrypt(closed[:_NONCE_BYTES], closed[_NONCE_BYTES:], about)
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error
