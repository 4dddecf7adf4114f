"""Bodies that are made or read once and answered from memory, compressed and by version."""

import gzip
import hashlib
from typing import Any

import msgspec
from litestar import Request, Response

FOREVER = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"


class Asset(msgspec.Struct, frozen=True):
    """A body with its media type; `version` is of the content."""

    media_type: str
    version: str
    plain: bytes
    compressed: bytes


def asset_of(content: bytes, media_type: str) -> Asset:
    """Compress and version a body; a matter of a tenth of a second for a large one."""
    version = hashlib.sha256(content).hexdigest()[:16]
    return Asset(media_type, version, content, gzip.compress(content, 6, mtime=0))


def answer(request: Request[Any, Any, Any], asset: Asset, cache_control: str) -> Response[bytes]:
    """The asset in the form that the caller takes, or 304 when they have it."""
    etag = f'"{asset.version}"'
    headers = {
        "Cache-Control": cache_control,
        "ETag": etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if _has(request, etag):
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    if _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed, headers=headers, media_type=asset.media_type)
    return Response(asset.plain, headers=headers, media_type=asset.media_type)


def _has(request: Request[Any, Any, Any], etag: str) -> bool:
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]


def _takes_gzip(request: Request[Any, Any, Any]) -> bool:
    for offer in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
