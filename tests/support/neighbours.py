"""Further API processes on the same database, each with a clock, a bell and a pool of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec

from karla.domain.shipments.commands.observe import observe
from karla.domain.shipments.commands.upsert import upsert_orders
from karla.entrypoints.api import app as api
from karla.entrypoints.api.access import Keyring
from karla.entrypoints.api.gathering import Commands, Lookups
from karla.infra import bell as bells
from karla.infra.bell import Bell
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.rate_limit import RateLimit
from karla.infra.work import Silence
from tests.support.karla import Karla, ShopClient


class Neighbour:
    """Another API process; `heard` rings when the bell has told it of a change."""

    def __init__(self, http: httpx.AsyncClient, keyring: Keyring, heard: asyncio.Event) -> None:
        self.http = http
        self.keyring = keyring
        self.heard = heard

    def client(self, shop: ShopClient) -> ShopClient:
        """The same shop and key, at this process."""
        return ShopClient(self.http, shop.shop, shop.username, shop.key)

    async def get(self, path: str, shop: ShopClient) -> httpx.Response:
        return await self.http.get(path, headers=shop.headers)


class CutOffBell(Bell):
    """At the end of a connection that was cut off and looks open: it hears nothing and doesn't know."""

    @property
    def listening(self) -> bool:
        return True

    async def start(self) -> None:
        """There is nothing to hear."""


@asynccontextmanager
async def neighbour(
    karla: Karla,
    url: str,
    clock: Clock,
    *,
    hears: bool = True,
    bell: Bell | None = None,
    database: type[Database] = Database,
    per_minute: int = 60_000,
) -> AsyncIterator[Neighbour]:
    """Start one, and stop it at the end; without `hears` its bell never began to listen."""
    db = await database.open(url, announce=Silence, clock=clock, pool_size=2)
    bell = bell or Bell(url)
    keyring = Keyring(db, clock, bell)
    heard = asyncio.Event()

    def tell() -> None:
        keyring.forget()
        heard.set()

    bell.on(bells.ACCESS, tell)
    if hears:
        await bell.start()
        heard.clear()
    services = msgspec.structs.replace(
        karla.services,
        db=db,
        clock=clock,
        keyring=keyring,
        upserts=Commands(db, upsert_orders),
        observations=Commands(db, observe),
        lookups=Lookups(db),
        key_limit=RateLimit(per_minute, clock),
    )
    transport = httpx.ASGITransport(app=api.with_services(services), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://other.test") as http:
        yield Neighbour(http, keyring, heard)
    await bell.stop()
    await db.close()
