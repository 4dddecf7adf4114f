"""Authenticated encryption, for what is kept and shall be read by nobody but who holds the secret."""

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_NAME_BYTES = 8


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


class Seals:
    """Seals for one purpose what is kept for long, by keys that change: the newest seals, and each of them opens.

    What is sealed begins with the name of its key, which tells nothing of that key.
    """

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        """`secrets`, the newest first, as for `derived_key`."""
        self._keys = {_name_of(key): key for key in (derived_key(secret, purpose) for secret in secrets)}
        self._newest = next(iter(self._keys))

    def seal(self, content: bytes, about: bytes) -> bytes:
        """`content`, to be opened only together with `about`."""
        return self._newest + sealed(self._keys[self._newest], content, about)

    def open(self, closed: bytes, about: bytes) -> bytes:
        """What was sealed; Unreadable, also where its key is none of these."""
        key = self._keys.get(closed[:_NAME_BYTES])
        if key is None:
            raise Unreadable
        return opened(key, closed[_NAME_BYTES:], about)

    def is_newest(self, closed: bytes) -> bool:
        """Whether it is sealed by the newest key."""
        return closed.startswith(self._newest)


def _name_of(key: bytes) -> bytes:
    return sha256(key).digest()[:_NAME_BYTES]
