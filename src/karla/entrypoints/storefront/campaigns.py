"""Links that lead to the shop say where the visitor comes from; nobody else's do."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from karla.client.storefront.answers import StorefrontShop

_PARAMETERS = {"source": "utm_source", "medium": "utm_medium", "campaign": "utm_campaign"}


def outgoing(url: str | None, shop: StorefrontShop) -> str | None:
    """A link as the page has it: to the shop's own hosts with its campaign; None for what is no web address."""
    if web_address(url) is None or url is None:
        return None
    return _tagged(url, tuple(shop.campaign.items())) if _is_own(url, shop.links.shop_url) else url


def web_address(url: str | None) -> str | None:
    """A link of somebody else's as it is; None for what is no web address."""
    return url if _host(url) else None


@lru_cache(maxsize=4096)
def _is_own(url: str, shop_url: str | None) -> bool:
    """Whether it leads to the shop's host, or one below or beside its `www`."""
    own, host = _host(shop_url).removeprefix("www."), _host(url)
    return bool(own) and (host == own or host.endswith(f".{own}"))


def _host(url: str | None) -> str:
    """The host of a web address; "" of what is none, as shops and carriers may write anything."""
    try:
        parts = urlsplit(url or "")
        port = parts.port  # of one that is none nothing is told before
    except ValueError:
        return ""
    return parts.hostname or "" if parts.scheme in ("http", "https") and port != 0 else ""


@lru_cache(maxsize=4096)
def _tagged(url: str, campaign: tuple[tuple[str, str], ...]) -> str:
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    told = {name for name, _ in query}
    given: Mapping[str, str] = {_PARAMETERS[name]: value for name, value in campaign if value and name in _PARAMETERS}
    query += [(name, value) for name, value in given.items() if name not in told]
    return urlunsplit(parts._replace(query=urlencode(query)))


def origin_of(url: str | None) -> str | None:
    """`https://shop.example:8443` of a web address."""
    if web_address(url) is None:
        return None
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.hostname else None
