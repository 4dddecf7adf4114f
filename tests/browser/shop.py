"""A shop whose developers place orders by the public API, and whose parcels tell the sandbox's stories."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.support.karla import Karla, ShopClient

ZIP_CODE = "10119"
ADDRESS = {
    "name": "Mara Lindqvist",
    "address_line_1": "Torstraße 140",
    "zip_code": ZIP_CODE,
    "city": "Berlin",
    "country_code": "DE",
}
LINES = [
    {"sku": "NL-TEE-M-OLV", "title": "Linen tee, olive, M", "quantity": 2, "price": 24.95},
    {"sku": "NL-MUG-01", "title": "Stoneware mug", "quantity": 1, "price": 16.5},
]

# Stories of the sandbox and how many hours ago they began: their last scan is hours old, the next hours away, as a
# number of its own makes each wait up to a tenth longer or shorter.
ON_THE_WAY = ("SBX-A.3H.P.5H.TO.6H.T.9H.TV.9H.O.4H.D", 17.0)
OUT_FOR_DELIVERY = ("SBX-A.3H.P.5H.TO.6H.T.2H.TV.2H.O.12H.D", 22.0)
IN_A_LOCKER = ("SBX-A.3H.P.5H.TO.6H.T.4H.TV.3H.O.2H.WL", 27.0)
DELIVERED = ("SBX-A.3H.P.5H.TO.6H.T.4H.TV.3H.O.2H.D", 27.0)
DELAYED = ("SBX-A.E1D.3H.P.9H.T.20H.LW.E2D.0M.E.3D.D", 38.0)
GONE_BACK = ("SBX-A.3H.P.9H.T.6H.O.2H.FR.4H.RR.9H.RD", 40.0)

Story = tuple[str, float]


class TrackedShop:
    """Its API, and the belt that lets Karla ask the sandbox."""

    def __init__(self, client: ShopClient, karla: Karla) -> None:
        self.client = client
        self.slug = client.slug
        self._karla = karla

    async def order(self, number: str, *stories: Story, packages: int | None = None, **members: Any) -> dict[str, Any]:
        """Place an order, with a parcel for each story, and let Karla hear of them; as the API has it then."""
        now = datetime.now(UTC)
        oldest = max((hours for _, hours in stories), default=2)
        order = {
            "order_number": number,
            "order_placed_at": (now - timedelta(hours=oldest + 6)).isoformat(),
            "address": ADDRESS,
            "products": LINES,
            "currency": "EUR",
            "total_order_price": 66.4,
            **({"expected_number_of_shipments": packages} if packages else {}),
            **members,
        }
        trackings = [
            {
                "tracking_number": f"{story}-{number}",
                "carrier_reference": "dhl",
                "tracking_placed_at": (now - timedelta(hours=hours)).isoformat(),
                **({"products": [LINES[place % 2]]} if len(stories) > 1 else {}),
            }
            for place, (story, hours) in enumerate(stories)
        ]
        body = {"id": number, "id_type": "order_number", "order": order, "trackings": trackings}
        await self.told("PUT", "/orders", body)
        if stories:
            # Who sets the shop's clock need not wait until the sandbox's turn has come.
            await self.told("POST", "/clock", {"action": "freeze", "at": now.isoformat()})
            await self._karla.drain()
        return dict(await self.told("GET", f"/orders/{number}"))

    async def scanned(self, order: dict[str, Any], event_name: str, parcel: int = 0, **members: Any) -> None:
        """A courier's own system tells of a parcel."""
        shipment = order["trackings"][parcel]["id"]
        body = {
            "event_name": event_name,
            "event_time": datetime.now(UTC).isoformat(),
            "external_id": f"courier-{event_name}",
            **members,
        }
        await self.told("POST", f"/shipments/{shipment}/events", body)

    async def link(self, number: str) -> str:
        """The link of the e-mail."""
        made = await self.told("POST", "/orders/trackpage-url", {"id": number, "id_type": "order_number"})
        return str(made["url"])

    def page(self, number: str = "", zip_code: str = "", **more: str) -> str:
        """The path of the page for these, or of the finder."""
        given = {"orderNumber": number, "zipCode": zip_code, **more}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/track/{self.slug}" + (f"?{query}" if query else "")

    def demo(self, **choices: str) -> str:
        """The path of the page with made-up data."""
        return f"/track/{self.slug}/demo?{urlencode(choices)}"

    async def told(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers, which is 2xx."""
        answer = await self.client.call(method, path, **({} if body is None else {"json": body}))
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@asynccontextmanager
async def a_shop(karla: Karla, address: str) -> AsyncIterator[TrackedShop]:
    """A new one at the served Karla, page switched on, connected with the sandbox."""
    made = await karla.shop()
    async with httpx.AsyncClient(base_url=address, timeout=20) as http:
        shop = TrackedShop(ShopClient(http, made.shop, made.username, made.key), karla)
        await shop.told("PATCH", f"/v1/shops/{shop.slug}", {"web_tracking_enabled": True, "name": "Nordlicht"})
        await shop.told("PUT", "/connections/carriers/sandbox", {"name": "Sandbox", "credentials": {}})
        yield shop
