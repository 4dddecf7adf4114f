"""How requests leave the machine: from which address, through which proxy, over which TLS."""

import socket
import ssl
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from types import MappingProxyType
from typing import Self

import aiohttp
import msgspec
from yarl import URL

from karla.infra.settings import Settings, SettingsInvalid, proxy_url, source_addresses, variable_of

_TLS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Proxy(msgspec.Struct, frozen=True):
    """An HTTP proxy; `authorization` is the value of its header. Neither is ever shown."""

    host: str
    port: int
    authorization: str | None = None

    @classmethod
    def at(cls, url: URL) -> Self:
        """From its URL."""
        known = url.user is not None or url.password is not None
        return cls(
            host=url.raw_host or "",
            port=url.port or 80,
            authorization=aiohttp.encode_basic_auth(url.user or "", url.password or "") if known else None,
        )

    @property
    def url(self) -> URL:
        """Its URL, without credentials."""
        return URL.build(scheme="http", host=self.host, port=self.port)

    def __repr__(self) -> str:
        return "Proxy(…)"


class Route(msgspec.Struct, frozen=True):
    """The default one is direct. `sources` has an address of this machine by family; `ca_file` adds to the system's."""

    sources: Mapping[int, str] = MappingProxyType({})
    proxy: Proxy | None = None
    tls_minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    ca_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As an operator wants it; SettingsInvalid where this machine doesn't have the source address."""
        given = settings.egress_source_address
        addresses = source_addresses(given) if given else ()
        for address in addresses:
            _bind_once(address)
        return cls(
            sources={_family(address): str(address) for address in addresses},
            proxy=Proxy.at(proxy_url(settings.egress_proxy_url)) if settings.egress_proxy_url else None,
            tls_minimum=_TLS[settings.egress_tls_minimum],
            ca_file=settings.egress_ca_file,
        )

    def tls(self) -> ssl.SSLContext:
        """What targets must prove."""
        context = ssl.create_default_context()
        context.minimum_version = self.tls_minimum
        context.set_alpn_protocols(["http/1.1"])
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        return context


DIRECT = Route()


def _family(address: IPv4Address | IPv6Address) -> int:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6


def _bind_once(address: IPv4Address | IPv6Address) -> None:
    try:
        with socket.socket(_family(address), socket.SOCK_STREAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        raise SettingsInvalid(
            f"{variable_of('egress_source_address')}: this machine does not have the address {address}"
        ) from None
