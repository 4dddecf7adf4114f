"""Connections through a proxy: a tunnel by CONNECT, whose far end is an address that was checked here."""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace

from karla.infra.http.failures import EgressError, EgressUnavailable, OwnReason, Reason, TargetForbidden, Unreachable
from karla.infra.http.guard import TRAIL, Guard
from karla.infra.http.names import ProxyOnly, as_addresses, is_untold, literal
from karla.infra.http.route import Proxy
from karla.infra.http.targets import ADDRESS_NOT_PUBLIC, is_public

CONNECT_SECONDS = 3.0
USER_AGENT = f"Karla/{version('karla')}"
# The proxy itself dials within this time, and says when it couldn't.
_ANSWER_SECONDS = 5.0
_HEAD_LIMIT = 16 * 1024
_END = b"\r\n\r\n"
# With another address of the same target it may go better.
_OF_ONE_ADDRESS = ("gateway", "proxy_timeout")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r]")


class Connector(aiohttp.TCPConnector):
    """Given `tunnels`, https targets are reached through them, and all else that is dialled is the proxy."""

    tunnels: "Tunnels | None" = None

    async def _resolve_host(self, host: str, port: int, traces: Sequence[Trace] | None = None) -> list[ResolveResult]:
        with _lookup():
            return await super()._resolve_host(host, port, traces)

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> ResponseHandler:
        # aiohttp's own tunnels would be asked for by name, and don't tell the proxy's failures from the target's.
        if self.tunnels is None or not req.is_ssl():
            return await super()._create_connection(req, traces, timeout)
        connected = await self.tunnels.open(req.host, req.port or 443)
        failure: Reason = "tls"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, protocol = await asyncio.get_running_loop().create_connection(
                    self._factory, sock=connected, ssl=self.tunnels.tls, server_hostname=req.host.removesuffix(".")
                )
        except TimeoutError:
            failure = "timeout"
        except OSError:  # who hangs up here does so within the handshake
            pass
        else:
            return protocol
        raise Unreachable(failure)


class Tunnels:
    """Asks the proxy for connections. It gets addresses to dial, never names: it could find others for them."""

    def __init__(
        self,
        proxy: Proxy,
        proxy_names: ProxyOnly,
        names: AbstractResolver,
        guard: Guard,
        tls: ssl.SSLContext,
        allow_private: bool,
    ) -> None:
        self.tls = tls
        self._proxy = proxy
        self._proxy_names = proxy_names
        self._names = names
        self._guard = guard
        self._allow_private = allow_private

    async def open(self, host: str, port: int) -> socket.socket:
        """A socket whose other end is the target, before TLS; raises an EgressError."""
        failure: EgressError = Unreachable("dns")
        for address in await self._checked_addresses(host, port):
            outcome = await self._through_proxy(address, port)
            if isinstance(outcome, socket.socket):
                return outcome
            failure = outcome
            if failure.reason not in _OF_ONE_ADDRESS:
                break
        raise failure

    async def _checked_addresses(self, host: str, port: int) -> Sequence[IPv4Address | IPv6Address]:
        try:
            with _lookup():
                found = as_addresses(literal(host) or await self._names.resolve(host, port))
        except OSError as error:
            if is_untold(error):
                raise EgressUnavailable("dns_unavailable") from None
            return ()
        admitted = [address for address in found if self._allow_private or is_public(address)]
        if found and not admitted:
            raise TargetForbidden(ADDRESS_NOT_PUBLIC)
        return admitted

    async def _through_proxy(self, address: IPv4Address | IPv6Address, port: int) -> socket.socket | EgressError:
        trail = TRAIL.get()
        trail.with_proxy = True
        connected = await self._dial_proxy()
        try:
            outcome = await self._ask(connected, address, port)
        except BaseException:
            connected.close()
            raise
        trail.with_proxy = False
        if outcome is None:
            return connected
        connected.close()
        return outcome

    async def _dial_proxy(self) -> socket.socket:
        reason: OwnReason = "proxy_connect"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                for found in await self._proxy_names.resolve(self._proxy.host, self._proxy.port):
                    if connected := await self._dial(found["family"], found["host"]):
                        return connected
        except TimeoutError:
            reason = "proxy_timeout"
        except OSError:
            pass
        raise EgressUnavailable("source_address" if TRAIL.get().unbound else reason)

    async def _dial(self, family: int, host: str) -> socket.socket | None:
        address = (host, self._proxy.port)
        try:
            opened = self._guard.open_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address))
        except OSError:
            return None
        try:
            opened.setblocking(False)
            await asyncio.get_running_loop().sock_connect(opened, address)
        except BaseException as error:
            opened.close()
            if isinstance(error, OSError):
                return None
            raise
        return opened

    async def _ask(self, connected: socket.socket, address: IPv4Address | IPv6Address, port: int) -> EgressError | None:
        """None: from now on the target speaks."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await asyncio.get_running_loop().sock_sendall(connected, self._request(address, port))
                head = await _read_head(connected)
        except TimeoutError:
            return EgressUnavailable("proxy_timeout")
        except OSError:
            return EgressUnavailable("proxy_reset")
        return _failure(head)

    def _request(self, address: IPv4Address | IPv6Address, port: int) -> bytes:
        authority = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", f"User-Agent: {USER_AGENT}"]
        if self._proxy.authorization:
            lines.append(f"Proxy-Authorization: {self._proxy.authorization}")
        return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def _lookup() -> Iterator[None]:
    """A name server is being waited for: who runs out of time in here has been waiting for nobody else."""
    trail = TRAIL.get()
    trail.looking_up = True
    yield
    trail.looking_up = False


async def _read_head(connected: socket.socket) -> bytes:
    """What the proxy said, to the blank line or the limit; ConnectionResetError if it hung up before."""
    head = b""
    while _END not in head and len(head) < _HEAD_LIMIT:
        part = await asyncio.get_running_loop().sock_recv(connected, _HEAD_LIMIT)
        if not part:
            raise ConnectionResetError
        head += part
    return head


def _failure(head: bytes) -> EgressError | None:
    match = _STATUS_LINE.match(head)
    status = int(match[1]) if match and _END in head else 0
    if 200 <= status < 300 and head.endswith(_END):  # the target doesn't speak first, so more is none of its
        return None
    if status == 407:
        return EgressUnavailable("proxy_auth")
    if status >= 500:
        return Unreachable("gateway")
    return EgressUnavailable("proxy_refused" if status >= 300 else "proxy_protocol")
