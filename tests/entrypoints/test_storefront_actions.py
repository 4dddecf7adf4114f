"""What a shopper with the order's link may do: cancel, and have it go elsewhere; and all that keeps him from it."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.karla import Karla, ShopClient
from tests.support.storefront import (
    HOME,
    NUMBER,
    Browser,
    by_token,
    by_zip_code,
    happened,
    placed,
    shop_with_page,
)

ELSEWHERE = {"address_line_1": "Ahornweg 3", "zip_code": "20095", "city": "Hamburg"}
LABEL = {"tracking_number": NUMBER, "carrier_reference": "dhl"}


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await shop_with_page(karla)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["key"]


def gates(order: Any) -> dict[str, tuple[bool, str | None]]:
    return {name: (gate["allowed"], gate["reason"]) for name, gate in order["allowed"].items()}


async def told(shop: ShopClient, name: str) -> list[Any]:
    """What webhooks get of this event."""
    answer = await shop.get("/events", ref=f"shipments/order_created/{name}")
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def timeline(shop: ShopClient) -> list[tuple[str, Any]]:
    order = (await shop.get("/orders/10001")).json()
    events = order["trackings"][0]["events"]
    return [(event["event_key"], event["additional_info"].get("requested_by")) for event in events]


async def trail(shop: ShopClient) -> list[tuple[str, str, Any]]:
    entries = (await shop.get("/audit")).json()
    return [
        (entry["action"], entry["actor"]["kind"], (entry["before"], entry["after"]))
        for entry in entries
        if entry["action"].startswith("order.")
    ]


async def test_a_shopper_cancels_an_order(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, expected_number_of_shipments=2)
    shopper = await by_token(karla, shop)
    assert gates(await shopper.order())["cancel"] == (True, None)
    answer = await shopper.call("POST", "/order/cancel", params={"lang": "de"})
    order = answer.json()
    assert (answer.status_code, order["state"]) == (200, "cancelled")
    assert order["texts"]["headline"] == "Ihre Bestellung wurde storniert"
    assert [parcel["situation"] for parcel in order["shipments"]] == ["cancelled"] * 2
    assert gates(order) == {
        "claim": (False, None),
        "cancel": (False, "cancelled"),
        "change_address": (False, "cancelled"),
    }
    assert len(await told(shop, "ORDER_CANCELLED")) == 2
    assert (await shop.get("/orders/10001")).json()["status"] == "cancelled"
    assert (await timeline(shop))[0] == ("ORDER_CANCELLED", "shopper")
    assert await trail(shop) == [("order.cancelled", "shopper", (None, None))]


async def test_cancelling_twice_is_as_once(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    shopper = await by_token(karla, shop)
    for _ in range(2):
        assert (await shopper.call("POST", "/order/cancel")).status_code == 200
    assert len(await told(shop, "ORDER_CANCELLED")) == 1


async def test_a_shop_that_cancels_is_no_shopper(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    assert (await shop.post("/orders/10001/cancel")).status_code == 200
    assert (await timeline(shop))[0] == ("ORDER_CANCELLED", None)
    assert await trail(shop) == []


async def test_what_has_left_is_not_cancelled(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, LABEL)
    shopper = await by_token(karla, shop)
    assert gates(await shopper.order())["cancel"] == (True, None)
    await happened(shop, NUMBER, "ACCEPTED_BY_CARRIER", "2026-03-16T09:00:00+00:00")
    assert gates(await shopper.order())["cancel"] == (False, "shipped")
    assert refusal(await shopper.call("POST", "/order/cancel")) == (409, "order_shipped")
    assert (await shopper.order())["state"] == "on_the_way"


async def test_a_shopper_has_an_order_go_elsewhere(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    shopper = await by_token(karla, shop)
    form = (await shopper.call("GET", "/order/address", params={"lang": "de"})).json()
    assert form["address"]["address_line_1"] == HOME["address_line_1"]
    assert (form["country_code"], form["country"]) == ("DE", "Deutschland")
    assert [(field["name"], field["required"], field["label_key"]) for field in form["fields"]] == [
        ("name", True, "name"),
        ("company", False, "company"),
        ("address_line_1", True, "address_line_1"),
        ("address_line_2", False, "address_line_2"),
        ("zip_code", True, "zip_code"),
        ("city", True, "city"),
        ("phone", False, "phone"),
    ]
    answer = await shopper.call("PUT", "/order/address", json=ELSEWHERE)
    assert answer.status_code == 200, answer.text
    assert answer.json()["destination"]["address"] | ELSEWHERE == answer.json()["destination"]["address"]
    stored = (await shop.get("/orders/10001")).json()["address"]
    assert stored == stored | HOME | ELSEWHERE
    (event,) = await told(shop, "ORDER_ADDRESS_UPDATED")
    assert event["context"]["order"]["address"] == event["context"]["order"]["address"] | HOME | ELSEWHERE
    assert (await timeline(shop))[0] == ("ORDER_ADDRESS_UPDATED", "shopper")
    assert await trail(shop) == [("order.address_changed", "shopper", (None, None))]


async def test_the_same_address_again_tells_nobody(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    shopper = await by_token(karla, shop)
    assert (await shopper.call("PUT", "/order/address", json=HOME)).status_code == 200
    assert await told(shop, "ORDER_ADDRESS_UPDATED") == []


@pytest.mark.parametrize("packed", ["ORDER_PICKED", "ORDER_PACKED", None])
async def test_what_may_have_a_label_goes_where_it_says(karla: Karla, shop: ShopClient, packed: str | None) -> None:
    order = await placed(shop)
    if packed:
        await happened(shop, order["trackings"][0]["id"], packed, "2026-03-13T09:00:00+00:00")
    else:
        await placed(shop, LABEL)
    shopper = await by_token(karla, shop)
    assert gates(await shopper.order())["change_address"] == (False, "shipped")
    assert refusal(await shopper.call("PUT", "/order/address", json=ELSEWHERE)) == (409, "order_shipped")
    assert (await shop.get("/orders/10001")).json()["address"]["city"] == "Berlin"


async def test_a_cancelled_order_goes_nowhere(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    shopper = await by_token(karla, shop)
    await shopper.call("POST", "/order/cancel")
    assert refusal(await shopper.call("PUT", "/order/address", json=ELSEWHERE)) == (409, "order_cancelled")


async def test_every_fault_of_an_address_is_named(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    shopper = await by_token(karla, shop)
    wrong = {"name": " ", "address_line_1": "", "zip_code": "1011", "city": "", "country_code": "AT"}
    answer = await shopper.call("PUT", "/order/address", json=wrong)
    assert refusal(answer) == (422, "address_invalid")
    assert {error["field"]: error["type"] for error in answer.json()["errors"]} == {
        "country_code": "country_fixed",
        "name": "missing",
        "address_line_1": "missing",
        "zip_code": "zip_code_invalid",
        "city": "missing",
    }
    assert (await shop.get("/orders/10001")).json()["address"]["city"] == "Berlin"
    long = await shopper.call("PUT", "/order/address", json={"city": "x" * 300, "zip_code": 10119})
    assert {error["field"] for error in long.json()["errors"]} == {"city", "zip_code"}


@pytest.mark.parametrize(("method", "path"), [("POST", "/cancel"), ("GET", "/address"), ("PUT", "/address")])
async def test_number_and_zip_code_are_not_enough(karla: Karla, shop: ShopClient, method: str, path: str) -> None:
    await placed(shop)
    looking = await by_zip_code(karla, shop)
    body = {"json": ELSEWHERE} if method == "PUT" else {}
    assert refusal(await looking.call(method, f"/order{path}", **body)) == (403, "order_token_needed")
    anybody = Browser(karla.http, shop, "nothing")
    assert refusal(await anybody.call(method, f"/order{path}", **body)) == (401, "session_invalid")
    assert (await looking.order())["state"] == "placed"
    assert gates(await looking.order()) == {
        "claim": (False, None),
        "cancel": (False, "token_needed"),
        "change_address": (False, "token_needed"),
    }


async def test_a_shop_may_offer_neither(karla: Karla) -> None:
    shop = await shop_with_page(karla, actions={"cancel": False, "change_address": False})
    await placed(shop)
    shopper = await by_token(karla, shop)
    order = await shopper.order()
    assert (gates(order)["cancel"], gates(order)["change_address"]) == ((False, "switched_off"),) * 2
    assert refusal(await shopper.call("POST", "/order/cancel")) == (403, "switched_off")
    assert refusal(await shopper.call("PUT", "/order/address", json=ELSEWHERE)) == (403, "switched_off")
    assert (await shopper.order())["state"] == "placed"


async def test_a_link_opens_its_own_order_alone(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    await placed(shop, number="10002")
    await (await by_token(karla, shop, "10002")).call("POST", "/order/cancel")
    assert (await shop.get("/orders/10001")).json()["status"] == "placed"
    assert (await shop.get("/orders/10002")).json()["status"] == "cancelled"
