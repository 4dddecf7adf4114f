"""What makes a key, a slug and a grant good."""

import hashlib
import re

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
SLUG_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
"""A slug stands in paths and in host names, so it is a DNS label."""

RESERVED_SLUGS = frozenset({"api", "app", "www", "docs", "public", "portal", "mcp", "static", "track", "resolve"})
"""Names that hosts of ours may have, so no shop may."""


def key_hash(key: str) -> bytes:
    """What of a key is stored: keys are 256 random bits, so a plain SHA-256 can't be turned back."""
    return hashlib.sha256(key.encode()).digest()
