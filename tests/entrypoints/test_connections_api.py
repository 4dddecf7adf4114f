"""Connections and integrations over the API, with DHL as its stand-in plays it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest_asyncio
from structlog.testing import capture_logs

from karla.domain.connections.rules import SEALED_FOR
from karla.entrypoints.api import app as api
from karla.infra.http.standin import Reply
from karla.infra.sealing import Seals
from karla.integrations import registry
from karla.integrations.contract import Kind
from karla.vocabulary.scope import Role
from tests.support.connections import DHL, Played, dhl_played
from tests.support.karla import Karla, ShopClient

KEY, OTHER_KEY = "demo-key", "a-key-of-nobody-x7Qa"


@pytest_asyncio.fixture
async def dhl() -> AsyncIterator[Played]:
    async with dhl_played() as played:
        yield played


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


def faults(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {".".join(map(str, fault["loc"])): fault["type"] for fault in answer.json()["errors"]}


async def test_integrations_tell_all_that_a_form_needs(shop: ShopClient) -> None:
    listed = (await shop.get("/v1/integrations", kind="carriers", per_page=100)).json()
    told = (await shop.get("/v1/integrations/carriers/dhl")).json()
    assert told in listed
    assert [one["integration"] for one in listed] == [*registry.slugs(Kind.CARRIERS)]
    about = registry.manifest(Kind.CARRIERS, "dhl")
    assert [field["name"] for field in told["fields"]] == [field.name for field in about.credentials]
    key, day = told["fields"][0], told["fields"][1]
    assert (key["sensitive"], key["required"], key["default"]) == (True, True, None)
    assert (day["sensitive"], day["required"]) == (False, False)
    assert told["pace"] == {"calls_per_second": 1.0, "calls_per_day": 250, "concurrency": 1, "batch": 1}
    assert told["carriers"]["dhl"] == "parcel-de"
    assert told["setup"].startswith("# Connect DHL")
    assert (await shop.get("/v1/integrations", kind="helpdesks")).json() == []
    assert (await shop.get("/v1/integrations", per_page=1, page=1)).json() == listed[:1]


async def test_what_is_no_integration_is_not_found(shop: ShopClient) -> None:
    for path in ("/v1/integrations/carriers/nobody", "/v1/integrations/nothing/dhl", "/v1/integrations/shops/dhl"):
        answer = await shop.get(path)
        assert (answer.status_code, answer.json()["key"]) == (404, "integration_not_found")
    answer = await shop.put("/connections/carriers/nobody", {"credentials": {}})
    assert (answer.status_code, answer.json()["key"]) == (404, "integration_not_found")
    assert faults(await shop.get("/v1/integrations", kind="nothing")) == {"query.kind": "enum"}
    assert (await shop.get("/v1/integrations", slug="dhl")).status_code == 422


async def test_an_account_is_connected_shown_and_forgotten(shop: ShopClient, dhl: Played) -> None:
    made = await shop.put(DHL, {"credentials": {"api_key": KEY, "address": dhl.server.url}, "name": "DHL, Berlin"})
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["credentials"] == {"address": dhl.server.url, "api_key": "••••"}
    assert (told["kind"], told["integration"], told["name"]) == ("carriers", "dhl", "DHL, Berlin")
    assert (told["status"], told["refused_reason"], told["last_error"]) == ("active", None, None)
    assert told["last_ok_at"] == told["last_used_at"] == told["created_at"]
    (asked,) = dhl.server.journal
    assert (asked.asked.headers["dhl-api-key"], asked.status) == (KEY, 404)
    assert (await shop.get(DHL)).json() == told
    assert (await shop.get("/connections")).json() == [told]
    assert (await shop.get("/connections", kind="marketing")).json() == []
    assert (await shop.delete(DHL)).status_code == 204
    for answer in (await shop.get(DHL), await shop.delete(DHL), await shop.post(f"{DHL}/test")):
        assert (answer.status_code, answer.json()["key"]) == (404, "connection_not_found")


async def test_every_fault_of_the_form_is_named_and_nobody_is_asked(shop: ShopClient, dhl: Played) -> None:
    answer = await shop.put(
        DHL,
        {"credentials": {"calls_per_day": "many", "address": f"{dhl.server.url}/path", "secret": "x", "api_key": ""}},
    )
    assert answer.json()["key"] == "connection_invalid"
    assert faults(answer) == {
        "body.credentials.secret": "value",
        "body.credentials.api_key": "missing",
        "body.credentials.calls_per_day": "pattern",
        "body.credentials.address": "pattern",
    }
    for body, expected in (
        ({}, {"body.credentials": "missing"}),
        ({"credentials": {"api_key": 5}}, {"body.credentials.api_key": "string_type"}),
        ({"credentials": {}, "paused": True}, {"body.paused": "value"}),
        ({"credentials": {}, "name": ""}, {"body.name": "too_short"}),
    ):
        assert faults(await shop.put(DHL, body)).items() >= expected.items()
    assert faults(await shop.patch(DHL, {"status": "paused"})) == {"body.status": "value"}
    assert dhl.server.journal == []
    assert (await shop.get("/connections")).json() == []


async def test_a_target_that_karla_never_reaches_is_a_fault_of_the_form(karla: Karla, shop: ShopClient) -> None:
    for address in ("http://user@127.0.0.1", "https://..", "http://[::"):
        answer = await shop.put(DHL, {"credentials": {"api_key": KEY, "address": address}})
        assert "body.credentials.address" in faults(answer)


async def test_what_the_provider_refuses_is_not_saved(shop: ShopClient, dhl: Played) -> None:
    answer = await shop.put(DHL, {"credentials": dhl.wrong_credentials})
    assert (answer.status_code, answer.json()["key"]) == (422, "credentials_refused")
    assert "Unauthorized for given resource." in answer.json()["message"]
    assert faults(answer) == {"body.credentials": "credentials_refused"}
    assert (await shop.get(DHL)).status_code == 404
    before = await dhl.connected(shop)
    assert (await shop.put(DHL, {"credentials": dhl.wrong_credentials, "name": "No"})).status_code == 422
    assert (await shop.get(DHL)).json() == before


async def test_what_the_provider_says_nothing_of_is_not_saved(shop: ShopClient, dhl: Played) -> None:
    dhl.server.be_busy()
    busy = await shop.put(DHL, {"credentials": dhl.credentials})
    assert (busy.status_code, busy.json()["key"]) == (503, "provider_busy")
    assert "retry-after" not in busy.headers
    dhl.server.answer(Reply(status=429, headers={"Retry-After": "7"}))
    assert (await shop.put(DHL, {"credentials": dhl.credentials})).headers["retry-after"] == "7"
    dhl.server.answer(Reply(status=502))
    broken = await shop.put(DHL, {"credentials": dhl.credentials})
    assert (broken.status_code, broken.json()["key"]) == (503, "provider_unreachable")
    assert broken.json()["message"] == (
        "DHL Shipment Tracking – Unified can't be reached: answered 502. Nothing was saved."
    )
    await dhl.server.down()
    away = await shop.put(DHL, {"credentials": dhl.credentials})
    assert (away.status_code, away.json()["key"]) == (503, "provider_unreachable")
    assert (await shop.get("/connections")).json() == []


async def test_the_pace_is_changed_without_the_key_and_the_address_is_not(shop: ShopClient, dhl: Played) -> None:
    before = await dhl.connected(shop)
    address = {"address": dhl.server.url}
    answer = await shop.put(DHL, {"credentials": {"calls_per_day": "5000", **address}})
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert after["credentials"] == {**before["credentials"], "calls_per_day": "5000"}
    assert (after["uuid"], after["name"]) == (before["uuid"], before["name"])
    assert dhl.server.journal[-1].asked.headers["dhl-api-key"] == KEY
    async with dhl_played() as elsewhere:
        refused = await shop.put(DHL, {"credentials": {"address": elsewhere.server.url}})
        assert faults(refused) == {"body.credentials.api_key": "missing"}
        assert faults(await shop.put(DHL, {"credentials": {}})) == {"body.credentials.api_key": "missing"}
        assert elsewhere.server.journal == []
        moved = await shop.put(DHL, {"credentials": {"api_key": KEY, "address": elsewhere.server.url}})
        assert moved.status_code == 200
        assert "calls_per_day" not in moved.json()["credentials"]


async def test_a_test_tries_what_is_stored_and_tells_what_came_of_it(shop: ShopClient, dhl: Played) -> None:
    before = await dhl.connected(shop)
    well = (await shop.post(f"{DHL}/test")).json()
    assert (well["outcome"], well["message"]) == ("ok", None)
    assert well["connection"]["last_ok_at"] > before["last_ok_at"]
    assert well["connection"]["updated_at"] == before["updated_at"]
    dhl.server.answer(Reply(status=503))
    away = (await shop.post(f"{DHL}/test")).json()
    assert (away["outcome"], away["connection"]["status"]) == ("unreachable", "active")
    assert away["message"] == away["connection"]["last_error"]
    dhl.server.be_busy()
    assert (await shop.post(f"{DHL}/test")).json()["outcome"] == "busy"
    dhl.server.answer(Reply.json({"title": "Unauthorized", "detail": f"Not {KEY}."}, 401))
    refused = (await shop.post(f"{DHL}/test")).json()
    assert (refused["outcome"], refused["connection"]["status"]) == ("refused", "refused")
    assert refused["connection"]["refused_reason"].endswith("Not ***.")
    mended = (await shop.post(f"{DHL}/test")).json()
    assert (mended["outcome"], mended["connection"]["status"]) == ("ok", "active")
    trail = (await shop.get("/audit", action="connection")).json()
    assert [entry["action"] for entry in trail] == [
        "connection.updated",
        "connection.refused",
        "connection.created",
    ]


async def test_a_pause_is_kept_until_it_is_ended(shop: ShopClient, dhl: Played) -> None:
    await dhl.connected(shop)
    assert (await shop.patch(DHL, {"paused": True})).json()["status"] == "paused"
    assert (await dhl.connected(shop))["status"] == "paused"
    assert (await shop.post(f"{DHL}/test")).json()["connection"]["status"] == "paused"
    renamed = (await shop.patch(DHL, {"name": "Returns"})).json()
    assert (renamed["status"], renamed["name"]) == ("paused", "Returns")
    assert (await shop.patch(DHL, {"paused": False, "name": None})).json()["status"] == "active"
    assert (await dhl.connected(shop))["name"] == "Returns"


async def test_credentials_of_a_lost_secret_key_have_to_be_given_anew(karla: Karla, dhl: Played) -> None:
    shop = await karla.shop()
    await dhl.connected(shop)
    lost = msgspec.structs.replace(karla.services, seals=Seals(["another-secret-key-of-this-test-01"], SEALED_FOR))
    transport = httpx.ASGITransport(app=api.with_services(lost), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://karla.test") as http:
        there = ShopClient(http, shop.shop, shop.username, shop.key)
        answer = await there.post(f"{DHL}/test")
        assert (answer.status_code, answer.json()["key"]) == (409, "credentials_unreadable")
        assert (await there.get(DHL)).json()["credentials"]["api_key"] == "••••"
        address = {"address": dhl.server.url}
        assert faults(await there.put(DHL, {"credentials": address})) == {"body.credentials.api_key": "missing"}
        assert (await there.put(DHL, {"credentials": dhl.credentials})).status_code == 200
        assert (await there.post(f"{DHL}/test")).json()["outcome"] == "ok"


async def test_viewers_and_editors_look_and_admins_change(karla: Karla, shop: ShopClient, dhl: Played) -> None:
    connected = await dhl.connected(shop)
    for role in (Role.VIEWER, Role.EDITOR):
        caller = await karla.key_for(shop.shop, role)
        assert (await caller.get(DHL)).json() == connected
        for answer in (
            await caller.put(DHL, {"credentials": dhl.credentials}),
            await caller.patch(DHL, {"paused": True}),
            await caller.post(f"{DHL}/test"),
            await caller.delete(DHL),
        ):
            assert answer.status_code == 403


async def test_no_secret_is_in_any_answer_log_or_entry(karla: Karla, shop: ShopClient, dhl: Played) -> None:
    long_key = {"api_key": OTHER_KEY, "address": dhl.server.url}
    with capture_logs() as lines:
        answers = [
            await shop.put(DHL, {"credentials": long_key}),
            await shop.put(DHL, {"credentials": {**long_key, "calls_per_day": "x"}}),
            await shop.put(DHL, {"credentials": {"api_key": OTHER_KEY, "address": "http://127.0.0.1:9"}}),
        ]
        dhl.server.answer(Reply.json({"shipments": []}))
        answers.append(await shop.put(DHL, {"credentials": long_key}))
        assert answers[-1].status_code == 201
        assert answers[-1].json()["credentials"]["api_key"] == "••••x7Qa"
        answers += [
            await shop.post(f"{DHL}/test"),
            await shop.get(DHL),
            await shop.get("/connections"),
            await shop.get("/audit"),
            await shop.delete(DHL),
            await shop.get("/audit"),
        ]
    assert [answer.status_code for answer in answers] == [422, 422, 503, 201, 200, 200, 200, 200, 204, 200]
    assert OTHER_KEY not in json.dumps([answer.text for answer in answers])
    assert OTHER_KEY not in repr(lines)
