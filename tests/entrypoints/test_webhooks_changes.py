"""Webhooks that are changed while much waits for them, or that switch themselves off, as the API shows it."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

from karla.domain.subscribers.commands.cancelling import AT_ONCE
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient
from tests.support.queues import multiply
from tests.support.receiver import Receiver, receiving


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop(whole_organisation=True)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def subscribed(karla: Karla, shop: ShopClient, receiver: Receiver) -> str:
    """The id of a webhook that fails, and for which much waits."""
    webhook = (await shop.post("/webhooks", {"url": receiver.url})).json()
    receiver.secrets.append(webhook["secret"])
    receiver.answer(503, headers={"Retry-After": "60"})
    await happen(karla.services.db, shipment_event(order_file(shop.shop.id)))
    await karla.drain()
    receiver.journal.clear()
    await multiply(karla.services.db, UUID(webhook["uuid"]), 7 * AT_ONCE)
    return str(webhook["uuid"])


async def test_off_and_on_again(karla: Karla, shop: ShopClient, receiver: Receiver) -> None:
    path = f"/webhooks/{await subscribed(karla, shop, receiver)}"
    off = (await shop.patch(path, {"status": "inactive"})).json()
    assert off["health"]["pending_deliveries"] == 6 * AT_ONCE + 1
    on = (await shop.patch(path, {"status": "active"})).json()
    assert (on["status"], on["health"]["pending_deliveries"]) == ("active", 0)
    await happen(karla.services.db, shipment_event(order_file(shop.shop.id), "OUT_FOR_DELIVERY"))
    await karla.drain()
    assert [one.json["event_data"]["event_name"] for one in receiver.journal] == ["OUT_FOR_DELIVERY"]


async def test_deleted(karla: Karla, shop: ShopClient, receiver: Receiver) -> None:
    path = f"/webhooks/{await subscribed(karla, shop, receiver)}"
    assert (await shop.delete(path)).status_code == 204
    assert (await shop.get(path)).status_code == 404
    trail = (await shop.get(f"/v1/orgs/{shop.shop.organisation}/audit", action="webhook")).json()
    assert [entry["action"] for entry in trail] == ["webhook.deleted", "webhook.updated", "webhook.created"]


async def test_one_that_is_gone_stands_in_the_trail(karla: Karla, shop: ShopClient, receiver: Receiver) -> None:
    webhook = (await shop.post("/webhooks", {"url": receiver.url})).json()
    receiver.answer(410)
    await happen(karla.services.db, shipment_event(order_file(shop.shop.id)))
    await karla.drain()
    trail = (await shop.get(f"/v1/orgs/{shop.shop.organisation}/audit", action="webhook.disabled")).json()
    (entry,) = trail
    assert entry["object"]["id"] == webhook["uuid"]
    assert (entry["actor"]["kind"], entry["shop_slug"]) == ("system", shop.slug)
    assert entry["before"] == {"status": "active", "disabled_reason": None}
    assert entry["after"] == {"status": "inactive", "disabled_reason": "gone"}
