"""Webhooks as a merchant's developer manages them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient

URL = "https://hooks.nordlicht.example/karla"


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def created(shop: ShopClient, **members: Any) -> dict[str, Any]:
    answer = await shop.post("/webhooks", {"url": URL, **members})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def faults_of(shop: ShopClient, body: object) -> list[tuple[list[str | int], str]]:
    answer = await shop.post("/webhooks", body)
    assert answer.status_code == 422, answer.text
    return [(fault["loc"], fault["type"]) for fault in answer.json()["errors"]]


class TestCreate:
    async def test_as_the_shop_plugin_does_it(self, shop: ShopClient) -> None:
        answer = await shop.post("/webhooks", {"url": URL, "enabled_events": ["*"]})
        assert answer.status_code == 201
        body = answer.json()
        assert UUID(body.pop("uuid"))
        assert UUID(body.pop("secret"))
        assert body.pop("created_at") == body.pop("updated_at")
        assert body == {
            "url": URL,
            "enabled_events": ["*"],
            "previous_secret_expires_at": None,
            "description": None,
            "ordering": "none",
            "payload_format": "karla",
            "status": "active",
            "disabled_reason": None,
            "health": {
                "status": "healthy",
                "failures": 0,
                "failing_since": None,
                "paused_until": None,
                "last_success_at": None,
                "last_failure": None,
                "pending_deliveries": 0,
            },
            "shop_slug": shop.slug,
            "merchant_slug": shop.slug,
        }

    async def test_with_everything(self, shop: ShopClient) -> None:
        members = {
            "enabled_events": ["shipments/delivered", "shipments/in_delivery/DELIVERY_ATTEMPTED", "claims/created"],
            "secret": "3f0f9c58-5b1f-4d0e-8d8c-7e1b2a9c4d60",
            "description": "CX desk",
            "ordering": "shipment",
            "payload_format": "cloudevents",
            "status": "inactive",
        }
        body = await created(shop, **members)
        assert {name: body[name] for name in members} == members

    @pytest.mark.parametrize("nothing", [None, []])
    async def test_no_events_are_all_events(self, shop: ShopClient, nothing: object) -> None:
        body = await created(shop, enabled_events=nothing, secret=None, description=None, status=None)
        assert body["enabled_events"] == ["*"]
        assert body["status"] == "active"
        assert body["secret"]

    async def test_other_spellings_of_groups_are_stored_as_ours(self, shop: ShopClient) -> None:
        body = await created(shop, enabled_events=["shipment_delivered_to_parcelshop"])
        assert body["enabled_events"] == ["shipment_delivered_to_parcel_shop"]

    async def test_the_same_again_is_the_one_there_is(self, shop: ShopClient) -> None:
        first = await created(shop, enabled_events=["claims", "shipments"])
        again = await shop.post("/webhooks", {"url": URL, "enabled_events": ["shipments", "claims"]})
        assert (again.status_code, again.json()) == (200, first)
        await created(shop, enabled_events=["claims"])
        await created(shop, url=URL + "/other", enabled_events=["claims", "shipments"])

    async def test_every_fault_is_named(self, shop: ShopClient) -> None:
        body = {"url": "ftp://nordlicht.example", "enabled_events": ["*", "parcels", "shipments/lost", "shipments"]}
        assert await faults_of(shop, body) == [
            (["body", "url"], "url_invalid"),
            (["body", "enabled_events", 1], "filter_invalid"),
            (["body", "enabled_events", 2], "filter_invalid"),
        ]

    async def test_faults_of_form_and_of_meaning_are_named_at_once(self, shop: ShopClient) -> None:
        body: dict[str, Any] = {
            "url": "ftp://nordlicht.example",
            "enabled_events": ["parcels"],
            "secret": "short",
            "ordering": "order",
        }
        assert sorted(await faults_of(shop, body)) == [
            (["body", "enabled_events", 0], "filter_invalid"),
            (["body", "ordering"], "enum"),
            (["body", "secret"], "too_short"),
            (["body", "url"], "url_invalid"),
        ]
        # What has a wrong form already is not named twice.
        body = {"url": "nordlicht", "enabled_events": ["parcels", 5], "secret": "short"}
        assert sorted(await faults_of(shop, body)) == [
            (["body", "enabled_events", 1], "string_type"),
            (["body", "secret"], "too_short"),
            (["body", "url"], "uri_invalid"),
        ]

    @pytest.mark.parametrize(
        ("said", "differs"),
        [
            ({"secret": "another secret altogether"}, ["secret"]),
            ({"ordering": "none", "payload_format": "cloudevents"}, ["payload_format"]),
            (
                {"secret": "another secret altogether", "ordering": "shipment", "payload_format": "cloudevents"},
                ["secret", "ordering", "payload_format"],
            ),
        ],
    )
    async def test_the_same_again_said_otherwise_is_refused(
        self, shop: ShopClient, said: dict[str, str], differs: list[str]
    ) -> None:
        first = await created(shop)
        answer = await shop.post("/webhooks", {"url": URL, **said})
        assert answer.status_code == 409
        told = answer.json()
        assert (told["key"], [fault["loc"] for fault in told["errors"]]) == (
            "webhook_exists",
            [["body", member] for member in differs],
        )
        assert first["uuid"] in told["message"]
        assert (await shop.get("/webhooks")).json() == [first]

    async def test_the_same_again_in_full_is_the_one_there_is(self, shop: ShopClient) -> None:
        first = await created(shop, ordering="shipment")
        again = await shop.post(
            "/webhooks",
            {"url": URL, "secret": first["secret"], "ordering": "shipment", "payload_format": "karla", "status": None},
        )
        assert (again.status_code, again.json()) == (200, first)

    @pytest.mark.parametrize(
        ("member", "value", "word"),
        [
            ("url", None, "string_type"),
            ("url", "nordlicht", "uri_invalid"),
            ("secret", "short", "too_short"),
            ("secret", "x" * 65, "too_long"),
            ("status", "paused", "enum"),
            ("ordering", "order", "enum"),
            ("payload_format", "xml", "enum"),
            ("enabled_events", "*", "list_type"),
            ("description", 5, "string_type"),
        ],
    )
    async def test_a_value_of_the_wrong_kind(self, shop: ShopClient, member: str, value: object, word: str) -> None:
        assert await faults_of(shop, {"url": URL, member: value}) == [(["body", member], word)]

    async def test_a_url_is_needed(self, shop: ShopClient) -> None:
        assert await faults_of(shop, {}) == [(["body", "url"], "missing")]

    @pytest.mark.parametrize("url", ["https://user:secret@hooks.example", "https://hooks.example/#x", "https://"])
    async def test_a_url_that_is_no_target(self, shop: ShopClient, url: str) -> None:
        (fault,) = await faults_of(shop, {"url": url})
        assert fault[0] == ["body", "url"]


class TestSearch:
    async def test_newest_first_by_pages(self, shop: ShopClient) -> None:
        made = [(await created(shop, url=f"{URL}/{number}"))["uuid"] for number in range(3)]
        found = await shop.get("/webhooks")
        assert [webhook["uuid"] for webhook in found.json()] == made[::-1]
        second = await shop.get("/webhooks", page=2, per_page=2)
        assert [webhook["uuid"] for webhook in second.json()] == made[:1]

    async def test_filters(self, shop: ShopClient) -> None:
        one = await created(shop, url=f"{URL}/1")
        two = await created(shop, url=f"{URL}/2", status="inactive")
        assert (await shop.get("/webhooks", uuid=one["uuid"])).json() == [one]
        assert (await shop.get("/webhooks", status="inactive")).json() == [two]
        assert (await shop.get("/webhooks", url=f"{URL}/1")).json() == [one]
        assert (await shop.get("/webhooks", url=f"{URL}/1", status="inactive")).json() == []

    @pytest.mark.parametrize("query", [{"page": 0}, {"per_page": 101}, {"status": "paused"}, {"uuid": "1"}])
    async def test_filters_of_the_wrong_kind(self, shop: ShopClient, query: dict[str, str]) -> None:
        answer = await shop.get("/webhooks", **query)
        assert answer.status_code == 422
        assert [fault["loc"] for fault in answer.json()["errors"]] == [["query", *query]]


class TestOne:
    async def test_get_change_and_delete(self, shop: ShopClient) -> None:
        webhook = await created(shop, description="CX desk")
        path = f"/webhooks/{webhook['uuid']}"
        assert (await shop.get(path)).json() == webhook
        changes = {
            "url": f"{URL}/new",
            "enabled_events": ["claims/created"],
            "ordering": "shipment",
            "payload_format": "cloudevents",
        }
        changed = await shop.patch(path, changes)
        assert changed.status_code == 200
        assert changed.json()["updated_at"] > webhook["updated_at"]
        assert changed.json() == {
            **webhook,
            **changes,
            "updated_at": changed.json()["updated_at"],
        }
        gone = await shop.delete(path)
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await shop.get(path)).status_code == 404

    async def test_what_is_absent_or_null_stays(self, shop: ShopClient) -> None:
        webhook = await created(shop, description="CX desk", enabled_events=["claims"])
        path = f"/webhooks/{webhook['uuid']}"
        nothing = {"url": None, "enabled_events": None, "description": None, "status": None}
        for body in ({}, nothing, {"secret": webhook["secret"]}, {"shop_slug": "another"}):
            assert (await shop.patch(path, body)).json() == webhook

    async def test_the_secret_is_not_changed_by_the_way(self, shop: ShopClient) -> None:
        webhook = await created(shop)
        path = f"/webhooks/{webhook['uuid']}"
        answer = await shop.patch(path, {"secret": "another secret altogether", "enabled_events": ["x"], "url": URL})
        assert answer.status_code == 422
        faults = {fault["loc"][1]: fault["msg"] for fault in answer.json()["errors"]}
        assert list(faults) == ["enabled_events", "secret"]
        assert "rotate-secret" in faults["secret"]
        assert (await shop.get(path)).json() == webhook

    async def test_faults(self, shop: ShopClient) -> None:
        webhook = await created(shop)
        answer = await shop.patch(f"/webhooks/{webhook['uuid']}", {"url": "gopher://x", "enabled_events": ["x"]})
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == 2

    @pytest.mark.parametrize("uuid", ["0b0f6c1e-6f0d-4a0e-9a55-2f7f3f6f1c10", "1", "%00"])
    async def test_an_unknown_one(self, shop: ShopClient, uuid: str) -> None:
        for answer in (
            await shop.get(f"/webhooks/{uuid}"),
            await shop.patch(f"/webhooks/{uuid}", {}),
            await shop.delete(f"/webhooks/{uuid}"),
            await shop.get(f"/webhooks/{uuid}/deliveries"),
        ):
            assert answer.status_code == 404

    async def test_inactive_is_disabled_and_active_again_healthy(self, shop: ShopClient) -> None:
        path = f"/webhooks/{(await created(shop))['uuid']}"
        off = (await shop.patch(path, {"status": "inactive"})).json()
        assert (off["health"]["status"], off["disabled_reason"]) == ("disabled", None)
        assert (await shop.patch(path, {"status": "active"})).json()["health"]["status"] == "healthy"

    async def test_an_unknown_one_has_a_key(self, shop: ShopClient) -> None:
        answer = await shop.delete(f"/webhooks/{uuid4()}")
        assert (answer.status_code, answer.json()["key"]) == (404, "webhook_not_found")


class TestAccess:
    async def test_another_shops_webhook_is_unknown(self, karla: Karla, shop: ShopClient) -> None:
        webhook = await created(shop)
        other = await karla.shop()
        for answer in (
            await other.get(f"/webhooks/{webhook['uuid']}"),
            await other.patch(f"/webhooks/{webhook['uuid']}", {"status": "inactive"}),
            await other.delete(f"/webhooks/{webhook['uuid']}"),
            await other.get(f"/webhooks/{webhook['uuid']}/deliveries"),
        ):
            assert answer.status_code == 404
        assert (await other.get("/webhooks", uuid=webhook["uuid"])).json() == []
        assert (await shop.get(f"/webhooks/{webhook['uuid']}")).json() == webhook

    async def test_viewers_look_and_see_no_secret(self, karla: Karla, shop: ShopClient) -> None:
        webhook = await created(shop)
        viewer = await karla.key_for(shop.shop, Role.VIEWER)
        editor = await karla.key_for(shop.shop, Role.EDITOR)
        path = f"/webhooks/{webhook['uuid']}"
        assert (await viewer.get(path)).json() == {**webhook, "secret": None}
        assert (await viewer.get("/webhooks")).json() == [{**webhook, "secret": None}]
        assert (await editor.get(path)).json() == webhook
        assert (await viewer.post("/webhooks", {"url": URL})).status_code == 403
        assert (await viewer.patch(path, {})).status_code == 403
        assert (await viewer.delete(path)).status_code == 403


async def test_metrics_tell_the_backlog(karla: Karla) -> None:
    text = (await karla.http.get("/metrics")).text
    for name in (
        "karla_outbox_events",
        "karla_outbox_oldest_seconds",
        'karla_deliveries_waiting{state="pending"}',
        'karla_deliveries_waiting{state="due"}',
    ):
        assert f"\n{name} " in text
