"""What a browser finds: a plain front page, and the API browser with all its assets."""

import asyncio
import re
import secrets
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.enums import MediaType
from litestar.params import FromPath

from karla.entrypoints.api.access import PUBLIC
from karla.entrypoints.api.assets import answer
from karla.infra.assets import FOREVER, REVALIDATED, Asset, asset_of
from karla.infra.errors import NotFound

_STATIC = Path(__file__).with_name("static")
_JAVASCRIPT = "text/javascript"
_ASSETS = {
    "scalar.js": _JAVASCRIPT,
    "nonce.js": _JAVASCRIPT,
    "docs.js": _JAVASCRIPT,
    "docs.css": "text/css",
    "index.css": "text/css",
    "icon.svg": "image/svg+xml",
}
_BROWSER_ITSELF = "scalar.js"
_REFERENCE = re.compile(r'(?<=")/docs/assets/([\w.-]+)(?=")')

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-elem 'self' {nonce}; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PLAIN_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@get("/", opt=PUBLIC, include_in_schema=False, media_type=MediaType.HTML)
async def front_page() -> Response[str]:
    """Where to go from here."""
    return _page("index.html", _PLAIN_POLICY)


@get("/docs", opt=PUBLIC, include_in_schema=False, media_type=MediaType.HTML)
async def docs_page() -> Response[str]:
    """The API browser: reads `/public/openapi.json`, and nothing from any other host."""
    await asyncio.to_thread(_asset, _BROWSER_ITSELF)
    nonce = secrets.token_urlsafe(16)
    return _page("docs.html", _POLICY.format(nonce=f"'nonce-{nonce}'"), nonce)


@get("/docs/assets/{name:str}", opt=PUBLIC, include_in_schema=False)
async def docs_asset(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """A file of those pages; under the version that they name it may be kept for ever."""
    if name not in _ASSETS:
        raise NotFound("asset_not_found", "There is no such file.")
    asset = await asyncio.to_thread(_asset, name)
    versioned = request.query_params.get("v") == asset.version
    return answer(request, asset, FOREVER if versioned else REVALIDATED)


@cache
def _asset(name: str) -> Asset:
    folder = _package_folder() if name == _BROWSER_ITSELF else _STATIC
    return asset_of((folder / name).read_bytes(), _ASSETS[name])


def _package_folder() -> Path:
    # Found, not imported: the package reads all its nine megabytes when it is.
    spec = find_spec("offapi")
    assert spec is not None, "offapi is among our dependencies"  # noqa: S101
    assert spec.origin is not None, "offapi is a package with files"  # noqa: S101
    return Path(spec.origin).parent


def _page(name: str, policy: str, nonce: str = "") -> Response[str]:
    html = (_STATIC / name).read_text(encoding="utf-8").replace("{nonce}", nonce)
    html = _REFERENCE.sub(lambda found: f"{found[0]}?v={_asset(found[1]).version}", html)
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(html, headers=headers, media_type=MediaType.HTML)


HANDLERS = (front_page, docs_page, docs_asset)
