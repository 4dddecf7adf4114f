"""The session that sends requests out, and the guard that sees every address before it is dialled."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Self

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from karla.infra.http.failures import EgressError, Reason, TargetForbidden, Unreachable
from karla.infra.http.targets import ADDRESS_NOT_PUBLIC, checked_target, is_public

CONNECT_SECONDS = 3.0
TIMEOUT_SECONDS = 10.0
READ_LIMIT = 16 * 1024
KEPT_HEADERS = frozenset({"content-type", "location", "retry-after"})
_RESOLVER_THREADS = 32
_DNS_CACHE_SECONDS = 10
# Below the five seconds after which many servers hang up, so that no request meets a closing connection.
_KEEPALIVE_SECONDS = 4.0

# Set by the guard in the request's own context: aiohttp's racing of addresses loses the type of an error.
_refused_dials: ContextVar[list[str]] = ContextVar("refused_dials")


class Answer(msgspec.Struct, frozen=True):
    """What came back, redirects included.

    `headers` are those of KEPT_HEADERS, names in lower case; `excerpt` is the body as sent, up to the
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
    (0: none) belong above the caller's own concurrency. `ca_file` is trusted beside the system's
    authorities. A `resolver` that is given stays the giver's to close.
    """

    def __init__(
        self,
        allow_private: bool,
        *,
        limit: int = 2000,
        limit_per_host: int = 0,
        resolver: AbstractResolver | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._own_resolver = None if resolver else _ThreadedResolver()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=_tls(ca_file),
                resolver=resolver or self._own_resolver,
                ttl_dns_cache=_DNS_CACHE_SECONDS,
                keepalive_timeout=_KEEPALIVE_SECONDS,
                limit=limit,
                limit_per_host=limit_per_host,
                socket_factory=self._open_socket,
            ),
            timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS),
            headers={"User-Agent": f"Karla/{version('karla')}", "Accept-Encoding": "identity"},
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
        """POST once; raises TargetForbidden or Unreachable."""
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
    ) -> Answer:
        """Send a request and read its answer, all within the timeout; raises TargetForbidden or Unreachable.

        Of a longer answer the rest is not read: its connection is closed.
        """
        target = checked_target(url, self._allow_private)
        refused: list[str] = []
        token = _refused_dials.set(refused)
        started = perf_counter()
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(method, target, headers, body, read_limit)
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure(error, bool(refused), _milliseconds_since(started))
        finally:
            _refused_dials.reset(token)
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
        self, method: str, target: URL, headers: Mapping[str, str], body: bytes | None, read_limit: int
    ) -> Answer:
        started = perf_counter()
        async with self._session.request(method, target, headers=headers, data=body, allow_redirects=False) as response:
            read = await _read_at_most(response.content, read_limit + 1)
            truncated = len(read) > read_limit
            if truncated:
                response.close()
            return Answer(
                status=response.status,
                headers={
                    name.lower(): _clean(value)
                    for name, value in response.headers.items()
                    if name.lower() in KEPT_HEADERS
                },
                excerpt=read[:read_limit],
                truncated=truncated,
                duration_ms=_milliseconds_since(started),
            )

    def _open_socket(self, address_info: aiohttp.AddrInfoType) -> socket.socket:
        """The guard: called with each address that is about to be dialled, after DNS, and with no other."""
        family, kind, protocol, _, address = address_info
        if not self._allow_private and not is_public(ip_address(str(address[0]).partition("%")[0])):
            _refused_dials.get().append(ADDRESS_NOT_PUBLIC)
            raise PermissionError(ADDRESS_NOT_PUBLIC)
        return socket.socket(family, kind, protocol)


class _ThreadedResolver(AbstractResolver):
    """The system's resolver, in threads of its own.

    The event loop has few threads for names (uvloop four): some dead name servers would hold up every
    other target, and files too.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _clean(value: str) -> str:
    """Without the lone surrogates that stand for bytes outside UTF-8: no store takes those."""
    return value.encode(errors="surrogateescape").decode(errors="replace")


async def _read_at_most(content: aiohttp.StreamReader, limit: int) -> bytes:
    read = bytearray()
    while len(read) < limit and (chunk := await content.read(limit - len(read))):
        read += chunk
    return bytes(read)


def _failure(error: aiohttp.ClientError | OSError, refused: bool, duration_ms: int) -> EgressError:
    """The one error of ours that an error of aiohttp or the system stands for."""
    reason = _reason(error)
    if refused and reason == "connect":
        return TargetForbidden(ADDRESS_NOT_PUBLIC)
    return Unreachable(reason, duration_ms)


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
