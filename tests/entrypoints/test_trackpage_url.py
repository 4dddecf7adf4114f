"""The link to an order's tracking page: as the wire contract has it, the same each time, revocable."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample


async def an_order(shop: ShopClient, **members: Any) -> dict[str, Any]:
    body = sample("order_upsert.request.headless")
    body["order"] |= members
    body["id"] = body["order"]["order_number"]
    answer = await shop.put("/orders", body)
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def link(shop: ShopClient, **body: Any) -> dict[str, str]:
    answer = await shop.post("/orders/trackpage-url", body)
    assert answer.status_code == 200, answer.text
    told: dict[str, str] = answer.json()
    assert list(told) == ["token", "url"]
    return told


async def test_the_link_leads_to_the_shops_page_with_number_and_token(karla: Karla) -> None:
    shop = await karla.shop(Role.EDITOR)
    await an_order(shop, order_number="10001")
    told = await link(shop, id="10001")
    assert told["url"] == f"http://karla.test/track/{shop.slug}?orderNumber=10001&token={told['token']}"


@pytest.mark.parametrize("number", ["RE/2024/17", "#10 01", "a&token=b", "Ü-1+2", "50%"])
async def test_every_number_arrives_as_it_is(karla: Karla, number: str) -> None:
    shop = await karla.shop()
    await an_order(shop, order_number=number)
    told = await link(shop, id=number)
    assert told["url"].isascii()
    assert " " not in told["url"]
    assert parse_qs(urlsplit(told["url"]).query) == {"orderNumber": [number], "token": [told["token"]]}
    assert urlsplit(told["url"]).fragment == ""


async def test_an_order_is_named_as_in_the_upsert(karla: Karla) -> None:
    shop = await karla.shop()
    order = await an_order(shop, order_number="10001", external_id="erp-1", order_name="NL1")
    told = await link(shop, id="10001")
    for kind, value in (
        ("uuid", order["uuid"]),
        ("order_number", "10001"),
        ("order_name", "NL1"),
        ("external_id", "erp-1"),
        (None, "10001"),
    ):
        assert await link(shop, id=value, id_type=kind) == told


async def test_it_is_the_same_link_each_time_and_at_once(karla: Karla) -> None:
    shop = await karla.shop()
    await an_order(shop, order_number="10001")
    links = await asyncio.gather(*(link(shop, id="10001") for _ in range(12)))
    assert {told["url"] for told in links} == {(await link(shop, id="10001"))["url"]}


async def test_what_is_not_there_has_no_link(karla: Karla) -> None:
    shop, other = await karla.shop(), await karla.shop()
    order = await an_order(shop, order_number="10001", external_id="erp-1")
    for who, body in (
        (shop, {"id": "10002"}),
        (shop, {"id": "10001", "id_type": "uuid"}),
        (shop, {"id": "10001", "id_type": "external_id"}),
        (other, {"id": "10001"}),
        (other, {"id": order["uuid"], "id_type": "uuid"}),
    ):
        answer = await who.post("/orders/trackpage-url", body)
        assert (answer.status_code, answer.json()["key"]) == (404, "order_not_found"), body


@pytest.mark.parametrize(
    "body", [{}, {"id": ""}, {"id": " "}, {"id": 10001}, {"id": "1", "id_type": "email"}, {"id": "x" * 256}, []]
)
async def test_a_bad_body_is_named(karla: Karla, body: Any) -> None:
    shop = await karla.shop()
    answer = await shop.post("/orders/trackpage-url", body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_nobody_keeps_the_answer(karla: Karla) -> None:
    shop = await karla.shop()
    await an_order(shop, order_number="10001")
    answer = await shop.post("/orders/trackpage-url", {"id": "10001"})
    assert answer.headers["cache-control"] == "no-store"


async def test_a_viewer_makes_and_revokes_no_links(karla: Karla) -> None:
    admin = await karla.shop()
    await an_order(admin, order_number="10001")
    viewer = await karla.key_for(admin.shop, Role.VIEWER)
    assert (await viewer.post("/orders/trackpage-url", {"id": "10001"})).status_code == 403
    assert (await viewer.delete("/orders/10001/tokens")).status_code == 403


async def test_after_a_revocation_there_is_another_link(karla: Karla) -> None:
    shop = await karla.shop()
    order = await an_order(shop, order_number="10001", external_id="erp-1")
    links = [(await link(shop, id="10001"))["token"]]
    for reference in ("10001", order["uuid"], "erp-1"):
        answer = await shop.delete(f"/orders/{reference}/tokens")
        assert (answer.status_code, answer.content) == (204, b"")
        links.append((await link(shop, id="10001"))["token"])
    assert len(set(links)) == 4
    assert (await shop.delete("/orders/10002/tokens")).status_code == 404


async def test_the_trail_tells_of_a_revocation_and_of_no_token(karla: Karla) -> None:
    shop = await karla.shop()
    order = await an_order(shop, order_number="10001")
    told = await link(shop, id="10001")
    await shop.delete("/orders/10001/tokens")
    await shop.delete("/orders/10001/tokens")
    trail = (await shop.get("/audit", action="order.tokens_revoked")).json()
    assert [entry["object"]["id"] for entry in trail] == [order["uuid"]]
    assert trail[0]["actor"]["kind"] == "key"
    assert told["token"] not in str(trail)


async def test_the_same_request_sent_twice_is_one(karla: Karla) -> None:
    shop = await karla.shop()
    await an_order(shop, order_number="10001")
    answers = [
        await shop.call("POST", "/orders/trackpage-url", json={"id": "10001"}, headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
