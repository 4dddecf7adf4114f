"""New identifiers and secrets."""

import secrets
from uuid import UUID, uuid4


def new_id() -> UUID:
    """A random UUID v4: what every entity of Karla is known by."""
    return uuid4()


def new_secret(prefix: str) -> str:
    """`prefix` and 256 random bits in URL-safe text."""
    return prefix + secrets.token_urlsafe(32)
