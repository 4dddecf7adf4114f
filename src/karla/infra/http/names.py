"""Name servers of outgoing HTTP."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from karla.infra.http.route import Proxy

_THREADS = 32
# That nobody could tell, for now or at all: the other errors of getaddrinfo are answers about the name.
_UNTOLD = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_MEMORY})


def is_untold(error: OSError) -> bool:
    """Whether a lookup failed for want of a name server's answer, rather than by the answer that there is no address.

    Name servers of the target's own that are all dead look the same: ours then answers that it doesn't know.
    """
    if isinstance(error, socket.gaierror):
        return error.errno in _UNTOLD
    return error.errno is not None  # the system's own: no file descriptors left, and the like


class ThreadedResolver(AbstractResolver):
    """The system's resolver, in threads of its own.

    The event loop has few threads for names (uvloop four): some dead name servers would hold up every
    other target, and files too.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Of the families that this machine has; OSError."""
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
        """End the threads, when they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class ProxyOnly(AbstractResolver):
    """Knows the proxy's name and no other, and which addresses are the proxy's: nothing else is dialled."""

    def __init__(self, proxy: Proxy, names: AbstractResolver) -> None:
        self._proxy = proxy
        self._names = names
        self._addresses = set(as_addresses(literal(proxy.host)))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The proxy's addresses, which count as its own from now on; OSError."""
        if host != self._proxy.host:
            raise OSError("only the proxy is dialled")
        found = literal(host, port) or await self._names.resolve(host, port, family)
        self._addresses.update(as_addresses(found))
        return found

    def admits(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Whether this is the proxy."""
        return address in self._addresses and port == self._proxy.port

    async def close(self) -> None:
        """Leaves the other resolver to its owner."""


def literal(host: str, port: int = 0) -> list[ResolveResult]:
    """An address as a resolver would find it; empty for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return []
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return [ResolveResult(hostname=host, host=host, port=port, family=family, proto=0, flags=0)]


def as_addresses(found: list[ResolveResult]) -> list[IPv4Address | IPv6Address]:
    """The addresses of what a resolver found, without zones."""
    return [ip_address(one["host"].partition("%")[0]) for one in found]
