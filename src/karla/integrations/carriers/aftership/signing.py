"""How AfterShip signs what it pushes: pure."""

import hmac
from base64 import b64encode

HEADER = "aftership-hmac-sha256"


def signature(secret: str, body: bytes) -> str:
    """Base64 of the HMAC-SHA256 of the body as it came, by the webhook secret."""
    return b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
