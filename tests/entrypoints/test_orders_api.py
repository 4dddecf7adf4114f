"""One order by the public API: every documented body is taken, and answered in the documented shape."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.karla import Karla, ShopClient
from tests.support.samples import demand_order, demand_tracking, sample

UPSERTS = ("headless", "shopware_fulfilled", "shopware_guest", "shopware_placed")
DHL = "00340434161094042557"


async def upserted(shop: ShopClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await shop.put("/orders", body)
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()
    demand_order(order, shop.slug)
    return order


async def read(shop: ShopClient, ref: str) -> dict[str, Any]:
    answer = await shop.get(f"/orders/{ref}")
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()
    demand_order(order, shop.slug)
    return order


def small(number: str = "1", **members: Any) -> dict[str, Any]:
    """The least that an upsert needs, and these members of the order."""
    return {"id": number, "trackings": [], "order": {"order_number": number, "address": None, **members}}


def error_of(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["type"] == "invalid_request_error"
    assert body["message"]
    assert isinstance(body["errors"], list)
    return answer.status_code, body["key"]


# --- upsert


@pytest.mark.parametrize("name", UPSERTS)
async def test_every_sample_is_taken_and_a_second_call_sees_the_first(karla: Karla, name: str) -> None:
    shop = await karla.shop()
    body = sample(f"order_upsert.request.{name}")
    order = await upserted(shop, body)
    assert await upserted(shop, body) == order
    assert await read(shop, order["uuid"]) == order
    (found,) = (await shop.get("/orders", uuid=order["uuid"])).json()
    assert found == order
    sent = body["order"]
    for member in ("order_number", "total_order_price", "sub_total_price", "segments", "email_id", "discounts"):
        assert order[member] == sent[member], member
    assert order["external_customer_id"] == sent.get("external_customer_id")
    assert order["address"] == {name: value for name, value in sent["address"].items() if value is not None}
    assert order["order_analytics"] == body.get("order_analytics", {})
    expected = max(sent.get("expected_number_of_shipments", 1), len(body["trackings"]))
    assert len(order["trackings"]) == expected


async def test_a_headless_order_has_a_parcel_and_a_draft(karla: Karla) -> None:
    shop = await karla.shop()
    order = await upserted(shop, sample("order_upsert.request.headless"))
    parcel, draft = order["trackings"]
    assert parcel["carrier"] == {
        "tracking_number": DHL,
        "carrier_reference": "dhl",
        "name": "DHL Paket",
        "tracking_url": f"https://carrier.example/t/{DHL}",
    }
    assert (parcel["phase"], parcel["state"], parcel["draft"]) == ("order_processed", "pending", False)
    assert parcel["external_shipment_id"] == "erp-ship-9"
    assert [line["quantity"] for line in parcel["products"]] == [1]
    assert [event["event_key"] for event in parcel["events"]] == ["SHIPPING_LABEL_CREATED"]
    assert parcel["events"][0]["time"] == "2026-03-13T15:02:44+00:00"
    assert (draft["phase"], draft["state"], draft["draft"]) == ("order_created", "pending", True)
    assert draft["products"] == []
    assert (order["status"], order["fulfillment_status"]) == ("partially_fulfilled", "partially_fulfilled")
    assert order["products"][0]["shipment_id"] == parcel["id"]
    assert order["order_placed_at"] == "2026-03-12T09:41:07+00:00"


@pytest.mark.parametrize(("lines", "shown"), [(500, 500), (0, 0)])
async def test_a_parcel_whose_contents_were_not_told_shows_the_order(karla: Karla, lines: int, shown: int) -> None:
    shop = await karla.shop()
    body = small(products=[{"sku": f"S{n}"} for n in range(lines)], expected_number_of_shipments=4)
    body["trackings"] = [{"tracking_number": "T"}]
    parcel, *drafts = (await upserted(shop, body))["trackings"]
    assert len(parcel["products"]) == shown
    assert [draft["products"] for draft in drafts] == [[]] * 3


async def test_an_order_s_lines_are_not_repeated_for_many_parcels(karla: Karla) -> None:
    shop = await karla.shop()
    body = small(products=[{"sku": f"S{n}"} for n in range(500)], expected_number_of_shipments=100)
    body["trackings"] = [{"tracking_number": "T"}, {"tracking_number": "U", "products": [{"sku": "S1"}]}]
    order = await upserted(shop, body)
    assert len(order["products"]) == 500
    told, *drafts = [[line["sku"] for line in parcel["products"]] for parcel in order["trackings"][1:]]
    assert (order["trackings"][0]["products"], told, drafts) == ([], ["S1"], [[]] * 98)
    journal = await shop.get("/events", per_page=100)
    assert len(journal.content) < 5_000_000
    assert "karla-next-cursor" in journal.headers


async def test_the_plugin_s_story_placed_then_fulfilled_then_edited(karla: Karla) -> None:
    shop = await karla.shop()
    placed = await upserted(shop, sample("order_upsert.request.shopware_placed"))
    fulfilled = await upserted(shop, sample("order_upsert.request.shopware_fulfilled"))
    assert fulfilled["uuid"] == placed["uuid"]
    assert fulfilled["trackings"][0]["id"] == placed["trackings"][0]["id"]
    assert [tracking["carrier_reference"] for tracking in fulfilled["trackings"]] == ["dhl", "dhl"]
    assert [len(tracking["products"]) for tracking in fulfilled["trackings"]] == [1, 1]
    # After an edit the plugin sends the order without its trackings: nothing goes.
    edited = await upserted(shop, sample("order_upsert.request.shopware_placed"))
    assert edited["trackings"] == fulfilled["trackings"]
    assert edited["order_analytics"] == {"affiliate_code": "karla", "campaign_code": "spring-2026"}


async def test_a_tracking_alone_needs_an_order_that_exists(karla: Karla) -> None:
    shop = await karla.shop()
    body = sample("order_upsert.request.tracking_only")
    assert error_of(await shop.put("/orders", body)) == (404, "order_not_found")
    await upserted(shop, small("20011"))
    order = await upserted(shop, body)
    (parcel,) = order["trackings"]
    assert (parcel["tracking_number"], parcel["carrier_reference"]) == ("1Z999AA10123456784", "ups")
    assert parcel["products"] == []


async def test_null_is_as_absent(karla: Karla) -> None:
    shop = await karla.shop()
    body = sample("order_upsert.request.headless")
    order = await upserted(shop, body)
    members = dict.fromkeys(body["order"]) | {"order_number": "20011"}
    nothing: dict[str, Any] = {"id": "20011", "id_type": None, "order": members, "trackings": []}
    nothing["order_analytics"] = None
    assert await upserted(shop, nothing) == order
    parcel = dict.fromkeys(body["trackings"][0]) | {"tracking_number": DHL}
    assert await upserted(shop, nothing | {"trackings": [parcel]}) == order
    empty_address = small("20011", address=dict.fromkeys(body["order"]["address"]))
    assert await upserted(shop, empty_address) == order
    assert await upserted(shop, {"id": "20011", "order": None, "trackings": []}) == order


async def test_an_order_that_says_little_is_answered_whole(karla: Karla) -> None:
    order = await upserted(await karla.shop(), small())
    assert (order["address"], order["products"], order["currency"], order["external_id"]) == ({}, [], "EUR", "")
    assert (order["total_order_price"], order["weight"]) == (0, 0)
    assert order["customer"] == dict.fromkeys(("external_id", "email", "name", "first_name", "last_name"))


async def test_lines_are_answered_with_every_number(karla: Karla) -> None:
    shop = await karla.shop()
    lines: list[dict[str, Any]] = [
        {"title": "Mug"},
        {
            "sku": "SET",
            "type": "bundle",
            "price": 12,
            "images": [{"src": None}, {"src": "https://cdn.example/a.jpg"}, {"alt": "nowhere"}],
            "tax_lines": [{"title": "VAT"}],
            "bundled_products": [{"sku": "A", "images": [{}], "tax_lines": [{"rate": 0.19}]}, {"sku": "B"}],
        },
    ]
    body = small(products=lines)
    order = await upserted(shop, body)
    assert await upserted(shop, body) == order
    mug, bundle = order["products"]
    assert (mug["price"], mug["quantity"], mug["type"]) == (0, 0, "product")
    assert bundle["images"] == [{"src": "https://cdn.example/a.jpg"}]
    assert bundle["tax_lines"] == [{"title": "VAT", "price": 0, "rate": 0}]
    assert [part["images"] for part in bundle["bundled_products"]] == [[], []]


async def test_analytics_are_taken_in_both_places(karla: Karla) -> None:
    shop = await karla.shop()
    inside = await upserted(shop, small(order_analytics={"source": "inside", "note_attributes": [{"name": "a"}]}))
    assert inside["order_analytics"] == {"source": "inside", "note_attributes": [{"name": "a"}]}
    both = small(order_analytics={"source": "inside"}) | {"order_analytics": {"source": "beside"}}
    known = {"source": "beside", "note_attributes": [{"name": "a"}]}
    assert (await upserted(shop, both))["order_analytics"] == known


@pytest.mark.parametrize(
    ("id_type", "value"),
    [
        ("external_id", "0195889b6a3d73f1b9a0f6d0c7e21c55"),
        ("external_id", "bb6a358e-d457-436d-91ce-e00cfeb9ec44"),
        ("order_name", "NL 1/ü?#%"),
        ("order_number", "  1 "),
    ],
)
async def test_an_order_is_found_by_each_kind_of_reference(karla: Karla, id_type: str, value: str) -> None:
    shop = await karla.shop()
    number = value if id_type == "order_number" else "1"
    body = {"id": value, "id_type": id_type, "trackings": [], "order": {"order_number": number, "address": None}}
    order = await upserted(shop, body)
    assert order[id_type] == value
    by_uuid = await upserted(shop, {"id": order["uuid"], "id_type": "uuid", "trackings": [{"tracking_number": "T 1"}]})
    assert by_uuid["uuid"] == order["uuid"]
    (found,) = (await shop.get("/orders", **{id_type: value})).json()
    assert found == by_uuid


async def test_conflicts(karla: Karla) -> None:
    shop = await karla.shop()
    for number in ("1", "2"):
        await upserted(shop, small(number, order_name="Twin", external_id=f"e{number}"))
    assert error_of(await shop.put("/orders", small("1", external_id="e2"))) == (409, "order_exists")
    by_name = {"id": "Twin", "id_type": "order_name", "trackings": []}
    assert error_of(await shop.put("/orders", by_name)) == (409, "order_ambiguous")
    assert error_of(await shop.get("/orders/Twin")) == (409, "order_ambiguous")
    assert error_of(await shop.post("/orders/Twin/cancel")) == (409, "order_ambiguous")


# --- place


async def test_an_order_is_placed_once(karla: Karla) -> None:
    shop = await karla.shop()
    body = sample("order_placement.request")
    answer = await shop.post("/orders", body)
    assert answer.status_code == 201
    demand_order(answer.json(), shop.slug)
    assert await read(shop, "20013") == answer.json()
    assert answer.json()["status"] == "placed"
    assert error_of(await shop.post("/orders", body)) == (409, "order_exists")
    assert error_of(await shop.post("/orders", body | {"order_number": "20014"})) == (409, "order_exists")
    assert len((await shop.get("/orders")).json()) == 1


# --- read, by any reference


async def test_an_order_is_read_by_any_reference(karla: Karla) -> None:
    shop, stranger = await karla.shop(), await karla.shop()
    order = await upserted(shop, sample("order_upsert.request.headless"))
    assert order["order_name"] == "NL20011"
    for ref in (order["uuid"], order["uuid"].upper(), "20011", "erp-77120", "NL20011", DHL):
        assert await read(shop, ref) == order
    for ref in ("20012", str(uuid4()), order["uuid"].replace("-", ""), "20011 ", "%00", "%ED%A0%80", "a" * 4000):
        assert error_of(await shop.get(f"/orders/{ref}"))[0] == 404, ref
    assert error_of(await stranger.get(f"/orders/{order['uuid']}")) == (404, "order_not_found")


async def test_the_surest_reference_wins(karla: Karla) -> None:
    shop = await karla.shop()
    one = await upserted(shop, small("1"))
    await upserted(shop, small("2", external_id=one["uuid"], order_name="1"))
    await upserted(shop, {**small("3"), "trackings": [{"tracking_number": "1"}]})
    assert (await read(shop, "1"))["order_number"] == "1"
    assert (await read(shop, one["uuid"]))["order_number"] == "1"


# --- change


async def test_an_order_is_updated_by_its_uuid_or_any_reference(karla: Karla) -> None:
    shop = await karla.shop()
    external = str(uuid4())
    order = await upserted(shop, small("20011", external_id=external, email_id="a@b.de"))
    body = sample("order_update.request")
    for ref in (order["uuid"], external, "20011"):
        answer = await shop.patch(f"/orders/{ref}", body)
        assert answer.status_code == 200, answer.text
        demand_order(answer.json(), shop.slug)
    assert answer.json()["address"] == body["address"]
    assert (answer.json()["email_id"], len(answer.json()["trackings"])) == ("a@b.de", 3)
    assert await read(shop, "20011") == answer.json()
    says_nothing: list[dict[str, Any]] = [{}, {"address": None, "expected_number_of_shipments": None}, {"address": {}}]
    for nothing in says_nothing:
        assert (await shop.patch(f"/orders/{order['uuid']}", nothing)).json() == answer.json()
    fewer = await shop.patch("/orders/20011", {"expected_number_of_shipments": 0})
    assert fewer.json()["trackings"] == []
    assert error_of(await shop.patch(f"/orders/{uuid4()}", body)) == (404, "order_not_found")


async def test_analytics_have_an_address_of_their_own(karla: Karla) -> None:
    shop = await karla.shop()
    await upserted(shop, small("20011", external_id="e"))
    told = {"source": "karla", "anything": [1, 2.5, None, {"deep": True}]}
    for ref in ("20011", "e"):
        answer = await shop.put(f"/orders/{ref}/analytics", told)
        assert (answer.status_code, answer.json()) == (200, told)
    assert (await shop.put("/orders/e/analytics", {})).json() == told
    assert (await read(shop, "e"))["order_analytics"] == told
    assert error_of(await shop.put("/orders/nothing/analytics", told)) == (404, "order_not_found")


async def test_an_order_is_cancelled_until_a_parcel_has_left(karla: Karla) -> None:
    shop = await karla.shop()
    await upserted(shop, small() | {"trackings": [{"tracking_number": DHL}]})
    answer = await shop.post("/orders/1/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    demand_order(answer.json(), shop.slug)
    assert answer.json()["cancelled_at"]
    assert answer.json()["trackings"][0]["events"][0]["event_key"] == "ORDER_CANCELLED"
    assert (await shop.post("/orders/1/cancel")).json() == answer.json()
    order = await upserted(shop, small("2") | {"trackings": [{"tracking_number": DHL}]})
    event = {"event_name": "ACCEPTED_BY_CARRIER", "event_time": "2026-03-16T07:12:00Z", "external_id": "1"}
    assert (await shop.post(f"/shipments/{order['trackings'][0]['id']}/events", event)).status_code == 201
    assert error_of(await shop.post("/orders/2/cancel")) == (409, "order_shipped")
    assert error_of(await shop.post("/orders/3/cancel")) == (404, "order_not_found")


async def test_a_shipment_s_link_and_contents_are_updated(karla: Karla) -> None:
    shop = await karla.shop()
    order = await upserted(shop, sample("order_upsert.request.headless"))
    parcel = order["trackings"][0]
    path = f"/orders/{order['uuid']}/shipments/{parcel['id']}"
    body = sample("order_shipment_update.request")
    answer = await shop.patch(path, body)
    assert answer.status_code == 200
    demand_tracking(answer.json(), shop.slug)
    assert answer.json()["tracking_url"] == body["tracking_url"]
    assert [line["quantity"] for line in answer.json()["products"]] == [2]
    assert (await read(shop, "20011"))["trackings"][0] == answer.json()
    says_nothing: list[dict[str, Any]] = [{}, {"products": None, "tracking_url": None}, {"tracking_url": ""}]
    for nothing in says_nothing:
        assert (await shop.patch(path, nothing)).json() == answer.json()
    cleared = (await shop.patch(path, {"products": []})).json()
    assert (cleared["products"], cleared["tracking_url"]) == ([], body["tracking_url"])
    assert (await shop.patch(path, {"products": [{"sku": "B"}]})).json()["products"][0]["sku"] == "B"


async def test_a_shipment_of_another_order_is_not_found(karla: Karla) -> None:
    shop = await karla.shop()
    one, two = await upserted(shop, small("1")), await upserted(shop, small("2"))
    there = two["trackings"][0]["id"]
    for path, key in (
        (f"/orders/{one['uuid']}/shipments/{there}", "shipment_not_found"),
        (f"/orders/{one['uuid']}/shipments/{uuid4()}", "shipment_not_found"),
        (f"/orders/{one['uuid']}/shipments/nonsense", "shipment_not_found"),
        (f"/orders/{uuid4()}/shipments/{there}", "order_not_found"),
    ):
        assert error_of(await shop.patch(path, {"products": []})) == (404, key)
