"""A shop connected with a provider that pushes, as the provider's stand-in plays it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx

from karla.infra.access import scope_of
from karla.infra.http.standin import Server
from karla.infra.telemetry import REGISTRY
from karla.integrations import registry
from karla.integrations.carriers.aftership import signing as aftership_signing
from karla.integrations.carriers.aftership import standin as aftership_standin
from karla.integrations.carriers.seventeentrack import signing as seventeentrack_signing
from karla.integrations.carriers.seventeentrack import standin as seventeentrack_standin
from karla.integrations.contract import Kind
from karla.integrations.standins import PushingStandIn, serving
from tests.support.karla import Karla, ShopClient

PROVIDERS = ("aftership", "seventeentrack")
NUMBER, OTHER = "KRLPUSH00000001", "KRLPUSH00000002"
SIGN: dict[str, Callable[[bytes], dict[str, str]]] = {
    "aftership": lambda body: {
        aftership_signing.HEADER: aftership_signing.signature(aftership_standin.SECRET, body),
    },
    "seventeentrack": lambda body: {
        seventeentrack_signing.HEADER: seventeentrack_signing.signature(seventeentrack_standin.KEY, body),
    },
}


class Account:
    """A shop that is connected with a provider as its stand-in plays it."""

    def __init__(self, karla: Karla, shop: ShopClient, slug: str, standin: PushingStandIn, server: Server) -> None:
        self.karla = karla
        self.shop = shop
        self.slug = slug
        self.standin = standin
        self.server = server
        self.path = f"/inbound/carriers/{slug}/{shop.slug}"

    async def connect(self, **credentials: str) -> dict[str, Any]:
        whole = self.standin.credentials(self.server.url) | credentials
        answer = await self.shop.put(f"/connections/carriers/{self.slug}", {"credentials": whole})
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def ship(self, number: str = NUMBER, order: str = "1", carrier: str = "dhl") -> None:
        """An order with a parcel, of which the provider knows that it is announced."""
        self.standin.recordings.play(number, "announced.json")
        body = {
            "id": order,
            "order": {"order_number": order, "address": {"country_code": "DE", "zip_code": "10115"}},
            "trackings": [{"tracking_number": number, "carrier_reference": carrier}],
        }
        answer = await self.shop.put("/orders", body)
        assert answer.status_code == 200, answer.text

    async def follow(self) -> None:
        """The parcels that are there are followed, and were asked about."""
        await self.karla.drain()

    def news(self, recording: str = "out_for_delivery.json", number: str = NUMBER) -> tuple[dict[str, str], bytes]:
        """The push about what a recording tells."""
        self.standin.recordings.play(number, recording)
        headers, body = self.standin.push(number)
        return dict(headers), body

    async def send(self, push: tuple[dict[str, str], bytes], **headers: str) -> httpx.Response:
        return await self.karla.http.post(self.path, content=push[1], headers={**push[0], **headers})

    async def pushed(self, recording: str = "out_for_delivery.json", number: str = NUMBER) -> dict[str, int]:
        answer = await self.send(self.news(recording, number))
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def events(self, order: str = "1") -> list[str]:
        """What the carrier did by the timeline, once the belt has run; neither its promises nor the order's label."""
        await self.karla.drain()
        (parcel,) = (await self.shop.get(f"/orders/{order}")).json()["trackings"]
        names = [event["event_key"] for event in parcel["events"]]
        return [name for name in names if name not in ("ESTIMATED_DELIVERY_UPDATED", "SHIPPING_LABEL_CREATED")]

    async def value(self, statement: str) -> Any:
        """Of a statement about the shop, which is `$1`."""
        scope = scope_of([self.shop.shop.id])
        async with self.karla.services.db.read(scope) as connection:
            return await connection.fetchval(statement, self.shop.shop.id)

    async def answers(self) -> int:
        """How often anything was kept of what the provider told."""
        return int(await self.value("select count(*) from provider_answers where shop_id = $1"))

    async def due(self) -> datetime:
        """When the carrier is asked next."""
        due: datetime = await self.value("select min(due_at) from followed_parcels where shop_id = $1")
        return due


@asynccontextmanager
async def connected(karla: Karla, slug: str) -> AsyncIterator[Account]:
    standin = registry.standin(Kind.CARRIERS, slug)
    assert isinstance(standin, PushingStandIn)
    server = serving(standin)
    await server.up()
    account = Account(karla, await karla.shop(), slug, standin, server)
    await account.connect()
    yield account
    await account.shop.delete(f"/connections/carriers/{slug}")
    await karla.drain()
    await server.close()


def counted(account: Account, outcome: str) -> float:
    labels = {"provider": account.slug, "outcome": outcome}
    return REGISTRY.get_sample_value("karla_inbound_pushes_total", labels) or 0.0
