"""The session that sends requests out, and the guard that sees every address before it is dialled."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from functools import lru_cache
from time import perf_counter
from types import TracebackType
from typing import Self

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from karla.infra.http.failures import EgressError, EgressUnavailable, OwnReason, Reason, TargetForbidden, Unreachable
from karla.infra.http.guard import TRAIL, Guard, Trail
from karla.infra.http.names import ProxyOnly, ThreadedResolver, is_untold
from karla.infra.http.route import DIRECT, Route
from karla.infra.http.targets import ADDRESS_NOT_PUBLIC, checked_target, is_public
from karla.infra.http.tunnel import CONNECT_SECONDS, USER_AGENT, Connector, Tunnels

TIMEOUT_SECONDS = 10.0
READ_LIMIT = 16 * 1024
KEPT_HEADERS = ("content-type", "location", "retry-after")
_DNS_CACHE_SECONDS = 10
# Below the five seconds after which many servers hang up, so that no request meets a closing connection.
_KEEPALIVE_SECONDS = 4.0

# A webhook is asked for again and again; what a URL says does not change, unlike what its name leads to.
_checked = lru_cache(maxsize=4096)(checked_target)


class Answer(msgspec.Struct, frozen=True):
    """What came back, redirects included.

    `headers` are those that were asked for, names in lower case; `excerpt` is the body as sent, up to the
    read limit; `truncated` says that there was more.
    """

    status: int
    headers: Mapping[str, str]
    excerpt: bytes
    truncated: bool
    duration_ms: int


class Egress:
    """One a process, made inside its event loop and closed at its end.

    Requests that wait for a connection spend their timeout on it, so `limit` (all) and `limit_per_host`
    (0: none) belong above the caller's own concurrency. A `resolver` that is given stays the giver's to
    close.
    """

    def __init__(
        self,
        allow_private: bool,
        *,
        route: Route = DIRECT,
        limit: int = 2000,
        limit_per_host: int = 0,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._proxy = route.proxy
        names = resolver or ThreadedResolver()
        self._own_resolver = None if resolver else names
        self._session = aiohttp.ClientSession(
            connector=_connector(route, allow_private, names, limit=limit, limit_per_host=limit_per_host),
            timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # the read limit would count before a bomb goes off
            trust_env=False,
        )

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        timeout_seconds: float = TIMEOUT_SECONDS,
        read_limit: int = READ_LIMIT,
    ) -> Answer:
        """POST once; raises an EgressError."""
        return await self.request(
            "POST", url, headers, body=body, timeout_seconds=timeout_seconds, read_limit=read_limit
        )

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        read_limit: int = READ_LIMIT,
        kept_headers: Sequence[str] = KEPT_HEADERS,
    ) -> Answer:
        """Send a request and read its answer, all within the timeout; raises an EgressError.

        Of a longer answer the rest is not read: its connection is closed. `kept_headers` are in lower case.
        """
        target = _checked(url, self._allow_private)
        trail = Trail()
        token = TRAIL.set(trail)
        started = perf_counter()
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(method, target, headers, body, read_limit, kept_headers)
        except (aiohttp.ClientError, OSError, EgressError) as error:
            failure = self._failure(error, trail, _milliseconds_since(started))
        finally:
            TRAIL.reset(token)
        raise failure  # out here it carries no context: aiohttp's errors quote whole URLs

    async def close(self) -> None:
        """Cut what is in flight and close all connections."""
        await self._session.close()
        if self._own_resolver:
            await self._own_resolver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _exchange(
        self,
        method: str,
        target: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        read_limit: int,
        kept_headers: Sequence[str],
    ) -> Answer:
        started = perf_counter()
        proxy = self._proxy if target.scheme == "http" else None
        if proxy and proxy.authorization:
            headers = {**headers, "Proxy-Authorization": proxy.authorization}
        async with self._session.request(
            method, target, headers=headers, data=body, allow_redirects=False, proxy=proxy.url if proxy else None
        ) as response:
            if proxy and response.status == 407:
                raise EgressUnavailable("proxy_auth")
            read = await _read_at_most(response.content, read_limit + 1)
            truncated = len(read) > read_limit
            if truncated:
                response.close()
            return Answer(
                status=response.status,
                headers={
                    name: _clean(value) for name in kept_headers if (value := response.headers.get(name)) is not None
                },
                excerpt=read[:read_limit],
                truncated=truncated,
                duration_ms=_milliseconds_since(started),
            )

    def _failure(
        self, error: aiohttp.ClientError | OSError | EgressError, trail: Trail, duration_ms: int
    ) -> EgressError:
        """The one error of ours that an error of aiohttp or the system stands for."""
        if isinstance(error, EgressError):
            return type(error)(error.reason, duration_ms)
        reason = _reason(error)
        if ours := self._own_reason(error, reason, trail):
            return EgressUnavailable(ours, duration_ms)
        if trail.refused and reason == "connect":
            return TargetForbidden(ADDRESS_NOT_PUBLIC, duration_ms)
        return Unreachable(reason, duration_ms)

    def _own_reason(self, error: aiohttp.ClientError | OSError, reason: Reason, trail: Trail) -> OwnReason | None:
        """Where it was the way out that failed."""
        if reason == "timeout":
            return "dns_unavailable" if trail.looking_up else "proxy_timeout" if trail.with_proxy else None
        if reason == "connect" and trail.unbound:
            return "source_address"
        if self._proxy and reason in ("connect", "dns"):  # aiohttp looks up and dials nothing but the proxy
            return "proxy_connect"
        untold = isinstance(error, aiohttp.ClientConnectorDNSError) and is_untold(error.os_error)
        return "dns_unavailable" if untold else None


def _connector(
    route: Route, allow_private: bool, names: AbstractResolver, *, limit: int, limit_per_host: int
) -> Connector:
    proxy_names = ProxyOnly(route.proxy, names) if route.proxy else None
    guard = Guard(
        proxy_names.admits if proxy_names else lambda address, _: allow_private or is_public(address), route.sources
    )
    tls = route.tls()
    connector = Connector(
        ssl=tls,
        resolver=proxy_names or names,
        ttl_dns_cache=_DNS_CACHE_SECONDS,
        keepalive_timeout=_KEEPALIVE_SECONDS,
        limit=limit,
        limit_per_host=limit_per_host,
        socket_factory=guard.open_socket,
    )
    if route.proxy and proxy_names:
        connector.tunnels = Tunnels(route.proxy, proxy_names, names, guard, tls, allow_private)
    return connector


def _clean(value: str) -> str:
    """Without the lone surrogates that stand for bytes outside UTF-8: no store takes those."""
    return value.encode(errors="surrogateescape").decode(errors="replace")


async def _read_at_most(content: aiohttp.StreamReader, limit: int) -> bytes:
    part = await content.read(limit)
    if content.at_eof():  # most answers come in one part
        return part
    read = bytearray(part)
    while len(read) < limit and (part := await content.read(limit - len(read))):
        read += part
    return bytes(read)


def _reason(error: aiohttp.ClientError | OSError) -> Reason:
    match error:
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorDNSError():
            return "dns"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "tls"
        case aiohttp.ClientConnectorError():
            # A dial is refused, not cut: who hangs up here does so within the handshake.
            return "tls" if isinstance(error.os_error, ConnectionResetError) else "connect"
        case OSError() | aiohttp.ClientConnectionError():
            return "reset"
        case _:
            return "protocol"


def _milliseconds_since(started: float) -> int:
    return int((perf_counter() - started) * 1000)
