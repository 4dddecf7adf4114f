"""The files of the pages: read once, compressed, and named by the version of their content."""

from functools import cache
from pathlib import Path

from karla.infra.assets import Asset, asset_of

_FOLDER = Path(__file__).with_name("static")
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@cache
def names() -> frozenset[str]:
    """All there are."""
    return frozenset(file.name for file in _FOLDER.iterdir() if file.suffix in _MEDIA_TYPES)


@cache
def asset(name: str) -> Asset:
    """One of `names`."""
    file = _FOLDER / name
    return asset_of(file.read_bytes(), _MEDIA_TYPES[file.suffix])


@cache
def versioned(name: str) -> str:
    """`page.css?v=…`: under this name it may be kept for ever."""
    return f"{name}?v={asset(name).version}"
