"""Calls that have something sent to a webhook."""

from typing import Any

from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient


async def delivered(karla: Karla, shop: ShopClient, *names: str) -> list[str]:
    """Let these happen, each in a transaction of its own, and go out."""
    ids = []
    for name in names or ("SUCCESSFULLY_DELIVERED",):
        event = shipment_event(order_file(shop.shop.id), name)
        await happen(karla.services.db, event)
        ids.append(str(event.event_id))
        await karla.drain()
    return ids


async def posted(shop: ShopClient, path: str, body: object = None, status: int = 202) -> dict[str, Any]:
    answer = await shop.post(path, body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told
