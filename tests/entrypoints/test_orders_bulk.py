"""Many orders in one call: a result for each, and a limit on how often."""

from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from karla.entrypoints.api import app as api
from karla.infra.rate_limit import RateLimit
from tests.support.clocks import StandingClock
from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample


async def bulk(shop: ShopClient, items: Any) -> list[dict[str, Any]]:
    answer = await shop.put("/orders/bulk", items)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()
    assert [result["index"] for result in results] == list(range(len(items)))
    return results


def small(number: str, *trackings: dict[str, Any], **members: Any) -> dict[str, Any]:
    order = {"order_number": number, "address": None, **members}
    return {"id": number, "trackings": list(trackings), "order": order}


async def test_the_sample_fulfils_two_orders(karla: Karla) -> None:
    shop = await karla.shop()
    missing = await bulk(shop, sample("orders_bulk.request"))
    assert [(result["status"], result["error"]["key"]) for result in missing] == [(404, "order_not_found")] * 2
    await bulk(shop, [small("20011"), small("20012")])
    results = await bulk(shop, sample("orders_bulk.request"))
    assert [(result["id"], result["order_number"], result["status"]) for result in results] == [
        ("20011", "20011", 200),
        ("20012", "20012", 200),
    ]
    for result, carrier in zip(results, ("ups", "dpd"), strict=True):
        order = (await shop.get(f"/orders/{result['uuid']}")).json()
        (parcel,) = order["trackings"]
        assert parcel["carrier_reference"] == carrier
        assert result["shipments"] == [{"id": parcel["id"], "tracking_number": parcel["tracking_number"]}]
        assert result["error"] is None


async def test_every_item_is_answered_for_itself(karla: Karla) -> None:
    shop = await karla.shop()
    items: list[Any] = [
        small("1"),
        "no object",
        None,
        {"id": 7},
        small("2", {"tracking_number": "X", "carrier_reference": "dhll"}, order_placed_at="1066-10-14T09:00:00Z"),
        small("1", {"tracking_number": "T"}),
        small("3", email_id="a\0b"),
        [[[]]],
        small("4"),
    ]
    answer = await shop.put("/orders/bulk", items)
    results = answer.json()
    assert [result["status"] for result in results] == [200, 422, 422, 422, 422, 200, 422, 422, 200]
    faults = [(result["error"] or {"errors": []})["errors"] for result in results]
    locs = [sorted(fault["loc"] for fault in of_one) for of_one in faults]
    assert locs == [
        [],
        [["body", 1]],
        [["body", 2]],
        [["body", 3, "id"], ["body", 3, "trackings"]],
        [["body", 4, "order", "order_placed_at"], ["body", 4, "trackings", 0, "carrier_reference"]],
        [],
        [["body", 6, "order", "email_id"]],
        [["body", 7]],
        [],
    ]
    request_id = answer.headers["x-request-id"]
    assert {result["error"]["request_id"] for result in results if result["error"]} == {request_id}
    assert [order["order_number"] for order in (await shop.get("/orders")).json()] in (["1", "4"], ["4", "1"])
    assert (await shop.get("/orders/1")).json()["trackings"][0]["tracking_number"] == "T"


async def test_unknown_carriers_of_many_orders_are_refused_with_hints_for_the_first_ten(karla: Karla) -> None:
    shop = await karla.shop()
    items = [small(str(n), {"tracking_number": "T", "carrier_reference": f"fedx{n % 100}"}) for n in range(500)]
    results = await bulk(shop, items)
    assert {result["status"] for result in results} == {422}
    faults = [fault for result in results for fault in result["error"]["errors"]]
    assert [fault["loc"] for fault in faults] == [["body", n, "trackings", 0, "carrier_reference"] for n in range(500)]
    assert [n for n, fault in enumerate(faults) if "did you mean" in fault["msg"]] == [
        n for n in range(500) if n % 100 < 10
    ]


async def test_items_about_one_order_are_done_in_their_order(karla: Karla) -> None:
    shop = await karla.shop()
    items = [
        small("1", {"tracking_number": f"T{n}"}, email_id=f"{n}@x.de", address={"zip_code": str(n)}) for n in range(9)
    ]
    results = await bulk(shop, items)
    assert [len(result["shipments"]) for result in results] == list(range(1, 10))
    order = (await shop.get("/orders/1")).json()
    assert (order["email_id"], order["address"]) == ("8@x.de", {"zip_code": "8"})


@pytest.mark.parametrize(
    ("body", "status", "key", "loc"),
    [
        ([{}] * 501, 422, "request_invalid", ["body"]),
        ({"id": "1", "trackings": []}, 422, "request_invalid", ["body"]),
        ("text", 422, "request_invalid", ["body"]),
        (b"null", 422, "request_invalid", ["body"]),
        (b"[{}, ", 400, "json_invalid", ["body"]),
        (b"[\xff]", 400, "json_invalid", ["body"]),
        (b"", 400, "body_missing", ["body"]),
        (b"[" + b" " * (16 * 1024 * 1024) + b"]", 413, "body_too_large", None),
    ],
    ids=["501 items", "one item", "text", "null", "half", "not UTF-8", "empty", "16 MB"],
)
async def test_what_is_no_list_of_up_to_500_is_refused(
    karla: Karla, body: Any, status: int, key: str, loc: list[str] | None
) -> None:
    shop = await karla.shop()
    if isinstance(body, bytes):
        headers = {"Content-Type": "application/json"}
        answer = await shop.call("PUT", "/orders/bulk", content=body, headers=headers)
    else:
        answer = await shop.put("/orders/bulk", body)
    assert (answer.status_code, answer.json()["key"]) == (status, key)
    assert [fault["loc"] for fault in answer.json()["errors"]] == ([] if loc is None else [loc])


async def test_500_items_and_none(karla: Karla) -> None:
    shop = await karla.shop()
    assert await bulk(shop, []) == []
    results = await bulk(shop, [small(str(number)) for number in range(500)])
    assert {result["status"] for result in results} == {200}
    assert len((await shop.get("/orders", per_page=100, page=5)).json()) == 100


async def test_too_many_calls_are_told_when_to_come_back(karla: Karla) -> None:
    """Three calls a minute: one comes back every 20 seconds."""
    shop, other = await karla.shop(), await karla.shop()
    clock = StandingClock()
    services = msgspec.structs.replace(karla.services, bulk_limit=RateLimit(3, clock))
    transport = httpx.ASGITransport(app=api.with_services(services))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://karla.test") as http:

        async def call(by: ShopClient) -> httpx.Response:
            return await http.put(f"/v1/shops/{by.slug}/orders/bulk", json=[small("1")], headers=by.headers)

        left = []
        for _ in range(3):
            answer = await call(shop)
            assert answer.status_code == 200
            assert answer.headers["ratelimit-limit"] == "3"
            assert "retry-after" not in answer.headers
            left.append(answer.headers["ratelimit-remaining"])
        assert left == ["2", "1", "0"]
        refused = await call(shop)
        assert (refused.status_code, refused.json()["key"]) == (429, "rate_limited")
        assert (refused.headers["retry-after"], refused.headers["ratelimit-remaining"]) == ("20", "0")
        assert (await call(other)).status_code == 200
        clock.advance(timedelta(seconds=int(refused.headers["retry-after"])))
        assert (await call(shop)).status_code == 200
        assert (await call(shop)).status_code == 429
