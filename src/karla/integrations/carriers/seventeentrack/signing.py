"""How 17TRACK signs what it pushes: pure."""

from hashlib import sha256

HEADER = "sign"


def signature(key: str, body: bytes) -> str:
    """The SHA-256, in small hexadecimal digits, of the body as it came, a slash, and the access key."""
    return sha256(body + b"/" + key.encode()).hexdigest()
