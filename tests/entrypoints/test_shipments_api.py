"""Shipments by the public API: searching, reading, and events that no carrier reports."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from karla.vocabulary.events import LANGUAGES
from karla.vocabulary.locale import wire_code
from karla.vocabulary.scope import Role
from tests.support.karla import Karla, ShopClient
from tests.support.samples import demand_event, demand_order, demand_time, demand_tracking, sample

DHL = "00340434161094042557"
UPS = "1Z999AA10123456784"
REQUIRED = ("event_name", "event_time", "external_id")


class Parcels:
    """A shop with an order of two parcels and a draft, and a return."""

    def __init__(self, shop: ShopClient, order: dict[str, Any]) -> None:
        self.shop = shop
        self.order = order
        self.dhl, self.ups, self.draft, self.back = order["trackings"]

    async def event(self, ref: str, name: str, external_id: str = "1", **members: Any) -> httpx.Response:
        body = {"event_name": name, "event_time": "2026-03-16T07:12:00+00:00", "external_id": external_id}
        return await self.shop.post(f"/shipments/{ref}/events", body | members)

    async def found(self, **filters: Any) -> list[str | None]:
        answer = await self.shop.get("/shipments", **filters)
        assert answer.status_code == 200, answer.text
        for shipment in answer.json():
            demand_tracking(shipment, self.shop.slug)
        return [shipment["tracking_number"] for shipment in answer.json()]


@pytest_asyncio.fixture
async def parcels(karla: Karla) -> Parcels:
    shop = await karla.shop()
    order = {
        "order_number": "20011",
        "external_id": "erp-1",
        "order_name": "#20011",
        "address": {"zip_code": "10119"},
        "expected_number_of_shipments": 3,
    }
    trackings = [
        {"tracking_number": DHL, "external_shipment_id": "d-1"},
        {"tracking_number": UPS},
        {"tracking_number": "BACK", "carrier_reference": "dpd", "direction": "customer_merchant"},
    ]
    for tracking in trackings:
        tracking["tracking_placed_at"] = "2026-03-13T15:02:44+00:00"
    await shop.put("/orders", {"id": "20011", "order": order, "trackings": trackings[:2]})
    answer = await shop.put("/orders", {"id": "20011", "trackings": trackings[2:]})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    made["trackings"].sort(key=lambda tracking: [DHL, UPS, None, "BACK"].index(tracking["tracking_number"]))
    return Parcels(shop, made)


# --- search and read


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, {DHL, UPS, None, "BACK"}),
        ({"order": "20011"}, {DHL, UPS, None, "BACK"}),
        ({"order": "erp-1", "carrier": "ups"}, {UPS}),
        ({"order": "#20011", "direction": "customer_merchant"}, {"BACK"}),
        ({"order": "20012"}, set()),
        ({"order": "0195889b6a3d73f1b9a0f6d0c7e21c55"}, set()),
        ({"tracking_number": DHL}, {DHL}),
        ({"carrier": "dhl"}, {DHL}),
        ({"carrier": "nonsense"}, set()),
        ({"phase": "order_created"}, {None}),
        ({"phase": "order_processed", "direction": "merchant_customer"}, {DHL, UPS}),
        ({"phase": "delivered"}, set()),
        ({"updated_since": "2100-01-01T00:00:00Z"}, set()),
        ({"updated_since": "2020-01-01T00:00:00+02:00", "carrier": "dpd"}, {"BACK"}),
        ({"per_page": 100, "page": 2}, set()),
    ],
)
async def test_filters(parcels: Parcels, filters: dict[str, Any], found: set[str | None]) -> None:
    assert set(await parcels.found(**filters)) == found


async def test_the_last_updated_comes_first_page_by_page(parcels: Parcels) -> None:
    assert (await parcels.event(UPS, "OUT_FOR_DELIVERY")).status_code == 201
    pages = [await parcels.found(per_page=3, page=page) for page in (1, 2)]
    assert [len(page) for page in pages] == [3, 1]
    assert pages[0][:2] == [UPS, "BACK"]
    changed = (await parcels.shop.get(f"/shipments/{UPS}")).json()["updated_at"]
    assert await parcels.found(updated_since=changed) == [UPS]
    assert await parcels.found(order=parcels.order["uuid"], phase="in_delivery") == [UPS]


@pytest.mark.parametrize(
    ("filters", "wrong"),
    [
        ({"phase": "lost"}, ["phase"]),
        ({"direction": "sideways", "page": 0}, ["direction", "page"]),
        ({"per_page": 101}, ["per_page"]),
        ({"updated_since": "now"}, ["updated_since"]),
        ({"order": "\0", "tracking_number": "\0"}, ["order", "tracking_number"]),
    ],
)
async def test_bad_filters_are_named_each(parcels: Parcels, filters: dict[str, Any], wrong: list[str]) -> None:
    answer = await parcels.shop.get("/shipments", **filters)
    assert answer.status_code == 422
    assert sorted(fault["loc"][1] for fault in answer.json()["errors"]) == wrong


async def test_a_shipment_is_read_by_any_reference(parcels: Parcels, karla: Karla) -> None:
    for ref in (parcels.dhl["id"], parcels.dhl["id"].upper(), DHL, "d-1"):
        answer = await parcels.shop.get(f"/shipments/{ref}")
        assert answer.status_code == 200
        demand_tracking(answer.json(), parcels.shop.slug)
        assert answer.json() == parcels.dhl
    stranger = await karla.shop()
    for who, ref in ((parcels.shop, "nothing"), (parcels.shop, str(uuid4())), (stranger, DHL), (parcels.shop, "%00")):
        for path in (f"/shipments/{ref}", f"/shipments/{ref}/events"):
            answer = await who.get(path)
            assert answer.status_code == 404
            assert answer.json()["key"] in ("shipment_not_found", "not_found")


async def test_the_surest_reference_wins_and_of_equals_the_newest(karla: Karla) -> None:
    shop = await karla.shop()
    ids = []
    for number, tracking in (
        ("1", {"tracking_number": "A", "external_shipment_id": "B"}),
        ("2", {"tracking_number": "B", "external_shipment_id": "A"}),
        ("3", {"tracking_number": "B"}),
    ):
        order = {"order_number": number, "address": None}
        answer = await shop.put("/orders", {"id": number, "order": order, "trackings": [tracking]})
        ids.append(answer.json()["trackings"][0]["id"])
    assert (await shop.get("/shipments/A")).json()["id"] == ids[0]
    assert (await shop.get("/shipments/B")).json()["id"] == ids[2]
    assert (await shop.get(f"/shipments/{ids[1]}")).json()["id"] == ids[1]


# --- events


async def test_the_sample_event_moves_the_shipment_and_again_changes_nothing(parcels: Parcels) -> None:
    path = f"/shipments/{parcels.dhl['id']}/events"
    first = await parcels.shop.post(path, sample("shipment_event_create.request"))
    assert first.status_code == 201
    demand_event(first.json())
    assert (first.json()["event_key"], first.json()["phase"]) == ("OUT_FOR_DELIVERY", "in_delivery")
    assert (first.json()["external_id"], first.json()["origin"]) == ("wms-ev-55812", "api")
    shipment = (await parcels.shop.get(f"/shipments/{DHL}")).json()
    assert (shipment["phase"], shipment["state"], shipment["flag"]) == ("in_delivery", "transit", "normal")
    assert shipment["events"][0] == first.json()
    assert shipment["last_event"]["event_name"] == "OUT_FOR_DELIVERY"
    demand_time(shipment["last_event"]["time"])
    again = await parcels.shop.post(path, sample("shipment_event_create.request"))
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await parcels.shop.get(f"/shipments/{DHL}")).json() == shipment
    order = (await parcels.shop.get("/orders/20011")).json()
    demand_order(order, parcels.shop.slug)
    assert shipment in order["trackings"]


async def test_a_timeline_is_newest_first_and_keeps_what_came_with_it(parcels: Parcels) -> None:
    place = {"city": "Berlin", "country_code": "DE"}
    for hour, name in ((9, "SUCCESSFULLY_DELIVERED"), (7, "OUT_FOR_DELIVERY"), (8, "DRIVER_NEARBY")):
        answer = await parcels.event(
            "d-1",
            name,
            external_id=name,
            event_time=f"2026-03-16T0{hour}:00:00.5+01:00",
            location=place,
            timezone="Europe/Berlin",
            additional_info={"pickup_point": None, "deep": [1]},
        )
        assert answer.status_code == 201, answer.text
    events = (await parcels.shop.get("/shipments/d-1/events")).json()
    assert [event["event_key"] for event in events] == [
        "SUCCESSFULLY_DELIVERED",
        "DRIVER_NEARBY",
        "OUT_FOR_DELIVERY",
        "SHIPPING_LABEL_CREATED",
    ]
    for event in events:
        demand_event(event)
    assert events[0]["time"] == "2026-03-16T08:00:00.500000+00:00"
    assert (events[0]["location"], events[0]["timezone"]) == (place, "Europe/Berlin")
    assert events[0]["additional_info"] == {"pickup_point": None, "deep": [1]}
    assert (await parcels.shop.get("/shipments/d-1")).json()["phase"] == "delivered"


async def test_a_correction_takes_a_delivery_back(parcels: Parcels) -> None:
    await parcels.event(DHL, "SUCCESSFULLY_DELIVERED")
    later = {"event_time": "2026-03-16T08:00:00Z"}
    await parcels.event(DHL, "OUT_FOR_DELIVERY", "2", **later)
    assert (await parcels.shop.get(f"/shipments/{DHL}")).json()["phase"] == "delivered"
    await parcels.event(DHL, "OUT_FOR_DELIVERY", "3", correction=True, **later)
    assert (await parcels.shop.get(f"/shipments/{DHL}")).json()["phase"] == "in_delivery"


async def test_the_words_are_in_the_language_beside_them(parcels: Parcels) -> None:
    known = [(f"xx, {code}-XX;q=0.5", code) for code in map(wire_code, LANGUAGES)]
    for header, language in (*known, ("xx", "en"), ("*", "en"), ("nonsense;;;", "en")):
        answer = await parcels.shop.call("GET", f"/shipments/{DHL}", headers={"Accept-Language": header})
        assert {event["language"] for event in answer.json()["events"]} == {language}


async def test_what_a_draft_may_carry(parcels: Parcels) -> None:
    draft = parcels.draft["id"]
    assert (await parcels.event(draft, "ORDER_IN_PROCESSING")).status_code == 201
    refused = await parcels.event(draft, "OUT_FOR_DELIVERY", "2")
    assert (refused.status_code, refused.json()["key"]) == (422, "shipment_is_draft")
    assert refused.json()["errors"][0]["loc"] == ["body", "event_name"]


async def test_events_that_come_at_once_are_each_answered_for(parcels: Parcels) -> None:
    names = ("DEPARTURE_FROM_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "NO_SUCH_EVENT", "SUCCESSFULLY_DELIVERED")
    calls = [(ref, name) for ref in (DHL, UPS) for name in names]
    answers = await asyncio.gather(
        *(parcels.event(ref, name, external_id=name) for ref, name in calls),
        *(parcels.event(DHL, "OUT_FOR_DELIVERY", external_id="OUT_FOR_DELIVERY") for _ in range(3)),
    )
    told = [answer.json().get("event_key", answer.json().get("key")) for answer in answers]
    assert told[: len(calls)] == [name if name != "NO_SUCH_EVENT" else "event_name_invalid" for _, name in calls]
    again = [answers[calls.index((DHL, "OUT_FOR_DELIVERY"))], *answers[len(calls) :]]
    assert sorted(answer.status_code for answer in again) == [200, 200, 200, 201]
    assert len({answer.json()["event_id"] for answer in again}) == 1
    for ref in (DHL, UPS):
        assert (await parcels.shop.get(f"/shipments/{ref}")).json()["phase"] == "delivered"


async def test_an_event_id_is_not_used_for_another_event(parcels: Parcels) -> None:
    await parcels.event(DHL, "OUT_FOR_DELIVERY")
    refused = await parcels.event(DHL, "SUCCESSFULLY_DELIVERED")
    assert (refused.status_code, refused.json()["key"]) == (409, "shipment_event_exists")
    assert (await parcels.event(UPS, "SUCCESSFULLY_DELIVERED")).status_code == 201


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("members", "wrong", "key"),
    [
        ({"event_name": "OUT_OF_DELIVERY"}, ["event_name"], "event_name_invalid"),
        ({"event_name": "out_for_delivery"}, ["event_name"], "event_name_invalid"),
        ({"event_time": in_days(2)}, ["event_time"], "request_invalid"),
        ({"event_time": "1066-10-14T09:00:00Z"}, ["event_time"], "request_invalid"),
        ({"event_time": "9998-12-31T23:59:59Z", "event_name": "X"}, ["event_name", "event_time"], "request_invalid"),
        ({"event_time": "2026-03-16T07:12:00"}, ["event_time"], "request_invalid"),
        ({"event_name": "", "external_id": "", "timezone": 1}, ["event_name", "external_id", "timezone"], None),
        (
            {"event_name": None, "event_time": None, "external_id": None},
            ["event_name", "event_time", "external_id"],
            None,
        ),
        ({"external_id": "x" * 256, "location": "Berlin"}, ["external_id", "location"], None),
        ({"additional_info": {"a": {"b": "\0"}}}, ["b"], None),
    ],
)
async def test_bad_events_are_refused_with_every_fault(
    parcels: Parcels, members: dict[str, Any], wrong: list[str], key: str | None
) -> None:
    body = {"event_name": "OUT_FOR_DELIVERY", "event_time": in_days(0), "external_id": "1"}
    answer = await parcels.shop.post(f"/shipments/{DHL}/events", body | members)
    assert answer.status_code == 422
    assert sorted(fault["field"] for fault in answer.json()["errors"]) == wrong
    assert answer.json()["key"] == (key or "request_invalid")
    assert len((await parcels.shop.get(f"/shipments/{DHL}/events")).json()) == 1


async def test_a_clock_that_is_a_little_ahead_is_fine(parcels: Parcels) -> None:
    assert (await parcels.event(DHL, "OUT_FOR_DELIVERY", event_time=in_days(0.5))).status_code == 201


async def test_an_event_needs_a_shipment_and_a_role(parcels: Parcels, karla: Karla) -> None:
    for ref in ("nothing", str(uuid4())):
        assert (await parcels.event(ref, "OUT_FOR_DELIVERY")).json()["key"] == "shipment_not_found"
    viewer = await karla.key_for(parcels.shop.shop, Role.VIEWER)
    body = sample("shipment_event_create.request")
    assert (await viewer.post(f"/shipments/{DHL}/events", body)).status_code == 403
    assert (await viewer.get(f"/shipments/{DHL}/events")).status_code == 200


# --- by host


async def test_orders_and_shipments_are_found_by_the_shop_s_host(parcels: Parcels) -> None:
    shop = parcels.shop
    base = f"https://{shop.slug}.karla.test/api/v1"
    order = (await shop.get("/orders/20011")).json()
    for ref in (order["uuid"], "20011", "erp-1", DHL):
        answer = await shop.call("GET", f"{base}/orders/{ref}")
        assert (answer.status_code, answer.json()) == (200, order)
    for ref in (parcels.dhl["id"], DHL, "d-1"):
        answer = await shop.call("GET", f"{base}/shipments/{ref}")
        assert (answer.status_code, answer.json()) == (200, parcels.dhl)
    assert (await shop.call("GET", f"{base}/orders?order_number=20011")).json() == [order]
    itself = await shop.call("GET", base)
    assert (itself.status_code, itself.json()) == (200, (await shop.get("")).json())


async def test_a_host_opens_no_other_shop(parcels: Parcels, karla: Karla) -> None:
    stranger = await karla.shop()
    for who, slug, status in (
        (stranger, parcels.shop.slug, 403),
        (parcels.shop, "no-such-shop", 404),
        (parcels.shop, parcels.shop.slug.upper(), 200),
    ):
        answer = await who.call("GET", "/api/v1/orders/20011", headers={"Host": f"{slug}.karla.test"})
        assert answer.status_code == status
    for host in ("127.0.0.1:8080", "localhost", "[::1]:8080", ""):
        answer = await parcels.shop.call("GET", "/api/v1/orders/20011", headers={"Host": host})
        assert answer.status_code == 404


async def test_a_forecast_says_how_sure_it_is_until_there_is_a_promise(karla: Karla) -> None:
    shop = await karla.shop()
    order = (await shop.put("/orders", sample("order_upsert.request.headless"))).json()
    path = f"/shipments/{order['trackings'][0]['id']}"
    window = {"from": "2026-03-16T23:00:00+00:00", "to": "2026-03-18T23:00:00+00:00"}
    body = {"event_name": "ARRIVAL_AT_TRANSPORT_HUB", "event_time": "2026-03-15T07:00:00Z", "external_id": "1"}
    forecast = {"expected_delivery": {**window, "confidence": 0.83, "basis": "what others took"}}
    await shop.post(f"{path}/events", {**body, "additional_info": forecast})
    shipment = (await shop.get(path)).json()
    assert shipment["expected_delivery"] == {**window, "confidence": 0.83}
    listed = {one["id"]: one["expected_delivery"] for one in (await shop.get("/shipments")).json()}
    assert listed[shipment["id"]] == shipment["expected_delivery"]
    promised = {**body, "event_time": "2026-03-15T06:00:00Z", "external_id": "2", "expected_delivery": window}
    await shop.post(f"{path}/events", promised)
    assert (await shop.get(path)).json()["expected_delivery"] == {**window, "confidence": None}


async def test_the_expected_delivery_and_the_place_to_collect(karla: Karla) -> None:
    shop = await karla.shop()
    order = (await shop.put("/orders", sample("order_upsert.request.headless"))).json()
    path = f"/shipments/{order['trackings'][0]['id']}"
    window = {"from": "2026-03-16T12:00:00+01:00", "to": "2026-03-16T15:00:00+01:00"}
    body = {"event_name": "OUT_FOR_DELIVERY", "event_time": "2026-03-16T07:00:00Z", "external_id": "1"}
    await shop.post(f"{path}/events", {**body, "expected_delivery": window})
    shipment = (await shop.get(path)).json()
    assert shipment["expected_delivery"] == {
        "from": "2026-03-16T11:00:00+00:00",
        "to": "2026-03-16T14:00:00+00:00",
        "confidence": None,
    }
    assert shipment["pickup"] is None

    place = {
        "pickup_point": "Kiosk am Markt",
        "pickup_point_url": "https://carrier.example/shops/12",
        "pickup_opening_hours": {"Mo-Fr": "9-18", "Sa": "9-14"},
        "pickup_time": "2026-03-23T18:00:00+00:00",
        "expected_delivery": "garbage",
    }
    arrived = {
        "event_name": "READY_FOR_COLLECTION_AT_PARCEL_SHOP",
        "event_time": "2026-03-16T16:00:00Z",
        "external_id": "2",
    }
    await shop.post(f"{path}/events", {**arrived, "additional_info": place})
    shipment = (await shop.get(path)).json()
    assert shipment["pickup"] == {
        "type": "shop",
        "name": "Kiosk am Markt",
        "address": None,
        "url": "https://carrier.example/shops/12",
        "opening_hours": "Mo-Fr: 9-18; Sa: 9-14",
        "date_to": "2026-03-23T18:00:00+00:00",
    }
    assert (shipment["state"], shipment["expected_delivery"]["to"]) == ("collect", "2026-03-16T14:00:00+00:00")

    wrong = {**body, "external_id": "3", "expected_delivery": {"from": "9999-12-31T23:00:00-10:00"}}
    answer = await shop.post(f"{path}/events", wrong)
    assert [fault["loc"][:2] for fault in answer.json()["errors"]] == [["body", "expected_delivery"]]
