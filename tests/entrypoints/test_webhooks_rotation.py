"""A webhook gets another secret while its receiver goes on."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from karla.vocabulary.scope import Role
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Received, receiving

OWN = "a secret of one's own making"


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def created(shop: ShopClient, url: str = "https://hooks.nordlicht.example/karla") -> dict[str, Any]:
    body: dict[str, Any] = (await shop.post("/webhooks", {"url": url})).json()
    return body


async def rotated(shop: ShopClient, webhook: dict[str, Any], body: object = None) -> dict[str, Any]:
    answer = await shop.post(f"/webhooks/{webhook['uuid']}/rotate-secret", body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def sent(karla: Karla, shop: ShopClient, rotation: object, *secrets: str) -> tuple[Received, list[str]]:
    """What a receiver gets after a rotation that knows these secrets, and the old and the new one."""
    async with receiving() as receiver:
        webhook = await created(shop, receiver.url)
        new = (await rotated(shop, webhook, rotation))["secret"]
        known = {"old": webhook["secret"], "new": new}
        receiver.secrets.extend(known[name] for name in secrets)
        await happen(karla.services.db, shipment_event(order_file(shop.shop.id)))
        await karla.drain()
        return receiver.journal[0], [*known.values()]


async def test_the_new_secret_is_one_of_standard_webhooks(shop: ShopClient) -> None:
    webhook = await created(shop)
    told = await rotated(shop, webhook)
    assert len(base64.b64decode(told["secret"].removeprefix("whsec_"), validate=True)) == 32
    assert told["secret"].startswith("whsec_")
    assert told["updated_at"] > webhook["updated_at"]
    ends = datetime.fromisoformat(told["previous_secret_expires_at"])
    assert timedelta(hours=23) < ends - datetime.now(UTC) <= timedelta(hours=24)
    assert (await shop.get(f"/webhooks/{webhook['uuid']}")).json() == told


@pytest.mark.parametrize("known", ["old", "new"])
async def test_during_the_overlap_each_secret_is_enough(karla: Karla, shop: ShopClient, known: str) -> None:
    received, _ = await sent(karla, shop, None, known)
    assert received.signed


async def test_the_old_signature_is_the_last_one(karla: Karla, shop: ShopClient) -> None:
    """A receiver that keeps the last `v1` alone, as the shop's plugin does, knows the old secret."""
    received, (old, _) = await sent(karla, shop, None, "old")
    parts = [part.split("=", 1) for part in received.headers["karla-signature"].split(",")]
    assert [name for name, _ in parts] == ["t", "v1", "v1"]
    alone, _ = await sent(karla, shop, {"overlap_hours": 0, "secret": OWN}, "new")
    assert alone.signed
    assert alone.headers["karla-signature"].count("v1=") == 1
    assert old


async def test_without_overlap_the_old_secret_ends_at_once(karla: Karla, shop: ShopClient) -> None:
    received, _ = await sent(karla, shop, {"overlap_hours": 0}, "old")
    assert not received.karla_signed
    assert not received.standard_signed


async def test_a_secret_may_be_given(shop: ShopClient) -> None:
    told = await rotated(shop, await created(shop), {"secret": OWN, "overlap_hours": 168})
    assert told["secret"] == OWN
    assert told["previous_secret_expires_at"] is not None


async def test_a_second_rotation_waits_for_the_first(shop: ShopClient) -> None:
    webhook = await created(shop)
    first = await rotated(shop, webhook)
    path = f"/webhooks/{webhook['uuid']}/rotate-secret"
    refused = await shop.post(path, {"secret": OWN})
    assert (refused.status_code, refused.json()["key"]) == (409, "rotation_under_way")
    assert (await shop.get(f"/webhooks/{webhook['uuid']}")).json() == first
    forced = await rotated(shop, webhook, {"secret": OWN, "force": True})
    assert forced["secret"] == OWN
    ended = await rotated(shop, webhook, {"overlap_hours": 0})
    assert ended["previous_secret_expires_at"] is None
    assert (await rotated(shop, webhook))["previous_secret_expires_at"] is not None


@pytest.mark.parametrize(
    ("body", "place", "word"),
    [
        ({"overlap_hours": 169}, "overlap_hours", "too_large"),
        ({"overlap_hours": -1}, "overlap_hours", "too_small"),
        ({"overlap_hours": "1"}, "overlap_hours", "int_type"),
        ({"secret": "short"}, "secret", "too_short"),
        ({"secret": "x" * 65}, "secret", "too_long"),
    ],
)
async def test_a_value_of_the_wrong_kind(shop: ShopClient, body: object, place: str, word: str) -> None:
    webhook = await created(shop)
    answer = await shop.post(f"/webhooks/{webhook['uuid']}/rotate-secret", body)
    assert answer.status_code == 422
    assert [(fault["loc"], fault["type"]) for fault in answer.json()["errors"]] == [(["body", place], word)]


async def test_the_present_secret_is_no_new_one(shop: ShopClient) -> None:
    webhook = await created(shop)
    answer = await shop.post(f"/webhooks/{webhook['uuid']}/rotate-secret", {"secret": webhook["secret"]})
    assert (answer.status_code, answer.json()["key"]) == (422, "secret_unchanged")


async def test_whose_it_is(karla: Karla, shop: ShopClient) -> None:
    webhook = await created(shop)
    other, viewer = await karla.shop(), await karla.key_for(shop.shop, Role.VIEWER)
    path = f"/webhooks/{webhook['uuid']}/rotate-secret"
    assert (await other.post(path)).status_code == 404
    assert (await viewer.post(path)).status_code == 403
    assert (await shop.post(f"/webhooks/{uuid4()}/rotate-secret")).status_code == 404
    assert (await shop.get(f"/webhooks/{webhook['uuid']}")).json() == webhook
