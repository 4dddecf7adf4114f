"""Whatever a caller sends: an answer below 500 that names each fault by its place, and nothing half done."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.karla import Karla, ShopClient
from tests.support.samples import sample

NOBODY = "e72797fa-55b0-4685-b33d-2ac84c33bd17"
JSON = {"Content-Type": "application/json"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(karla: Karla) -> ShopClient:
    """A shop with one order, that no bad call changes."""
    client = await karla.shop()
    answer = await client.put("/orders", sample("order_upsert.request.headless"))
    assert answer.status_code == 200, answer.text
    return client


def upsert(*path: str | int, value: Any = None, remove: bool = False) -> dict[str, Any]:
    """The sample, with one value in it changed or taken out."""
    body: Any = sample("order_upsert.request.headless")
    parent = body
    for step in path[:-1]:
        parent = parent[step]
    if remove:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return dict(body)


async def everything(shop: ShopClient) -> list[Any]:
    return list((await shop.get("/orders")).json())


async def refused(shop: ShopClient, method: str, path: str, body: Any, status: int = 422) -> list[tuple[Any, ...]]:
    """The places of the faults that this call is refused with; nothing is changed by it."""
    before = await everything(shop)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await shop.call(method, path, content=content, headers=JSON)
    assert answer.status_code == status, answer.text
    assert await everything(shop) == before
    return places(answer)


def places(answer: httpx.Response) -> list[tuple[Any, ...]]:
    """A look at the whole error, and where its faults are."""
    error = answer.json()
    assert set(error) == {"errors", "key", "message", "type", "request_id"}
    assert error["type"] == "invalid_request_error"
    for fault in error["errors"]:
        assert set(fault) == {"loc", "field", "msg", "type"}
        assert fault["msg"]
        assert fault["type"]
    return sorted((tuple(fault["loc"]) for fault in error["errors"]), key=str)


WRONG_TYPES: dict[tuple[str | int, ...], list[Any]] = {
    ("id",): [None, 1, [], {}, True, "", "x" * 256, " "],
    ("id_type",): ["number", 1, "", []],
    ("trackings",): [None, {}, "T", [None], [1]],
    ("order", "order_number"): [None, 20011, "", "x" * 256],
    ("order", "address"): ["Berlin", [], 1],
    ("order", "address", "zip_code"): [10119, "x" * 33],
    ("order", "address", "city"): [1, "x" * 256],
    ("order", "total_order_price"): ["54.80", True, [], 1e13, -1e13],
    ("order", "weight"): [-1, "heavy"],
    ("order", "currency"): ["EURO", "", "E1R", 978],
    ("order", "segments"): ["VIP", [1], [None], ["x" * 256], ["s"] * 501],
    ("order", "email_id"): [1, "x" * 321],
    ("order", "products"): [{}, ["mug"], [{}] * 501],
    ("order", "products", 0, "quantity"): ["2", -1, 1.5, 10**7],
    ("order", "products", 0, "type"): ["gift", 1],
    ("order", "products", 0, "images"): ["https://x", [{"src": 1}], [{}] * 51],
    ("order", "products", 0, "tax_lines"): [[{"rate": "19%"}], {}],
    ("order", "products", 0, "bundled_products"): [[1], [{"price": "1"}]],
    ("order", "discounts"): [[{}], [{"code": None}], [{"code": "A", "amount": []}]],
    ("order", "expected_number_of_shipments"): [-1, 101, "2", 1.5, True],
    ("order", "order_analytics"): ["source", []],
    ("order", "payment_status"): ["free", 1],
    ("order_analytics",): ["source", [1]],
    ("trackings", 0, "tracking_number"): [None, 340434, "", "\t \n", "x" * 256],
    ("trackings", 0, "tracking_url"): ["javascript:alert(1)", "carrier.example/t", 1, "https://" + "x" * 2048],
    ("trackings", 0, "carrier_reference"): ["dhll", "DHL", "x" * 300, 1],
    ("trackings", 0, "direction"): ["back", 1],
    ("trackings", 0, "products"): [{}, [1], [{}] * 501],
}


@pytest.mark.parametrize(("path", "values"), WRONG_TYPES.items(), ids=lambda value: ".".join(map(str, value))[:60])
async def test_a_wrong_value_is_named_by_its_place(
    shop: ShopClient, path: tuple[str | int, ...], values: list[Any]
) -> None:
    for value in values:
        faults = await refused(shop, "PUT", "/orders", upsert(*path, value=value))
        assert all(fault[: len(path) + 1] == ("body", *path) for fault in faults), (value, faults)
        assert faults


@pytest.mark.parametrize(
    "path",
    [
        ("id",),
        ("trackings",),
        ("order", "order_number"),
        ("order", "address"),
        ("order", "address", "zip_code"),
        ("trackings", 0, "tracking_number"),
    ],
)
async def test_a_missing_member_is_named_by_its_place(shop: ShopClient, path: tuple[str | int, ...]) -> None:
    assert await refused(shop, "PUT", "/orders", upsert(*path, remove=True)) == [("body", *path)]


async def test_the_key_of_a_missing_zip_code_is_its_own(shop: ShopClient) -> None:
    body = upsert("order", "address", "zip_code", remove=True)
    answer = await shop.put("/orders", body)
    assert answer.json()["key"] == "zip_code_invalid"
    (fault,) = answer.json()["errors"]
    assert fault["loc"] == ["body", "order", "address", "zip_code"]
    assert (fault["field"], fault["msg"], fault["type"]) == ("zip_code", "Field required", "missing")


async def test_all_faults_are_named_at_once(shop: ShopClient) -> None:
    body = {
        "id_type": "number",
        "order": {"address": {"city": 1}, "weight": -1, "segments": [1, "ok", 2], "products": [{"quantity": "x"}]},
        "trackings": [{"tracking_number": 1}, {"tracking_url": "ftp://x"}],
    }
    assert await refused(shop, "PUT", "/orders", body) == sorted(
        [
            ("body", "id"),
            ("body", "id_type"),
            ("body", "order", "address", "city"),
            ("body", "order", "address", "zip_code"),
            ("body", "order", "order_number"),
            ("body", "order", "products", 0, "quantity"),
            ("body", "order", "segments", 0),
            ("body", "order", "segments", 2),
            ("body", "order", "weight"),
            ("body", "trackings", 0, "tracking_number"),
            ("body", "trackings", 1, "tracking_number"),
            ("body", "trackings", 1, "tracking_url"),
        ],
        key=str,
    )


async def test_times_and_carriers_are_named_together(shop: ShopClient) -> None:
    body = upsert("order", "order_placed_at", value="1066-10-14T09:00:00Z")
    parcel = {"tracking_number": "T", "tracking_placed_at": "2300-01-01T00:00:00Z", "carrier_reference": "dhll"}
    body["trackings"] = [parcel, parcel]
    assert await refused(shop, "PUT", "/orders", body) == [
        ("body", "order", "order_placed_at"),
        ("body", "trackings", 0, "carrier_reference"),
        ("body", "trackings", 0, "tracking_placed_at"),
        ("body", "trackings", 1, "carrier_reference"),
        ("body", "trackings", 1, "tracking_placed_at"),
    ]


@pytest.mark.parametrize(
    "time",
    [
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:00",
        "2026-03-12T09:41:07",
        "2026-03-12",
        "2026-13-01T00:00:00Z",
        "2026-03-12T25:00:00Z",
        "2026-03-12T09:41:07+99:00",
        "yesterday",
        "",
        1773300000,
        1e300,
    ],
)
async def test_a_time_that_is_none(shop: ShopClient, time: Any) -> None:
    for path in (("order", "order_placed_at"), ("trackings", 0, "tracking_placed_at")):
        assert await refused(shop, "PUT", "/orders", upsert(*path, value=time)) == [("body", *path)]
    placement = sample("order_placement.request") | {"order_placed_at": time}
    assert await refused(shop, "POST", "/orders", placement) == [("body", "order_placed_at")]


async def test_a_placement_names_its_members_where_they_stand(shop: ShopClient) -> None:
    body = sample("order_placement.request") | {"order_placed_at": "1066-10-14T09:00:00Z"}
    assert await refused(shop, "POST", "/orders", body) == [("body", "order_placed_at")]
    assert await refused(shop, "POST", "/orders", {}) == [("body", "address"), ("body", "order_number")]


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", str(10**40).encode(), b"1" * 5000])
async def test_huge_numbers(shop: ShopClient, number: bytes) -> None:
    for place in (("order", "weight"), ("order", "expected_number_of_shipments"), ("order_analytics", "source")):
        body = json.dumps(upsert(*place, value="HUGE")).encode().replace(b'"HUGE"', number)
        assert await refused(shop, "PUT", "/orders", body) == [("body", *place)]


UNPRINTABLE: list[tuple[str | int, ...]] = [
    ("id",),
    ("order", "email_id"),
    ("order", "address", "city"),
    ("order", "segments", 0),
    ("order", "products", 0, "title"),
    ("order_analytics", "source"),
    ("trackings", 0, "tracking_number"),
    ("trackings", 0, "carrier_reference"),
]


@pytest.mark.parametrize("path", UNPRINTABLE)
async def test_the_nul_character_is_named_and_half_a_surrogate_is_no_text(
    shop: ShopClient, path: tuple[str | int, ...]
) -> None:
    assert await refused(shop, "PUT", "/orders", upsert(*path, value="a\0b")) == [("body", *path)]
    for half in (b"\\ud800", b"\\udfff", b"a\\ud83db", b"\\ud800\\ud800"):
        body = json.dumps(upsert(*path, value="HALF")).encode().replace(b"HALF", half)
        assert await refused(shop, "PUT", "/orders", body, 400) == [("body",)]


async def test_nul_in_the_name_of_a_free_member(shop: ShopClient) -> None:
    faults = await refused(shop, "PUT", "/orders", upsert("order_analytics", "a\0b", value=1))
    assert faults == [("body", "order_analytics", "a\N{REPLACEMENT CHARACTER}b")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b" \n", 400),
        (b"{", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"{'id': 1}", 400),
        (b'{"id": NaN, "trackings": []}', 400),
        (b'{"id": "1", "trackings": []} x', 400),
        (b"\xef\xbb\xbf{}", 400),
        (b'{"id": "\xff\xfe", "trackings": []}', 400),
        ('{"id": "1", "trackings": []}'.encode("utf-16"), 400),
        (b"\x00", 400),
        (b'{"order_analytics":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001, 400),
        (b"[" * 100_000, 400),
        (b'{"id":"1","trackings":[],"order_analytics":{"a":' + b"[" * 70 + b"]" * 70 + b"}}", 400),
        (b'{"id": "' + b"x" * 2_000_000 + b'", "trackings": []}', 413),
        (b'{"id": "1", "id": "2", "trackings": []}', 404),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else str(value),
)
async def test_what_is_no_order_at_all(shop: ShopClient, body: bytes, status: int) -> None:
    for method in ("PUT", "POST"):
        expected = 422 if (method, status) == ("POST", 404) else status
        faults = await refused(shop, method, "/orders", body, expected)
        assert faults or expected in (404, 413)


async def test_unknown_members_are_ignored(shop: ShopClient) -> None:
    before = await everything(shop)
    body = sample("order_upsert.request.headless")
    for part in (body, body["order"], body["order"]["address"], body["order"]["products"][0], body["trackings"][0]):
        part["no_such_member"] = {"deep": [None]}
    answer = await shop.put("/orders", body)
    assert (answer.status_code, answer.json()) == (200, before[0])


async def test_bodies_come_under_any_content_type(shop: ShopClient) -> None:
    before = await everything(shop)
    content = json.dumps(sample("order_upsert.request.headless"))
    for content_type in ("application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "?"):
        answer = await shop.call("PUT", "/orders", content=content, headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()) == (200, before[0]), content_type


@pytest.mark.parametrize(
    ("method", "path", "body", "faults"),
    [
        ("PATCH", "/orders/20011", {"address": 1}, ["address"]),
        ("PATCH", "/orders/20011", {"expected_number_of_shipments": 101}, ["expected_number_of_shipments"]),
        ("PATCH", "/orders/20011", {"address": {"zip_code": []}}, ["address.zip_code"]),
        ("PUT", "/orders/20011/analytics", {"a": {"b": [1, "\0"]}}, ["a.b.1"]),
        ("PATCH", "/orders/20011/shipments/{id}", {"products": {}, "tracking_url": "x"}, ["products", "tracking_url"]),
        ("PATCH", "/orders/20011/shipments/{id}", {"products": [{"price": "1"}]}, ["products.0.price"]),
    ],
)
async def test_the_other_calls_name_their_faults_too(
    shop: ShopClient, method: str, path: str, body: Any, faults: list[str]
) -> None:
    (order,) = await everything(shop)
    found = await refused(shop, method, path.format(id=order["trackings"][0]["id"]), body)
    assert [".".join(map(str, place[1:])) for place in found] == faults


@pytest.mark.parametrize("ref", ["%00", "%ff", "%2e%2e", "a" * 5000, "%F0%9F%A6%84", "'--", NOBODY])
async def test_odd_references_name_nothing(shop: ShopClient, ref: str) -> None:
    before = await everything(shop)
    for method, path in (
        ("GET", f"/orders/{ref}"),
        ("PATCH", f"/orders/{ref}"),
        ("PUT", f"/orders/{ref}/analytics"),
        ("POST", f"/orders/{ref}/cancel"),
        ("PATCH", f"/orders/20011/shipments/{ref}"),
        ("PATCH", f"/orders/{ref}/shipments/{NOBODY}"),
    ):
        answer = await shop.call(method, path, json={})
        assert answer.status_code in (404, 405), (method, path)
        places(answer)
    assert await everything(shop) == before


# --- and whatever else there is


def _scalars() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["2026-03-12T09:41:07Z", "0001-01-01T00:00:00+23:59", "\0", "EUR", "uuid", NOBODY]),
    )


def _anything() -> st.SearchStrategy[Any]:
    return st.recursive(
        _scalars(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in steps:
        yield (*path, step)
        yield from _paths(part, (*path, step))


_PLACES = st.sampled_from(list(_paths(sample("order_upsert.request.headless"))))


@settings(derandomize=True, max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.tuples(_PLACES, _anything()), min_size=1, max_size=3))
async def test_no_body_breaks_it(shop: ShopClient, changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    body = sample("order_upsert.request.headless")
    for path, value in changes:
        parent = body
        try:
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            continue
    answer = await shop.call("PUT", "/orders", content=json.dumps(body).encode(), headers=JSON)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert places(answer) or answer.status_code in (404, 409)
