"""The log of what was sent to a webhook, and who may see it."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from karla.vocabulary.scope import Role
from tests.entrypoints.deliveries.sending import delivered
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver


async def test_the_log(karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    (first,) = await delivered(karla, shop)
    receiver.answer(503, body="out of order", headers={"Retry-After": "120"})
    await delivered(karla, shop)
    path = f"{webhook}/deliveries"
    pending, done = (await shop.get(path)).json()
    assert webhook.endswith(done["webhook_uuid"])
    assert done["event_id"] == first == receiver.journal[0].event_id
    assert done["uuid"] == receiver.journal[0].delivery_id
    assert done["ref"] == "shipments/delivered/SUCCESSFULLY_DELIVERED"
    assert (done["status"], done["replay_id"], done["test"]) == ("delivered", None, False)
    assert done["finished_at"] >= done["created_at"] >= done["triggered_at"]
    assert done["next_attempt_at"] is None
    attempt = dict(pending["attempts"][0])
    assert attempt.pop("started_at") < pending["next_attempt_at"]
    assert attempt.pop("duration_ms") >= 0
    answered = {"status_code": 503, "error": None, "response_excerpt": "out of order"}
    assert attempt == {"number": 1, "sent": True, **answered}
    assert (pending["status"], pending["finished_at"]) == ("pending", None)
    assert (await shop.get(f"{path}/{done['uuid']}")).json() == done
    assert (await shop.get(path, status="pending")).json() == [pending]
    assert (await shop.get(path, event_id=first)).json() == [done]
    assert (await shop.get(path, page=2, per_page=1)).json() == [done]
    assert (await shop.get(path, since=pending["triggered_at"])).json() == [pending]
    assert (await shop.get(path, until=pending["triggered_at"])).json() == [done]
    assert (await shop.get(path, replay_id=str(uuid4()))).json() == []


async def test_pages_by_cursor(karla: Karla, shop: ShopClient, webhook: str) -> None:
    ids = await delivered(karla, shop, *["OUT_FOR_DELIVERY"] * 5)
    seen: list[str] = []
    address = f"{webhook}/deliveries?per_page=2&status=delivered"
    for more in (True, True, False):
        answer = await shop.call("GET", address)
        seen += [one["event_id"] for one in answer.json()]
        assert ("link" in answer.headers) == more
        if more:
            link, relation = answer.headers["link"].split("; ")
            assert relation == 'rel="next"'
            address = link.strip("<>")
            params = httpx.URL(address).params
            assert (params["cursor"], params["status"]) == (answer.headers["karla-next-cursor"], "delivered")
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "lost"},
        {"cursor": "x"},
        {"since": "yesterday"},
        {"replay_id": "1"},
        {"page": 0},
        {"from": "2026-03-16T12:00:00Z"},
    ],
)
async def test_filters_of_the_wrong_kind(shop: ShopClient, webhook: str, query: dict[str, str]) -> None:
    answer = await shop.get(f"{webhook}/deliveries", **query)
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["errors"]] == [["query", *query]]


async def test_how_the_webhook_has_been_doing(karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    await delivered(karla, shop)
    receiver.answer(503)
    await delivered(karla, shop)
    health = (await shop.get(webhook)).json()["health"]
    (attempt,) = (await shop.get(f"{webhook}/deliveries", status="pending")).json()[0]["attempts"]
    assert health.pop("last_success_at") is not None
    assert health == {
        "status": "failing",
        "failures": 1,
        "failing_since": attempt["started_at"],
        "paused_until": None,
        "last_failure": {"at": attempt["started_at"], "status_code": 503, "error": None},
        "pending_deliveries": 1,
    }
    receiver.always(200)
    await delivered(karla, shop)
    recovered = (await shop.get(webhook)).json()["health"]
    assert (recovered["status"], recovered["failures"], recovered["failing_since"]) == ("healthy", 0, None)


async def test_one_that_is_gone_says_so(karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    receiver.answer(410)
    await delivered(karla, shop)
    told = (await shop.get(webhook)).json()
    assert (told["status"], told["disabled_reason"], told["health"]["status"]) == ("inactive", "gone", "disabled")
    again = (await shop.patch(webhook, {"status": "active"})).json()
    assert (again["disabled_reason"], again["health"]["status"]) == (None, "healthy")


async def test_no_next_attempt_is_named_while_one_is_under_way(
    karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver
) -> None:
    receiver.hang()
    await happen(karla.services.db, shipment_event(order_file(shop.shop.id)))
    async with asyncio.TaskGroup() as group:
        group.create_task(karla.drain())
        await receiver.until(1)
        (under_way,) = (await shop.get(f"{webhook}/deliveries")).json()
        receiver.release()
    assert (under_way["status"], under_way["attempts"]) == ("pending", [])
    assert under_way["next_attempt_at"] is None


async def test_whose_it_is(karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    await delivered(karla, shop)
    (delivery,) = (await shop.get(f"{webhook}/deliveries")).json()
    other, viewer = await karla.shop(), await karla.key_for(shop.shop, Role.VIEWER)
    one = f"{webhook}/deliveries/{delivery['uuid']}"
    for path in (f"{webhook}/test", f"{webhook}/replay", f"{one}/replay"):
        assert (await other.post(path)).status_code == 404
        assert (await viewer.post(path)).status_code == 403
    for path in (f"{webhook}/deliveries", f"{webhook}/replays", one):
        assert (await other.get(path)).status_code == 404
        assert (await viewer.get(path)).status_code == 200
    for uuid in (str(uuid4()), "1"):
        answer = await shop.get(f"{webhook}/deliveries/{uuid}")
        assert (answer.status_code, answer.json()["key"]) == (404, "delivery_not_found")
        assert (await shop.post(f"{webhook}/deliveries/{uuid}/replay")).status_code == 404
    await karla.drain()
    assert len(receiver.journal) == 1
