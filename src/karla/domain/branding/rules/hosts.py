"""Host names and origins as shops write them, and as browsers do."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from karla.domain.branding.records import PageSettings

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
_AT_SHOPIFY = re.compile(rf"{_LABEL}\.myshopify\.com")
_ORIGIN = re.compile(rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>\d{{1,5}}))?/?")
_HERE = frozenset({"localhost", "127.0.0.1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535


def host_named(text: str) -> str | None:
    """The host name in lower case; None for what is none, such as an IP address or a name without a dot."""
    host = text.lower().removesuffix(".")
    return host if _HOST.fullmatch(host) else None


def is_at_shopify(host: str) -> bool:
    """Whether it is the name that a shop has at Shopify."""
    return _AT_SHOPIFY.fullmatch(host) is not None


def origin_named(text: str) -> str | None:
    """The origin as a browser sends it; None for what is none, or is plain HTTP to another machine."""
    parts = _ORIGIN.fullmatch(text.lower())
    if parts is None or (parts["scheme"] == "http" and parts["host"] not in _HERE):
        return None
    port = int(parts["port"] or _DEFAULT_PORTS[parts["scheme"]])
    return _origin(parts["scheme"], parts["host"], port) if 0 < port <= _LAST_PORT else None


def origin_of(url: str | None) -> str | None:
    """The origin that a web page of this address has."""
    try:
        parts = urlsplit(url or "")
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return _origin(parts.scheme, parts.hostname, port) if parts.hostname else None


def _origin(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def within(host: str, other: str | None) -> bool:
    """Whether it is the other host, or a name below it."""
    return other is not None and (host == other or host.endswith(f".{other}"))


def page_origins(page: PageSettings, public_url: str, shop_url: str | None) -> list[str]:
    """Where a shop's page stands, and who may show it within theirs or call for it by script."""
    own = (public_url, *(f"https://{host}" for host in sorted(page.hosts)), shop_url)
    return list(dict.fromkeys(_known(origin_of(url) for url in own) + page.origins))


def _known(origins: Iterable[str | None]) -> list[str]:
    return [origin for origin in origins if origin]
