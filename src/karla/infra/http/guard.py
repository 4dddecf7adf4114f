"""The sockets of outgoing HTTP: none is opened before the guard has seen which address it is for."""

import errno
import socket
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, ip_address

import aiohttp
import msgspec

from karla.infra.http.targets import ADDRESS_NOT_PUBLIC

Admits = Callable[[IPv4Address | IPv6Address, int], bool]


class Trail(msgspec.Struct):
    """What was noticed underway of one request: aiohttp's errors and its racing of addresses lose it."""

    refused: bool = False
    unbound: bool = False
    with_proxy: bool = False
    looking_up: bool = False


TRAIL: ContextVar[Trail] = ContextVar("trail")


class Guard:
    """`admits` decides on an address and its port; `sources` has the address to leave from, by family."""

    def __init__(self, admits: Admits, sources: Mapping[int, str]) -> None:
        self._admits = admits
        self._sources = sources

    def open_socket(self, address_info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for the address that is dialled next, after DNS; OSError where none may be opened."""
        family, kind, protocol, _, address = address_info
        if not self._admits(ip_address(str(address[0]).partition("%")[0]), int(address[1])):
            TRAIL.get().refused = True
            raise PermissionError(ADDRESS_NOT_PUBLIC)
        if not self._sources:
            return socket.socket(family, kind, protocol)
        source = self._sources.get(family)
        if source is None:
            raise OSError(errno.EAFNOSUPPORT, "no source address of this family")
        return _bound(socket.socket(family, kind, protocol), source)


def _bound(opened: socket.socket, source: str) -> socket.socket:
    try:
        if sys.platform == "linux":
            # The port is chosen at the dial, one for each pair of ends: else connections run out of ports.
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        opened.bind((source, 0))
    except OSError:
        opened.close()
        TRAIL.get().unbound = True
        raise
    return opened
