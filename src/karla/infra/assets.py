"""Bodies that are made or read once and answered from memory, compressed and by version."""

import gzip
import hashlib
from collections.abc import Mapping

import msgspec

FOREVER = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"


class Asset(msgspec.Struct, frozen=True):
    """A body with its media type; `version` is of the content."""

    media_type: str
    version: str
    plain: bytes
    compressed: bytes


class Answer(msgspec.Struct, frozen=True):
    """What goes out for an asset: 200, or 304 without a body."""

    status: int
    headers: dict[str, str]
    body: bytes


def asset_of(content: bytes, media_type: str) -> Asset:
    """Compress and version a body; a matter of a tenth of a second for a large one."""
    version = hashlib.sha256(content).hexdigest()[:16]
    return Asset(media_type, version, content, gzip.compress(content, 6, mtime=0))


def answer_of(asked: Mapping[str, str], asset: Asset, cache_control: str) -> Answer:
    """The asset in the form that a request with these headers (lower case) takes, or 304 when they have it."""
    etag = f'"{asset.version}"'
    headers = {
        "Cache-Control": cache_control,
        "ETag": etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if has_already(asked, etag):
        return Answer(304, headers, b"")
    if takes_gzip(asked):
        return Answer(200, {**headers, "Content-Encoding": "gzip"}, asset.compressed)
    return Answer(200, headers, asset.plain)


def has_already(asked: Mapping[str, str], etag: str) -> bool:
    """Whether a request with these headers (lower case) names this tag, and so needs no body."""
    # On its way an answer may be compressed, and its tag becomes a weak one then.
    known = [tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]


def compressed(body: bytes) -> bytes:
    """A body that is made for one answer, by gzip at a level that costs little."""
    return gzip.compress(body, 4, mtime=0)


def takes_gzip(asked: Mapping[str, str]) -> bool:
    """Whether a request with these headers (lower case) bears gzip."""
    for offer in asked.get("accept-encoding", "").lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
