"""How a picture is fetched from a stranger's server: no more than it takes, and from nowhere that is forbidden."""

import asyncio

from yarl import URL

from karla.infra.http import Egress, EgressError

MAX_BYTES = 10 * 1024 * 1024
MAX_SECONDS = 5.0
_REDIRECTS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"Accept": "image/webp,image/png,image/jpeg,image/gif;q=0.8"}


class FetchFailed(Exception):
    """There is no picture to be had; the message says why, without the address."""


async def fetched(egress: Egress, source: str, *, plain_http: bool, seconds: float = MAX_SECONDS) -> bytes:
    """What is at `source`, redirects followed; FetchFailed.

    An address by `http` is asked for by `https` unless `plain_http` is allowed.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _followed(egress, URL(source), plain_http, seconds)
    except TimeoutError as error:
        raise FetchFailed("too slow") from error
    except (EgressError, ValueError) as error:
        # A ValueError is of an address that is none; it may quote it.
        raise FetchFailed(error.reason if isinstance(error, EgressError) else "no address") from None


async def _followed(egress: Egress, target: URL, plain_http: bool, seconds: float) -> bytes:
    for _ in range(_REDIRECTS + 1):
        if target.scheme == "http" and not plain_http:
            target = target.with_scheme("https")
        answer = await egress.request(
            "GET", str(target.with_fragment(None)), _HEADERS, timeout_seconds=seconds, read_limit=MAX_BYTES
        )
        if answer.status in _MOVED and (place := answer.headers.get("location")):
            target = target.join(URL(place))
            continue
        if answer.status != 200:
            raise FetchFailed(f"status {answer.status}")
        if answer.truncated:
            raise FetchFailed("too large")
        return answer.excerpt
    raise FetchFailed("too many redirects")
