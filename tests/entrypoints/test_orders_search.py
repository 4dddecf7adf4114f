"""Searching orders: every filter, alone and together, and pages."""

from typing import Any

import pytest
import pytest_asyncio

from tests.support.karla import Karla, ShopClient
from tests.support.samples import demand_order, sample

KEYS_OF_THE_SAMPLE = set(sample("orders_search.response")[0]) | {"shop_slug"}
BERLIN = {"zip_code": "10119", "city": "Berlin"}


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    """Three orders, a day apart."""
    client = await karla.shop()
    for day, (number, members) in enumerate(
        {
            "A": {"external_id": "e1", "order_name": "#A", "email_id": "Mara@Mail.example", "address": BERLIN},
            "B": {"external_id": "e2", "order_name": "#B", "email_id": "jon@mail.example", "address": BERLIN},
            "C": {"external_id": "e3", "order_name": "#B", "address": {"zip_code": "SW1A 1AA"}},
        }.items(),
        10,
    ):
        order = {"order_number": number, "order_placed_at": f"2026-03-{day}T08:00:00+01:00", **members}
        answer = await client.put("/orders", {"id": number, "order": order, "trackings": []})
        assert answer.status_code == 200, answer.text
    return client


async def numbers(shop: ShopClient, **filters: Any) -> list[str]:
    answer = await shop.get("/orders", **filters)
    assert answer.status_code == 200, answer.text
    for order in answer.json():
        demand_order(order, shop.slug)
    return [order["order_number"] for order in answer.json()]


async def test_an_answer_has_every_member_of_the_sample(shop: ShopClient) -> None:
    (order, *_) = (await shop.get("/orders")).json()
    assert set(order) >= KEYS_OF_THE_SAMPLE
    (event,) = order["trackings"][0]["events"]
    assert set(order["trackings"][0]) >= set(sample("tracking.response"))
    assert set(event) >= set(sample("tracking.response")["events"][0])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "CBA"),
        ({"order_number": "A"}, "A"),
        ({"order_number": "a"}, ""),
        ({"external_id": "e2"}, "B"),
        ({"order_name": "#B"}, "CB"),
        ({"email_id": "mara@mail.EXAMPLE"}, "A"),
        ({"zip_code": "10119"}, "BA"),
        ({"zip_code": "SW1A 1AA"}, "C"),
        ({"order_placed_from": "2026-03-11T07:00:00Z"}, "CB"),
        ({"order_placed_from": "2026-03-11T07:00:00.000001Z"}, "C"),
        ({"order_placed_to": "2026-03-11T08:00:00+01:00"}, "BA"),
        ({"order_placed_from": "2026-03-11T00:00:00Z", "order_placed_to": "2026-03-11T23:59:59Z"}, "B"),
        ({"zip_code": "10119", "external_id": "e3"}, ""),
        ({"zip_code": "10119", "email_id": "jon@mail.example"}, "B"),
        ({"uuid": "6f0c2d4e-9b1a-4a35-8f64-3f1f0b7a9c21"}, ""),
        ({"unknown": "parameter"}, "CBA"),
        ({"per_page": 2}, "CB"),
        ({"per_page": 2, "page": 2}, "A"),
        ({"per_page": 2, "page": 3}, ""),
        ({"per_page": 100, "page": 1}, "CBA"),
        ({"page": 1_000_000}, ""),
        ({"order_number": "'; drop table orders; --"}, ""),
        ({"order_number": "%"}, ""),
    ],
)
async def test_filters_and_pages(shop: ShopClient, filters: dict[str, Any], found: str) -> None:
    assert "".join(await numbers(shop, **filters)) == found


async def test_since_when_a_shipment_was_updated(shop: ShopClient) -> None:
    before = (await shop.get("/orders", order_number="C")).json()[0]["trackings"][0]["updated_at"]
    answer = await shop.put("/orders", {"id": "A", "trackings": [{"tracking_number": "T"}]})
    changed = answer.json()["trackings"][0]["updated_at"]
    assert await numbers(shop, shipment_updated_since=changed) == ["A"]
    assert await numbers(shop, shipment_updated_since=before) == ["C", "A"]
    assert await numbers(shop, shipment_updated_since="2100-01-01T00:00:00Z") == []


async def test_the_newest_comes_first_and_equals_stay_in_their_order(karla: Karla) -> None:
    shop = await karla.shop()
    for number in range(7):
        order = {"order_number": str(number), "order_placed_at": "2026-03-10T08:00:00Z", "address": None}
        await shop.put("/orders", {"id": str(number), "order": order, "trackings": []})
    pages = [await numbers(shop, per_page=3, page=page) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(number for page in pages for number in page) == [str(number) for number in range(7)]


@pytest.mark.parametrize(
    ("filters", "wrong"),
    [
        ({"page": 0}, ["page"]),
        ({"page": -1, "per_page": 0}, ["page", "per_page"]),
        ({"per_page": 101}, ["per_page"]),
        ({"page": "one", "per_page": "1.5"}, ["page", "per_page"]),
        ({"page": 10**30}, ["page"]),
        ({"uuid": "20011"}, ["uuid"]),
        ({"order_placed_from": "yesterday", "order_placed_to": "2026-02-30T00:00:00Z"}, None),
        ({"order_placed_from": "2026-03-11T08:00:00"}, ["order_placed_from"]),
        ({"shipment_updated_since": "0001-01-01T00:00:00+14:00"}, ["shipment_updated_since"]),
        ({"order_number": "a\0b"}, ["order_number"]),
    ],
)
async def test_bad_filters_are_named_each(shop: ShopClient, filters: dict[str, Any], wrong: list[str] | None) -> None:
    answer = await shop.get("/orders", **filters)
    assert answer.status_code == 422
    faults = answer.json()["errors"]
    assert [fault["loc"] for fault in faults] == [["query", name] for name in wrong or filters]
    assert [fault["field"] for fault in faults] == list(wrong or filters)


async def test_another_shop_s_orders_are_not_found(shop: ShopClient, karla: Karla) -> None:
    stranger = await karla.shop()
    assert await numbers(stranger) == []
    answer = await stranger.get(f"/v1/shops/{shop.slug}/orders")
    assert answer.status_code == 403


async def test_an_empty_field_shows_nobodys_order(karla: Karla) -> None:
    """A desk that searches with an empty field must not get a stranger's order."""
    shop = await karla.shop()
    for name in ("order_number", "uuid", "email_id", "zip_code", "external_id", "order_name"):
        answer = await shop.get("/orders", **{name: ""})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["query", name])
