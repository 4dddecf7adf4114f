"""The short way through plain handlers, and lookups that go together: callers see nothing of either."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from karla.entrypoints.api.orders import handlers as orders
from karla.entrypoints.api.straight import straight
from karla.entrypoints.api.webhooks import handlers as webhooks
from tests.support.karla import Karla, ShopClient


class Thing(msgspec.Struct):
    name: str


async def placed(shop: ShopClient, number: str, **members: object) -> str:
    order = {"order_number": number, "address": {"zip_code": "10119"}, **members}
    body = {"id": number, "order": order, "trackings": []}
    answer = await shop.put("/orders", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["uuid"])


@pytest.mark.parametrize("handler", [orders.get_order, orders.upsert_order, orders.update_order, webhooks.get_webhook])
def test_what_asks_for_no_more_than_most_goes_straight(handler: HTTPRouteHandler) -> None:
    assert straight(handler) is not None


@pytest.mark.parametrize(
    "handler",
    [
        orders.list_orders,  # takes filters
        orders.upsert_orders_in_bulk,  # answers headers of its own
        orders.upsert_order_analytics,  # answers what is no struct
        webhooks.delete_webhook,  # answers nothing
    ],
)
def test_what_wants_more_does_not(handler: HTTPRouteHandler) -> None:
    assert straight(handler) is None


async def test_each_gets_its_own_order_whatever_is_asked_for_at_once(karla: Karla) -> None:
    shops = [await karla.shop() for _ in range(3)]
    expected = {}
    for shop in shops:
        for number in ("1", "2", "3"):
            expected[shop.slug, number] = await placed(shop, number, external_id=f"ext-{number}")

    asked = [(shop, number) for shop in shops for number in ("1", "2", "3", "4") for _ in range(5)]
    answers = await asyncio.gather(*(shop.get(f"/orders/{number}") for shop, number in asked))

    for (shop, number), answer in zip(asked, answers, strict=True):
        if number == "4":
            assert (answer.status_code, answer.json()["key"]) == (404, "order_not_found")
        else:
            assert answer.json()["uuid"] == expected[shop.slug, number]


async def test_the_surest_name_decides_and_several_are_told(karla: Karla) -> None:
    shop = await karla.shop()
    by_number = await placed(shop, "7", order_name="twin")
    by_external_id = await placed(shop, "8", external_id="7x", order_name="twin")
    await placed(shop, "9", order_name="7x")

    references = ("7", "7x", "twin", by_number)
    number, external_id, name, uuid = await asyncio.gather(*(shop.get(f"/orders/{text}") for text in references))

    assert (number.json()["uuid"], uuid.json()["uuid"]) == (by_number, by_number)
    assert external_id.json()["uuid"] == by_external_id
    assert (name.status_code, name.json()["key"]) == (409, "order_ambiguous")


async def test_a_body_in_pieces_is_one(karla: Karla) -> None:
    shop = await karla.shop()

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"id":"5","trackings":[],', b'"order":{"address":{"zip_code":"1"},"order', b'_number":"5"}}'):
            yield piece

    headers = {"content-type": "application/json"}
    answer = await shop.call("PUT", "/orders", content=pieces(), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["order_number"] == "5"


async def test_a_body_that_is_too_large_is_refused_before_its_end(karla: Karla) -> None:
    shop = await karla.shop()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 65_536

    answer = await shop.call("PUT", "/orders", content=endless(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["key"]) == (413, "body_too_large")
    assert sent < 40


def test_what_keeps_others_out_is_not_passed_by() -> None:
    def nobody(*_: object) -> None:
        """Would refuse."""

    @get("/things/{ref:str}", guards=[nobody])
    async def guarded(ref: FromPath[str]) -> Thing:
        return Thing(ref)

    @get("/things/{ref:str}")
    async def open_to_all(ref: FromPath[str]) -> Thing:
        return Thing(ref)

    assert (straight(guarded), straight(open_to_all) is None) == (None, False)
