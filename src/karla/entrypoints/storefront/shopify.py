"""Shopify's app proxy: what it hands on is believed by its signature alone."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address

TOLERANCE = timedelta(minutes=5)
"""How old or new a request may be: so long a link that somebody copied from a log would be good."""

_OF_THE_PROXY = ("shop", "path_prefix", "timestamp", "logged_in_customer_id")
_PREFIX = re.compile(r"(/[a-z]{2}(-[a-z]{2,4}){0,2})?/(a|apps|community|tools)/[\w-]+", re.ASCII | re.IGNORECASE)
_MARKET = re.compile(r"(?:(?P<language>[a-z]{2})(?:-(?P<region>[a-z]{2}))?)", re.ASCII | re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com", re.ASCII)


def is_signed(parameters: Sequence[tuple[str, str]], secret: str, now: datetime) -> bool:
    """Whether the proxy signed these query parameters (decoded, in any order) a moment ago.

    The signature is HMAC-SHA256 in hex over the other parameters, sorted, as `name=value` without anything between
    them; the values of a repeated name are joined by commas. What the proxy itself tells is there once: a second one
    would be the shopper's.
    """
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name, []).append(value)
    given = values.pop("signature", [])
    if len(given) != 1 or any(len(values.get(name, ())) > 1 for name in _OF_THE_PROXY):
        return False
    message = "".join(sorted(f"{name}={','.join(several)}" for name, several in values.items()))
    expected = hmac.new(secret.encode(), message.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given[0].encode("utf-8", "surrogatepass")):
        return False
    return _is_recent(values.get("timestamp", []), now)


def _is_recent(stamps: Sequence[str], now: datetime) -> bool:
    if len(stamps) != 1 or not stamps[0].isdecimal() or len(stamps[0]) > 12:
        return False
    return abs(now.timestamp() - int(stamps[0])) <= TOLERANCE.total_seconds()


def shopper_address(forwarded: Sequence[str], sender: str | None) -> str | None:
    """Whom a request that is signed was sent for: what Shopify, the `sender`, has put at the end of X-Forwarded-For.

    Proxies before Karla may have added the sender and themselves. Without it all shoppers would be Shopify, and the
    wrong guesses of one would count for all.
    """
    hops = [_address(hop) for header in forwarded for hop in header.split(",")]
    if sender is not None and (known := _address(sender)) in hops:
        hops = hops[: len(hops) - 1 - hops[::-1].index(known)]
    return (hops[-1] if hops else None) or sender


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None


def shop_host(parameters: Mapping[str, str]) -> str | None:
    """The shop's `….myshopify.com`, or None for anything else."""
    host = parameters.get("shop", "").lower()
    return host if _HOST.fullmatch(host) else None


def path_on_shop(parameters: Mapping[str, str], market: str | None, page: str) -> str:
    """The path that shoppers see, of `track` or `resolve`: the market's folder, and the one that the app was given."""
    prefix = parameters.get("path_prefix", "").rstrip("/")
    if not _PREFIX.fullmatch(prefix):
        prefix = "/apps/karla"
    if market and not prefix.lower().startswith(f"/{market.lower()}/"):
        prefix = f"/{market}{prefix}"
    return f"{prefix}/{page}"


def market_language(market: str | None) -> str | None:
    """The language of a market's folder, such as `de-at`; None for a folder that names none."""
    found = _MARKET.fullmatch(market or "")
    if not found:
        return None
    return f"{found['language']}-{found['region'].upper()}" if found["region"] else found["language"].lower()


def is_market(text: str) -> bool:
    """Whether a folder may be a market's: `de`, `de-at`, `at`, `en-eu`."""
    return re.fullmatch(r"[a-z]{2}(-[a-z]{2,4}){0,2}", text, re.ASCII | re.IGNORECASE) is not None
