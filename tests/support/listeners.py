"""Servers on loopback that do one thing to each connection, name servers, and the TLS of both."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

from aiohttp.abc import AbstractResolver, ResolveResult

# Self-signed for localhost, hook.example.com and 127.0.0.1, 2020 to 2120; guards nothing.
KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLJCx0OeSt78HPLzL
h0OFuEs1aETAuYCk/wbvSsO5JZehRANCAAS7uilvkRlfLoTqzr1sHseDRyywna17
CbFCu+bsu6M9pBBcgyoLFcHYdriX4ZuQ8uhrZXK921TjGC3mWGtLwORO
-----END PRIVATE KEY-----
"""
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBizCCATGgAwIBAgIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDAprYXJsYS10
ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAVMRMwEQYDVQQD
DAprYXJsYS10ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEu7opb5EZXy6E
6s69bB7Hg0cssJ2tewmxQrvm7LujPaQQXIMqCxXB2Ha4l+GbkPLoa2VyvdtU4xgt
5lhrS8DkTqNwMG4wDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAoQwHQYD
VR0OBBYEFIBdhvanTnpZk3Cplq6feI0KW1XkMCwGA1UdEQQlMCOCCWxvY2FsaG9z
dIIQaG9vay5leGFtcGxlLmNvbYcEfwAAATAKBggqhkjOPQQDAgNIADBFAiBB65Vr
oRiMChBTiyleJxeidGmFH37TpITAh/W6orSR1wIhALBSqzIan5DYvjIlv5+Ma0BM
GMWSQ4wDtUU1CPmq5o1u
-----END CERTIFICATE-----
"""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Plays one scene on each connection to its port on loopback; `peers` are the ends that connected."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.port = 0
        self.peers: list[tuple[str, int]] = []

    @property
    def connects(self) -> int:
        return len(self.peers)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peers.append(writer.get_extra_info("peername")[:2])
        try:
            await self.play(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(
    play: Play, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1"
) -> AsyncIterator[Listener]:
    """A listener on a free port."""
    listener = Listener(play)
    server = await asyncio.start_server(listener.meet, host, 0, ssl=tls)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        async with server:
            yield listener
    finally:
        server.close()


def sending(*parts: bytes, then: Play | None = None) -> Play:
    """Reads the head of a request and answers with these bytes."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.writelines(parts)
        await writer.drain()
        if then:
            await then(reader, writer)

    return play


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Reads and never answers."""
    while await reader.read(65536):
        pass


async def abort(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Cuts the connection."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


async def hang_up(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Closes the connection at once."""


class Names(AbstractResolver):
    """A name server that gives any name the next of its answers, again and again; an empty one is no such name."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = cycle(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        addresses = self.addresses_of(host)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, f"no such name: {host}")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    def addresses_of(self, _: str) -> Sequence[str]:
        return next(self.answers)

    async def close(self) -> None: ...


class Zone(Names):
    """A name server that knows these names."""

    def __init__(self, zone: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.zone = zone

    def addresses_of(self, host: str) -> Sequence[str]:
        return self.zone.get(host, ())


def write_certificate(folder: Path) -> Path:
    """The certificate in a file, with its key beside it."""
    (folder / "key.pem").write_text(KEY)
    path = folder / "certificate.pem"
    path.write_text(CERTIFICATE)
    return path


def server_tls(certificate: Path) -> ssl.SSLContext:
    """The TLS of a server that has it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context
