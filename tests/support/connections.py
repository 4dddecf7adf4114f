"""Connections without a call, and DHL as its stand-in plays it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from karla.domain.connections.commands import connect
from karla.domain.connections.records import Connected, Wish
from karla.infra.access import scope_of
from karla.infra.http.standin import Server
from karla.integrations import registry
from karla.integrations.contract import Kind
from karla.integrations.standins import StandIn, serving
from tests.support.karla import Karla, ShopClient

DHL = "/connections/carriers/dhl"
SECRET = "a-secret-key-of-the-test-0123"


class Played(msgspec.Struct, frozen=True):
    """DHL, played."""

    standin: StandIn
    server: Server

    @property
    def credentials(self) -> dict[str, str]:
        """Those that it takes."""
        return self.standin.credentials(self.server.url)

    @property
    def wrong_credentials(self) -> dict[str, str]:
        """Those that it doesn't take."""
        return self.standin.wrong_credentials(self.server.url)

    async def connected(self, client: ShopClient) -> dict[str, Any]:
        """The shop with its account, by the API."""
        answer = await client.put(DHL, {"credentials": self.credentials})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())


@asynccontextmanager
async def dhl_played() -> AsyncIterator[Played]:
    standin = registry.standin(Kind.CARRIERS, "dhl")
    server = serving(standin)
    await server.up()
    yield Played(standin, server)
    await server.close()


def wish(name: str = "DHL", credentials: Mapping[str, str] | None = None, slug: str = "dhl") -> Wish:
    told = credentials or {"api_key": SECRET, "address": "https://dhl.example"}
    settings = {field: value for field, value in told.items() if field != "api_key"}
    return Wish(
        kind="carriers", slug=slug, name=name, credentials=told, settings=settings, hints={"api_key": "••••0123"}
    )


async def connect_dhl(karla: Karla, client: ShopClient) -> Connected:
    """The shop has an account with DHL, which nobody was asked about."""
    services = karla.services
    return await services.db.write(scope_of([client.shop.id]), lambda work: connect(work, services.seals, wish()))
