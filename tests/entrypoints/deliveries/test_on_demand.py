"""Tests that a webhook is sent on demand."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.entrypoints.deliveries.sending import posted
from tests.support.documents import the_document
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver, receiving


async def test_a_ping(karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    made = await posted(shop, f"{webhook}/test")
    assert (made["ref"], made["status"], made["test"], made["attempts"]) == ("webhooks/test", "pending", True, [])
    await karla.drain()
    (got,) = receiver.journal
    assert got.signed
    assert got.headers["karla-test"] == "true"
    assert (got.json["source"], got.json["ref"]) == ("webhooks", "webhooks/test")
    assert (got.json["shop_slug"], got.json["shop_id"]) == (shop.slug, str(shop.shop.id))
    done = (await shop.get(f"{webhook}/deliveries/{made['uuid']}")).json()
    assert (done["status"], done["attempts"][0]["status_code"]) == ("delivered", 200)


async def test_an_event_by_its_name(karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    await posted(shop, f"{webhook}/test", {"event_name": "OUT_FOR_DELIVERY"})
    await karla.drain()
    (got,) = receiver.journal
    assert got.signed
    assert got.headers["karla-test"] == "true"
    assert got.json["ref"] == "shipments/in_delivery/OUT_FOR_DELIVERY"
    assert got.json["event_group"] == "shipment_out_for_delivery"
    assert got.json["context"]["order"]["order_number"] == "KARLA-TEST"
    assert got.json["context"]["order"]["products"]


async def test_it_goes_to_this_webhook_alone_whatever_that_asks_for(
    karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver
) -> None:
    await shop.patch(webhook, {"enabled_events": ["claims"]})
    async with receiving() as other:
        await shop.post("/webhooks", {"url": other.url})
        await posted(shop, f"{webhook}/test", {"event_name": "OUT_FOR_DELIVERY"})
        await karla.drain()
        assert (len(receiver.journal), other.journal) == (1, [])


async def test_the_journal_shows_it_on_demand(karla: Karla, shop: ShopClient, webhook: str) -> None:
    made = await posted(shop, f"{webhook}/test")
    assert (await shop.get("/events")).json() == []
    (entry,) = (await shop.get("/events", include_test="true")).json()
    assert entry["event_id"] == made["event_id"]


@pytest.mark.parametrize(
    ("name", "code", "failures"),
    [("webhooks/failing", 503, 17), ("webhooks/recovered", 503, 0), ("webhooks/disabled", 410, 17)],
)
async def test_what_is_told_of_webhooks(
    karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver, name: str, code: int, failures: int
) -> None:
    made = await posted(shop, f"{webhook}/test", {"event_name": name})
    assert (made["ref"], made["test"]) == (name, True)
    await karla.drain()
    (got,) = receiver.journal
    assert got.signed
    assert got.headers["karla-test"] == "true"
    assert (got.json["source"], got.json["ref"]) == ("webhooks", name)
    assert got.json["context"] == {"order": None, "customer": None, "shipments": [], "claims": []}
    data = got.json["event_data"]
    assert (data["last_status_code"], data["failures"], data["failing_since"] is None) == (
        code,
        failures,
        not failures,
    )
    assert not webhook.endswith(data["webhook_id"])
    schema = the_document()["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]
    document = json.loads(json.dumps({**schema, "components": the_document()["components"]}, default=str))
    assert not list(Draft202012Validator(document).iter_errors(got.json))
    assert (await shop.get("/events")).json() == []


async def test_the_ping_has_a_name_too(shop: ShopClient, webhook: str) -> None:
    made = await posted(shop, f"{webhook}/test", {"event_name": "webhooks/test"})
    assert made["ref"] == "webhooks/test"


async def test_a_name_of_what_is_told_of_no_webhook(shop: ShopClient, webhook: str) -> None:
    answer = await shop.post(f"{webhook}/test", {"event_name": "webhooks/paused"})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["msg"] == "Must be one of webhooks/failing, webhooks/recovered, webhooks/disabled, webhooks/test"


@pytest.mark.parametrize("name", ["OUT_FOR_DELIVERI", "", "ORDER_CONFIRMED"])
async def test_a_name_that_no_webhook_is_sent(shop: ShopClient, webhook: str, name: str) -> None:
    answer = await shop.post(f"{webhook}/test", {"event_name": name})
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["errors"]] == [["body", "event_name"]]


async def test_an_inactive_webhook_is_refused(shop: ShopClient, webhook: str) -> None:
    await shop.patch(webhook, {"status": "inactive"})
    for path in ("test", "replay"):
        answer = await shop.post(f"{webhook}/{path}")
        assert (answer.status_code, answer.json()["key"]) == (409, "webhook_inactive")
