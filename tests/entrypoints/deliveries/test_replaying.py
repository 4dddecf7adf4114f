"""What was sent to a webhook is sent again."""

import pytest

from tests.entrypoints.deliveries.sending import delivered, posted
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver


async def test_one_delivery(karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    ids = await delivered(karla, shop)
    (given,) = (await shop.get(f"{webhook}/deliveries")).json()
    made = await posted(shop, f"{webhook}/deliveries/{given['uuid']}/replay")
    assert made["uuid"] != given["uuid"]
    assert (made["event_id"], made["status"], made["test"]) == (given["event_id"], "pending", False)
    await karla.drain()
    first, again = receiver.journal
    assert (first.body, first.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    assert again.signed
    assert [again.event_id] == ids
    assert (first.headers.get("karla-replay"), again.headers["karla-replay"]) == (None, made["replay_id"])
    (listed,) = (await shop.get(f"{webhook}/deliveries", replay_id=made["replay_id"])).json()
    assert (listed["uuid"], listed["status"]) == (made["uuid"], "delivered")


async def test_a_range_with_a_dry_run_before(karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
    ids = await delivered(karla, shop, "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY")
    last, *_ = (await shop.get(f"{webhook}/deliveries")).json()
    wanted = {"status": "delivered", "events": ["shipments/in_delivery"], "until": last["triggered_at"]}
    dry = await posted(shop, f"{webhook}/replay", {**wanted, "dry_run": True}, status=200)
    assert dry == {"replay_id": None, "deliveries": 1, "more": False, "dry_run": True}
    receiver.journal.clear()
    done = await posted(shop, f"{webhook}/replay", wanted)
    assert done == {"replay_id": done["replay_id"], "deliveries": 1, "more": False, "dry_run": False}
    await karla.drain()
    assert [one.event_id for one in receiver.journal] == ids[:1]
    (listed,) = (await shop.get(f"{webhook}/replays")).json()
    assert listed.pop("created_at") is not None
    assert listed == {
        "replay_id": done["replay_id"],
        "webhook_uuid": last["webhook_uuid"],
        "delivery_uuid": None,
        "criteria": {
            "source": "deliveries",
            "status": "delivered",
            "events": ["shipments/in_delivery"],
            "since": None,
            "until": last["triggered_at"],
        },
        "deliveries": 1,
        "pending": 0,
        "delivered": 1,
        "failed": 0,
        "cancelled": 0,
    }


async def test_nothing_that_failed_is_nothing_to_do(karla: Karla, shop: ShopClient, webhook: str) -> None:
    await delivered(karla, shop)
    done = await posted(shop, f"{webhook}/replay", status=200)
    assert done == {"replay_id": None, "deliveries": 0, "more": False, "dry_run": False}
    assert (await shop.get(f"{webhook}/replays")).json() == []


async def test_a_new_webhook_gets_the_past(karla: Karla, shop: ShopClient, receiver: Receiver) -> None:
    ids = await delivered(karla, shop, "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
    made = (await shop.post("/webhooks", {"url": receiver.url})).json()
    body = {"source": "journal", "since": "2020-01-01T00:00:00Z"}
    assert (await posted(shop, f"/webhooks/{made['uuid']}/replay", body))["deliveries"] == 2
    await karla.drain()
    assert sorted(one.event_id for one in receiver.journal) == sorted(ids)


async def test_every_fault_is_named(shop: ShopClient, webhook: str) -> None:
    body = {
        "source": "journal",
        "status": "delivered",
        "events": ["*", "parcels", "shipments/lost"],
        "until": "2026-03-16T12:00:00Z",
    }
    answer = await shop.post(f"{webhook}/replay", body)
    assert (answer.status_code, answer.json()["key"]) == (422, "replay_invalid")
    assert [(fault["loc"], fault["type"]) for fault in answer.json()["errors"]] == [
        (["body", "events", 1], "filter_invalid"),
        (["body", "events", 2], "filter_invalid"),
        (["body", "status"], "status_invalid"),
        (["body", "since"], "missing"),
    ]


async def test_so_is_one_beside_a_value_of_the_wrong_kind(shop: ShopClient, webhook: str) -> None:
    body = {"source": "journal", "status": "lost", "since": "noon", "events": ["parcels"], "dryrun": True}
    answer = await shop.post(f"{webhook}/replay", body)
    assert (answer.status_code, answer.json()["key"]) == (422, "request_invalid")
    assert answer.json()["message"] == "4 values are not valid."
    assert [(fault["loc"], fault["type"]) for fault in answer.json()["errors"]] == [
        (["body", "status"], "enum"),
        (["body", "since"], "datetime_invalid"),
        (["body", "dryrun"], "value"),
        (["body", "events", 0], "filter_invalid"),
    ]


@pytest.mark.parametrize(
    ("body", "place", "word"),
    [
        ({"status": "lost"}, "status", "enum"),
        ({"source": "outbox"}, "source", "enum"),
        ({"since": "2026-03-16T12:00:00"}, "since", "datetime_invalid"),
        ({"since": "2026-03-16T12:00:00Z", "until": "2026-03-16T12:00:00Z"}, "until", "range_empty"),
        ({"dry_run": "yes"}, "dry_run", "bool_type"),
        ({"events": "*"}, "events", "list_type"),
    ],
)
async def test_a_value_of_the_wrong_kind(shop: ShopClient, webhook: str, body: object, place: str, word: str) -> None:
    answer = await shop.post(f"{webhook}/replay", body)
    assert answer.status_code == 422
    assert [(fault["loc"], fault["type"]) for fault in answer.json()["errors"]] == [(["body", place], word)]
