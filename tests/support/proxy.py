"""A stand-in for an operator's HTTP proxy: keeps a journal of what it was asked, and misbehaves on demand."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from karla.infra.http.route import Proxy, Route
from tests.support.listeners import Play, listening


class Asked(msgspec.Struct, frozen=True):
    """One request to the proxy; `headers` has its names in lower case."""

    method: str
    target: str
    headers: dict[str, str]


class StandInProxy:
    """Leads on to any target that it is asked for, or to the one in `leads`; `authorization` is what it wants.

    `answer` is said in place of leading on, `play` is done in place of saying anything; `peers` are the
    ends that connected.
    """

    def __init__(self) -> None:
        self.journal: list[Asked] = []
        self.leads: dict[str, tuple[str, int]] = {}
        self.authorization: str | None = None
        self.answer: bytes | None = None
        self.play: Play | None = None
        self.refused: dict[str, int] = {}
        self.port = 0
        self.peers: list[tuple[str, int]] = []

    def route(self, authorization: str | None = None) -> Route:
        """The way through it."""
        return Route(proxy=Proxy("127.0.0.1", self.port, authorization))

    def lead(self, target: str, port: int) -> None:
        """Have `target`, an address and a port, stand on this port of loopback."""
        self.leads[target] = ("127.0.0.1", port)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.strip().split("\r\n")
        method, target, _ = line.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.journal.append(Asked(method, target, headers))
        if self.play:
            await self.play(reader, writer)
        elif said := self._said(target, headers):
            writer.write(said)
            await writer.drain()
        else:
            await self._lead_on(Asked(method, target, headers), reader, writer)

    def _said(self, target: str, headers: dict[str, str]) -> bytes | None:
        if self.authorization and headers.get("proxy-authorization") != self.authorization:
            return status(407)
        return status(self.refused[target]) if target in self.refused else self.answer

    async def _lead_on(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        authority = asked.target if asked.method == "CONNECT" else asked.target.split("/")[2]
        host, _, port = authority.rpartition(":")
        try:
            onward, back = await asyncio.open_connection(*self.leads.get(authority, (host, int(port))))
        except OSError:
            writer.write(status(502))
            return
        if asked.method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = "/" + asked.target.split("/", 3)[3]
            passed = [f"{name}: {value}" for name, value in asked.headers.items() if not name.startswith("proxy-")]
            back.write("\r\n".join([f"{asked.method} {path} HTTP/1.1", *passed, "", ""]).encode())
        await asyncio.gather(_pour(reader, back), _pour(onward, writer))


async def _pour(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while part := await source.read(65536):
            drain.write(part)
            await drain.drain()
    drain.close()


def status(code: int) -> bytes:
    """An answer of the proxy's own."""
    return f"HTTP/1.1 {code} Said by the proxy\r\nContent-Length: 0\r\n\r\n".encode()


@asynccontextmanager
async def proxying() -> AsyncIterator[StandInProxy]:
    """A proxy that is up."""
    proxy = StandInProxy()
    async with listening(proxy.meet) as listener:
        proxy.port = listener.port
        proxy.peers = listener.peers
        yield proxy
