"""A shopper gets in: with the link, with number and ZIP code as they type them, and in no other way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.entrypoints.api import app as api
from karla.infra.access import scope_of
from karla.infra.clock import SystemClock
from karla.infra.db import Database
from karla.infra.work import Silence, Work
from tests.support.clocks import StandingClock
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample

HOME = "198.51.100.7"
WRONG_TOKEN = "kt1_" + "a" * 64


class Shopper:
    """Somebody with a browser at an address, who has no key."""

    def __init__(self, application: Any, shop: ShopClient, address: str = HOME) -> None:
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False, client=(address, 4711))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://karla.test")
        self.slug = shop.slug

    async def open(self, **body: Any) -> httpx.Response:
        return await self.http.post(f"/v1/shops/{self.slug}/storefront/sessions", json=body)

    async def see(self, bearer: str | None, slug: str | None = None) -> httpx.Response:
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        return await self.http.get(f"/v1/shops/{slug or self.slug}/storefront/order", headers=headers)

    async def cancel(self, bearer: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {bearer}"}
        return await self.http.post(f"/v1/shops/{self.slug}/storefront/order/cancel", headers=headers)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["key"]


async def a_shop(karla: Karla) -> ShopClient:
    """With its page switched on, and an order 10001 to 10119 Berlin."""
    shop = await karla.shop()
    answer = await shop.patch("", {"web_tracking_enabled": True})
    assert answer.status_code == 200, answer.text
    await an_order(shop)
    return shop


async def an_order(shop: ShopClient, number: str = "10001", zip_code: str | None = "10119") -> dict[str, Any]:
    body = sample("order_upsert.request.headless")
    body["id"], body["trackings"] = number, []
    body["order"] |= {"order_number": number, "order_name": None, "external_id": f"erp-{number}"}
    body["order"]["address"] = {"zip_code": zip_code, "city": "Berlin", "country_code": "DE", "name": "Mara Lindqvist"}
    answer = await shop.put("/orders", body)
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def token_of(shop: ShopClient, number: str = "10001") -> str:
    answer = await shop.post("/orders/trackpage-url", {"id": number})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await a_shop(karla)


@pytest_asyncio.fixture
async def shopper(karla: Karla, shop: ShopClient) -> Shopper:
    return Shopper(api.with_services(karla.services), shop)


@asynccontextmanager
async def at(clock: StandingClock, karla: Karla, url: str, shop: ShopClient) -> AsyncIterator[Shopper]:
    """A shopper of the same Karla by another clock."""
    db = await Database.open(url, announce=Silence, clock=clock, pool_size=2)
    try:
        yield Shopper(api.with_services(msgspec.structs.replace(karla.services, db=db, clock=clock)), shop)
    finally:
        await db.close()


async def test_number_and_zip_code_open_the_order(shopper: Shopper) -> None:
    answer = await shopper.open(order_number=" #10001", zip_code="D-10119")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    opened = answer.json()
    assert list(opened) == ["session", "expires_at", "level", "order"]
    assert opened["level"] == opened["order"]["level"] == "zip_code"
    assert opened["order"]["order_number"] == "10001"
    assert opened["order"]["destination"]["address"] is None
    again = await shopper.see(opened["session"])
    assert (again.status_code, again.json()["order_number"]) == (200, "10001")


async def test_a_link_opens_the_order_and_shows_more(shop: ShopClient, shopper: Shopper) -> None:
    answer = await shopper.open(token=await token_of(shop))
    assert answer.status_code == 200, answer.text
    opened = answer.json()
    assert opened["level"] == opened["order"]["level"] == "token"
    assert opened["order"]["destination"]["address"]["name"] == "Mara Lindqvist"
    assert (await shopper.see(opened["session"])).status_code == 200


async def test_the_token_itself_is_as_good_as_its_session(shop: ShopClient, shopper: Shopper) -> None:
    answer = await shopper.see(await token_of(shop))
    assert (answer.status_code, answer.json()["level"]) == (200, "token")


@pytest.mark.parametrize("lang", ["de", "fr-CA", "da"])
async def test_it_is_told_in_the_asked_language(shopper: Shopper, lang: str) -> None:
    path = f"/v1/shops/{shopper.slug}/storefront/sessions"
    body = {"order_number": "10001", "zip_code": "10119"}
    by_link = await shopper.http.post(path, params={"lang": lang}, json=body, headers={"Accept-Language": "it"})
    by_browser = await shopper.http.post(path, json=body, headers={"Accept-Language": lang})
    assert by_link.json()["order"]["language"] == by_browser.json()["order"]["language"] == lang[:2]


async def test_a_wrong_number_and_a_wrong_zip_code_have_one_answer(shop: ShopClient, shopper: Shopper) -> None:
    await an_order(shop, "10002", zip_code=None)
    answers = [
        await shopper.open(order_number=number, zip_code=zip_code)
        for number, zip_code in (("10009", "10119"), ("10001", "10118"), ("10002", "00000"), ("\u200b", "10119"))
    ]
    told = []
    for answer in answers:
        assert refusal(answer) == (404, "order_not_found")
        body = answer.json()
        del body["request_id"]
        told.append((body, sorted(set(answer.headers) - {"date"})))
    assert all(one == told[0] for one in told)


async def test_every_wrong_token_has_one_answer(
    karla: Karla, shop: ShopClient, shopper: Shopper, database_url: str
) -> None:
    other = await a_shop(karla)
    await an_order(shop, "10002")
    revoked = await token_of(shop, "10002")
    assert (await shop.delete("/orders/10002/tokens")).status_code == 204
    token = await token_of(shop)
    gone = ShopperKeys.of(["a key that this Karla never had, or no more"])
    forger = Shopper(api.with_services(msgspec.structs.replace(karla.services, shopper_keys=gone)), shop)
    assert refusal(await forger.open(token=token)) == (401, "order_token_invalid")
    tampered = token[:-1] + ("a" if token[-1] != "a" else "b")
    told = []
    for wrong in (
        WRONG_TOKEN,
        "x",
        "x" * 4000,
        "\u202e",
        token.upper(),
        token + "a",
        tampered,
        revoked,
        await token_of(other),
    ):
        answer = await shopper.open(token=wrong)
        assert refusal(answer) == (401, "order_token_invalid"), wrong
        assert answer.headers["www-authenticate"] == 'Bearer realm="Karla"'
        body = answer.json()
        del body["request_id"]
        told.append(body)
        assert refusal(await shopper.see(wrong.encode("ascii", "replace").decode())) == (401, "session_invalid")
    assert all(one == told[0] for one in told)
    assert (await shopper.open(token=token)).status_code == 200


async def test_anothers_token_is_refused_beside_the_number_of_an_order(shop: ShopClient, shopper: Shopper) -> None:
    await an_order(shop, "10002")
    token = await token_of(shop, "10002")
    assert refusal(await shopper.open(token=token, order_number="10001")) == (401, "order_token_invalid")
    answer = await shopper.open(token=token, order_number="#10002")
    assert answer.json()["order"]["order_number"] == "10002"
    assert (await shopper.see(token)).json()["order_number"] == "10002", (
        "a token shows its own order, whatever is asked"
    )


async def test_a_session_is_one_shops(karla: Karla, shop: ShopClient, shopper: Shopper) -> None:
    other = await a_shop(karla)
    for body in ({"order_number": "10001", "zip_code": "10119"}, {"token": await token_of(shop)}):
        session = (await shopper.open(**body)).json()["session"]
        assert (await shopper.see(session)).status_code == 200
        assert refusal(await shopper.see(session, other.slug)) == (401, "session_invalid")


@pytest.mark.parametrize("bearer", [None, "", "x", WRONG_TOKEN, "ks1_" + "a" * 96, "Basic abc", "a b c"])
async def test_nobody_without_a_session_sees_anything(shopper: Shopper, bearer: str | None) -> None:
    answer = await shopper.see(bearer)
    assert refusal(answer) == (401, "session_invalid")
    assert answer.headers["www-authenticate"] == 'Bearer realm="Karla"'


async def test_a_key_of_the_shop_is_no_session_and_a_session_no_key(shop: ShopClient, shopper: Shopper) -> None:
    assert refusal(await shop.get("/storefront/order")) == (401, "session_invalid")
    token = await token_of(shop)
    for bearer in (token, (await shopper.open(token=token)).json()["session"]):
        answer = await shopper.http.get(f"/v1/shops/{shop.slug}/orders", headers={"Authorization": f"Bearer {bearer}"})
        assert refusal(answer) == (400, "credentials_garbled")


async def test_revoking_the_token_ends_its_sessions_and_no_others(shop: ShopClient, shopper: Shopper) -> None:
    token = await token_of(shop)
    by_token = (await shopper.open(token=token)).json()["session"]
    by_zip = (await shopper.open(order_number="10001", zip_code="10119")).json()["session"]
    assert (await shop.delete("/orders/10001/tokens")).status_code == 204
    for bearer in (token, by_token):
        assert refusal(await shopper.see(bearer)) == (401, "session_invalid")
        assert refusal(await shopper.cancel(bearer)) == (401, "session_invalid")
    assert (await shopper.see(by_zip)).status_code == 200
    assert (await shopper.open(token=await token_of(shop))).status_code == 200


async def test_an_action_takes_the_token(shop: ShopClient, shopper: Shopper) -> None:
    by_zip = (await shopper.open(order_number="10001", zip_code="10119")).json()["session"]
    assert refusal(await shopper.cancel(by_zip)) == (403, "order_token_needed")
    assert (await shop.get("/orders/10001")).json()["cancelled_at"] is None
    answer = await shopper.cancel(await token_of(shop))
    assert answer.status_code == 200, answer.text
    assert (await shop.get("/orders/10001")).json()["cancelled_at"]


async def test_a_session_ends_after_twelve_hours(karla: Karla, shop: ShopClient, database_url: str) -> None:
    token = await token_of(shop)
    clock = StandingClock(SystemClock().now())
    async with at(clock, karla, database_url, shop) as shopper:
        sessions = [
            (await shopper.open(**body)).json()["session"]
            for body in ({"order_number": "10001", "zip_code": "10119"}, {"token": token})
        ]
        for passed, status in ((timedelta(hours=11, minutes=59), 200), (timedelta(minutes=1), 401)):
            clock.advance(passed)
            assert [(await shopper.see(session)).status_code for session in sessions] == [status] * 2
        assert (await shopper.see(token)).status_code == 200


async def test_keys_are_changed_without_ending_links_and_sessions(karla: Karla, shop: ShopClient) -> None:
    old, new = "old secret of thirty-two letters", "new secret of thirty-two letters"

    def with_keys(*secrets: str) -> tuple[ShopClient, Shopper]:
        services = msgspec.structs.replace(karla.services, shopper_keys=ShopperKeys.of(secrets))
        visitor = Shopper(api.with_services(services), shop)
        return ShopClient(visitor.http, shop.shop, shop.username, shop.key), visitor

    merchant, visitor = with_keys(old)
    token = await token_of(merchant)
    session = (await visitor.open(token=token)).json()["session"]
    merchant, visitor = with_keys(new, old)
    assert await token_of(merchant) == token
    assert [(await visitor.see(bearer)).status_code for bearer in (token, session)] == [200, 200]
    merchant, visitor = with_keys(new)
    assert [(await visitor.see(bearer)).status_code for bearer in (token, session)] == [401, 401]
    assert refusal(await visitor.open(token=token)) == (401, "order_token_invalid")
    assert await token_of(merchant) != token


async def test_a_shop_without_a_page_lets_nobody_in(karla: Karla, shop: ShopClient, shopper: Shopper) -> None:
    token = await token_of(shop)
    session = (await shopper.open(token=token)).json()["session"]
    assert (await shop.patch("", {"web_tracking_enabled": False})).status_code == 200
    for body in ({"token": token}, {"token": "x"}, {"order_number": "1", "zip_code": "1"}):
        assert refusal(await shopper.open(**body)) == (404, "page_switched_off")
    for bearer in (token, session):
        assert refusal(await shopper.see(bearer)) == (404, "page_switched_off")
    shopper.slug = "no-such-shop"
    assert refusal(await shopper.open(token=token)) == (404, "shop_not_found")
    assert refusal(await shopper.see(session)) == (404, "shop_not_found")


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {"order_number", "zip_code"}),
        ({"order_number": "10001"}, {"zip_code"}),
        ({"zip_code": "10119"}, {"order_number"}),
        ({"order_number": "", "zip_code": ""}, {"order_number", "zip_code"}),
        ({"order_number": "1" * 256, "zip_code": "1" * 33}, {"order_number", "zip_code"}),
        ({"order_number": 1, "zip_code": 2}, {"order_number", "zip_code"}),
        ({"token": ""}, {"token"}),
        ({"token": "x" * 5000}, {"token"}),
        ({"token": None, "order_number": None, "zip_code": None}, {"order_number", "zip_code"}),
    ],
)
async def test_what_is_missing_is_named(shopper: Shopper, body: dict[str, Any], faults: set[str]) -> None:
    answer = await shopper.open(**body)
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} == faults


async def test_guessing_a_zip_code_ends_soon_and_the_link_still_works(karla: Karla, shop: ShopClient) -> None:
    guesser = Shopper(api.with_services(karla.services), shop, "203.0.113.66")
    answers = [await guesser.open(order_number="10001", zip_code=f"{code:05}") for code in range(1, 8)]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429] * 2
    assert refusal(answers[-1]) == (429, "too_many_attempts")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 180
    nobodys = [await guesser.open(order_number="99999", zip_code=f"{code:05}") for code in range(1, 8)]
    assert [answer.status_code for answer in nobodys] == [404] * 5 + [429] * 2
    assert (await guesser.open(token=await token_of(shop))).status_code == 200
    home = Shopper(api.with_services(karla.services), shop)
    assert (await home.open(order_number="10001", zip_code="10119")).status_code == 200


async def test_a_limit_holds_over_all_processes_and_at_once(karla: Karla, shop: ShopClient, database_url: str) -> None:
    clock = SystemClock()
    db = await Database.open(database_url, announce=Silence, clock=clock, pool_size=4)
    neighbour = api.with_services(msgspec.structs.replace(karla.services, db=db))
    processes = [Shopper(one, shop, "203.0.113.67") for one in (api.with_services(karla.services), neighbour)]
    try:
        answers = await asyncio.gather(
            *(processes[code % 2].open(order_number="10001", zip_code=f"{code:05}") for code in range(1, 25))
        )
    finally:
        await db.close()
    assert sorted(answer.status_code for answer in answers) == [404] * 5 + [429] * 19


async def test_guessing_tokens_ends_soon_and_a_right_one_is_let_in(karla: Karla, shop: ShopClient) -> None:
    guesser = Shopper(api.with_services(karla.services), shop, "203.0.113.68")
    answers = [await guesser.open(token=WRONG_TOKEN) for _ in range(22)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 2
    assert refusal(answers[-1]) == (429, "too_many_attempts")
    assert (await guesser.open(token=await token_of(shop))).status_code == 200
    assert (await guesser.open(order_number="10001", zip_code="10119")).status_code == 200


async def test_an_order_that_was_deleted_lets_nobody_in(karla: Karla, shop: ShopClient, shopper: Shopper) -> None:
    token = await token_of(shop)
    bodies = ({"token": token}, {"order_number": "10001", "zip_code": "10119"})
    bearers = [token, *[(await shopper.open(**body)).json()["session"] for body in bodies]]

    async def deleted(work: Work) -> None:
        await work.connection.execute("delete from orders where shop_id = $1", shop.shop.id)

    await karla.services.db.write(scope_of([shop.shop.id]), deleted)
    for bearer in bearers:
        assert refusal(await shopper.see(bearer)) == (401, "session_invalid")
    assert refusal(await shopper.open(token=token)) == (401, "order_token_invalid")
