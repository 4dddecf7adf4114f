"""A domain of a shop's own on the network: its name leads to a server with its certificate, which leads to a Karla."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from aiohttp.abc import ResolveResult

from karla.infra.http import Egress, Route
from tests.support.listeners import Names, listening, server_tls, write_certificate

DOMAIN = "hook.example.com"
"""The one that the tests' certificate is for."""


class DomainNames(Names):
    """Leads every name to one port of loopback, whatever port is asked for; without one there is no such name."""

    def __init__(self) -> None:
        super().__init__(["127.0.0.1"])
        self.port: int | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self.port is None:
            raise socket.gaierror(socket.EAI_NONAME, f"no such name: {host}")
        found = await super().resolve(host, port, family)
        return [ResolveResult(**{**one, "port": self.port}) for one in found]


class Domain:
    """`names` is its DNS; `says` answers each request in place of the Karla behind it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.names = DomainNames()
        self.says: bytes | None = None
        self.host: str | None = None
        self.asked: list[str] = []
        self.port = 0

    def lead_here(self) -> None:
        """Have DNS know it."""
        self.names.port = self.port

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand one request on, as the proxy before a Karla does; `host` is what it says instead of the name."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.strip().split("\r\n")
        path = line.split(" ")[1]
        self.asked.append(path)
        if self.says is not None:
            writer.write(self.says)
        else:
            headers = dict(line.split(": ", 1) for line in lines)
            answer = await self.http.get(path, headers={"Host": self.host or headers["Host"]})
            said = (
                f"HTTP/1.1 {answer.status_code} -\r\nContent-Length: {len(answer.content)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(said.encode() + answer.content)
        await writer.drain()


@asynccontextmanager
async def domain_before(http: httpx.AsyncClient, folder: Path) -> AsyncIterator[tuple[Domain, Egress]]:
    """A domain that DNS doesn't know yet, before a Karla; and a way out that trusts its certificate."""
    domain, certificate = Domain(http), write_certificate(folder)
    tls: ssl.SSLContext = server_tls(certificate)
    async with contextlib.AsyncExitStack() as stack:
        listener = await stack.enter_async_context(listening(domain.meet, tls))
        domain.port = listener.port
        egress = Egress(allow_private=True, route=Route(ca_file=certificate), resolver=domain.names)
        yield domain, await stack.enter_async_context(egress)
