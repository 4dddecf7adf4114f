"""What was sent to a webhook: the log, tests on demand, and sending again."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator

from karla.vocabulary.scope import Role
from tests.support.documents import the_document
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver, receiving


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest_asyncio.fixture
async def webhook(shop: ShopClient, receiver: Receiver) -> str:
    """The path of a webhook at the receiver, who knows its secret."""
    answer = (await shop.post("/webhooks", {"url": receiver.url})).json()
    receiver.secrets.append(answer["secret"])
    return f"/webhooks/{answer['uuid']}"


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


class TestLog:
    async def test_the_log(self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
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

    async def test_pages_by_cursor(self, karla: Karla, shop: ShopClient, webhook: str) -> None:
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
    async def test_filters_of_the_wrong_kind(self, shop: ShopClient, webhook: str, query: dict[str, str]) -> None:
        answer = await shop.get(f"{webhook}/deliveries", **query)
        assert answer.status_code == 422
        assert [fault["loc"] for fault in answer.json()["errors"]] == [["query", *query]]

    async def test_how_the_webhook_has_been_doing(
        self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver
    ) -> None:
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

    async def test_one_that_is_gone_says_so(
        self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver
    ) -> None:
        receiver.answer(410)
        await delivered(karla, shop)
        told = (await shop.get(webhook)).json()
        assert (told["status"], told["disabled_reason"], told["health"]["status"]) == ("inactive", "gone", "disabled")
        again = (await shop.patch(webhook, {"status": "active"})).json()
        assert (again["disabled_reason"], again["health"]["status"]) == (None, "healthy")


class TestTest:
    async def test_a_ping(self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
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

    async def test_an_event_by_its_name(self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
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
        self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver
    ) -> None:
        await shop.patch(webhook, {"enabled_events": ["claims"]})
        async with receiving() as other:
            await shop.post("/webhooks", {"url": other.url})
            await posted(shop, f"{webhook}/test", {"event_name": "OUT_FOR_DELIVERY"})
            await karla.drain()
            assert (len(receiver.journal), other.journal) == (1, [])

    async def test_the_journal_shows_it_on_demand(self, karla: Karla, shop: ShopClient, webhook: str) -> None:
        made = await posted(shop, f"{webhook}/test")
        assert (await shop.get("/events")).json() == []
        (entry,) = (await shop.get("/events", include_test="true")).json()
        assert entry["event_id"] == made["event_id"]

    @pytest.mark.parametrize(
        ("name", "code", "failures"),
        [("webhooks/failing", 503, 17), ("webhooks/recovered", 503, 0), ("webhooks/disabled", 410, 17)],
    )
    async def test_what_is_told_of_webhooks(
        self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver, name: str, code: int, failures: int
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

    async def test_the_ping_has_a_name_too(self, shop: ShopClient, webhook: str) -> None:
        made = await posted(shop, f"{webhook}/test", {"event_name": "webhooks/test"})
        assert made["ref"] == "webhooks/test"

    async def test_a_name_of_what_is_told_of_no_webhook(self, shop: ShopClient, webhook: str) -> None:
        answer = await shop.post(f"{webhook}/test", {"event_name": "webhooks/paused"})
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert fault["msg"] == "Must be one of webhooks/failing, webhooks/recovered, webhooks/disabled, webhooks/test"

    @pytest.mark.parametrize("name", ["OUT_FOR_DELIVERI", "", "ORDER_CONFIRMED"])
    async def test_a_name_that_no_webhook_is_sent(self, shop: ShopClient, webhook: str, name: str) -> None:
        answer = await shop.post(f"{webhook}/test", {"event_name": name})
        assert answer.status_code == 422
        assert [fault["loc"] for fault in answer.json()["errors"]] == [["body", "event_name"]]

    async def test_an_inactive_webhook_is_refused(self, shop: ShopClient, webhook: str) -> None:
        await shop.patch(webhook, {"status": "inactive"})
        for path in ("test", "replay"):
            answer = await shop.post(f"{webhook}/{path}")
            assert (answer.status_code, answer.json()["key"]) == (409, "webhook_inactive")


class TestReplay:
    async def test_one_delivery(self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
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

    async def test_a_range_with_a_dry_run_before(
        self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver
    ) -> None:
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

    async def test_nothing_that_failed_is_nothing_to_do(self, karla: Karla, shop: ShopClient, webhook: str) -> None:
        await delivered(karla, shop)
        done = await posted(shop, f"{webhook}/replay", status=200)
        assert done == {"replay_id": None, "deliveries": 0, "more": False, "dry_run": False}
        assert (await shop.get(f"{webhook}/replays")).json() == []

    async def test_a_new_webhook_gets_the_past(self, karla: Karla, shop: ShopClient, receiver: Receiver) -> None:
        ids = await delivered(karla, shop, "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
        made = (await shop.post("/webhooks", {"url": receiver.url})).json()
        body = {"source": "journal", "since": "2020-01-01T00:00:00Z"}
        assert (await posted(shop, f"/webhooks/{made['uuid']}/replay", body))["deliveries"] == 2
        await karla.drain()
        assert sorted(one.event_id for one in receiver.journal) == sorted(ids)

    async def test_every_fault_is_named(self, shop: ShopClient, webhook: str) -> None:
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
    async def test_a_value_of_the_wrong_kind(
        self, shop: ShopClient, webhook: str, body: object, place: str, word: str
    ) -> None:
        answer = await shop.post(f"{webhook}/replay", body)
        assert answer.status_code == 422
        assert [(fault["loc"], fault["type"]) for fault in answer.json()["errors"]] == [(["body", place], word)]


class TestSlips:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("replay", {"status": "all", "dryrun": True, "untill": None}),
            ("test", {"event": "OUT_FOR_DELIVERY"}),
            ("rotate-secret", {"overlap": 0}),
            ("deliveries/{delivery}/replay", {"dry_run": True}),
        ],
    )
    async def test_a_member_that_is_not_known_is_refused(
        self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver, path: str, body: dict[str, Any]
    ) -> None:
        await delivered(karla, shop)
        before = (await shop.get(webhook)).json()
        (delivery,) = (await shop.get(f"{webhook}/deliveries")).json()
        answer = await shop.post(f"{webhook}/{path.format(delivery=delivery['uuid'])}", body)
        assert answer.status_code == 422
        faults = [(fault["loc"], fault["msg"]) for fault in answer.json()["errors"]]
        assert faults == [(["body", name], "Not a known field") for name in body if name != "status"]
        assert (await shop.get(f"{webhook}/deliveries")).json() == [delivery]
        assert (await shop.get(webhook)).json() == before

    @pytest.mark.parametrize("path", ["replay", "test", "rotate-secret", "deliveries/{delivery}/replay"])
    async def test_so_is_what_stands_in_the_address_and_belongs_in_the_body(
        self, karla: Karla, shop: ShopClient, webhook: str, path: str
    ) -> None:
        await delivered(karla, shop)
        (delivery,) = (await shop.get(f"{webhook}/deliveries")).json()
        where = f"{webhook}/{path.format(delivery=delivery['uuid'])}"
        answer = await shop.call("POST", f"{where}?dry_run=true&status=all")
        assert answer.status_code == 422
        assert [fault["loc"] for fault in answer.json()["errors"]] == [["query", "dry_run"], ["query", "status"]]
        assert (await shop.get(f"{webhook}/deliveries")).json() == [delivery]
        stranger = await shop.http.post(f"/v1/shops/{shop.slug}{where}?dry_run=true", headers={})
        assert stranger.status_code == 400

    async def test_lists_refuse_filters_that_they_do_not_know(self, shop: ShopClient, webhook: str) -> None:
        for path in (f"{webhook}/deliveries", f"{webhook}/replays"):
            answer = await shop.get(path, statuss="failed", page=0)
            assert answer.status_code == 422
            assert [fault["loc"] for fault in answer.json()["errors"]] == [["query", "page"], ["query", "statuss"]]

    async def test_calls_of_the_contract_ignore_them(self, shop: ShopClient, webhook: str, receiver: Receiver) -> None:
        assert (await shop.get("/webhooks", colour="red")).status_code == 200
        assert (await shop.patch(webhook, {"description": "mine", "colour": "red"})).status_code == 200
        made = await shop.post("/webhooks", {"url": f"{receiver.url}/other", "colour": "red"})
        assert made.status_code == 201


class TestNextAttempt:
    async def test_none_is_named_while_one_is_under_way(
        self, karla: Karla, shop: ShopClient, webhook: str, receiver: Receiver
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
