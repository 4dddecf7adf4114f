"""New identifiers and secrets."""

import base64
import os
import secrets
from uuid import UUID

from asyncpg.pgproto import pgproto


def new_id() -> UUID:
    """A random UUID v4: what every entity of Karla is known by."""
    bits = bytearray(os.urandom(16))
    bits[6] = bits[6] & 0x0F | 0x40  # version 4
    bits[8] = bits[8] & 0x3F | 0x80  # variant of RFC 9562
    # The driver's own kind of UUID is made and sent in half the time.
    return pgproto.UUID(bytes(bits))


def new_secret(prefix: str) -> str:
    """`prefix` and 256 random bits in URL-safe text."""
    return prefix + secrets.token_urlsafe(32)


def new_signing_secret() -> str:
    """A secret of Standard Webhooks: `whsec_` and 256 random bits in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
