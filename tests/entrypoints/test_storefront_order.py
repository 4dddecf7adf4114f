"""What a shopper sees of an order, in every one of its states and languages."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from karla.domain.shipments.records import Observation
from tests.support.karla import Karla, ShopClient
from tests.support.storefront import NUMBER, by_token, by_zip_code, happened, placed, shop_with_page

DAY = "2026-03-16T"
PARCEL = {
    "tracking_number": NUMBER,
    "carrier_reference": "dhl",
    "tracking_placed_at": "2026-03-13T09:00:00+00:00",
}


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await shop_with_page(karla)


async def test_an_order_that_was_just_placed(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    order = await (await by_token(karla, shop)).order()
    (expected,) = order["shipments"]
    assert (order["state"], order["texts"]["headline"]) == ("placed", "Thank you, we have your order")
    assert (expected["situation"], expected["carrier"], order["expected_packages"]) == ("expected", None, 1)
    assert [(step["key"], step["state"]) for step in expected["steps"][:2]] == [
        ("ordered", "current"),
        ("packed", "upcoming"),
    ]
    assert expected["steps"][0]["at"] == "2026-03-12T09:00:00+00:00"


async def test_who_came_by_number_and_zip_code_sees_no_prices_and_no_street(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    whole, part = [await (await by(karla, shop)).order() for by in (by_token, by_zip_code)]
    assert (whole["level"], whole["total_price"], whole["items"][0]["price"]) == ("token", 86.9, 49.9)
    assert whole["destination"]["address"]["address_line_1"] == "Lindenallee 12"
    assert (part["level"], part["total_price"], part["items"][0]["price"]) == ("zip_code", None, None)
    assert part["destination"] == {
        "city": "Berlin",
        "zip_code": "10119",
        "country_code": "DE",
        "country": "Germany",
        "timezone": "Europe/Berlin",
        "address": None,
    }
    assert "Lindenallee" not in str(part)
    assert "Lindqvist" not in str(part)


async def test_a_parcel_on_its_way_with_what_its_carrier_told(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, PARCEL)
    await happened(
        shop,
        NUMBER,
        "ARRIVAL_AT_TRANSPORT_HUB",
        f"{DAY}08:30:00+01:00",
        location={"city": "LEIPZIG", "country": "DE"},
        additional_info={"carrier_text": "Die Sendung wurde bearbeitet."},
    )
    await happened(
        shop, NUMBER, "DEPARTURE_FROM_TRANSPORT_HUB", f"{DAY}09:30:00+01:00", location={"city": "Wien", "country": "AT"}
    )
    order = await (await by_token(karla, shop)).order("de")
    (parcel,) = order["shipments"]
    assert (order["state"], order["texts"]["headline"]) == ("on_the_way", "Ihr Paket ist unterwegs")
    assert parcel["texts"] == order["texts"]
    assert [(entry["label"], entry["place"], entry["carrier_text"]) for entry in parcel["entries"][:2]] == [
        ("Paketzentrum verlassen", "Wien, Österreich", None),
        ("Im Paketzentrum angekommen", "Leipzig", "Die Sendung wurde bearbeitet."),
    ]
    assert [entry["timezone"] for entry in parcel["entries"][:2]] == ["Europe/Vienna", "Europe/Berlin"]
    assert parcel["entries"][0]["time"] == "2026-03-16T08:30:00+00:00"
    assert parcel["carrier"]["name"] == "DHL Paket"
    assert NUMBER in parcel["carrier"]["redirect_url"]
    assert parcel["carrier"]["tracking_url"] == parcel["carrier"]["redirect_url"]


async def test_what_tells_a_shopper_nothing_is_not_on_the_timeline(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, {**PARCEL, "carrier_reference": "gls"})
    told = {"location": {"city": "Köln"}}
    await happened(shop, NUMBER, "OUT_FOR_DELIVERY", f"{DAY}09:00:10+00:00")
    await happened(shop, NUMBER, "OUT_FOR_DELIVERY", f"{DAY}09:00:40+00:00", **told)
    await happened(shop, NUMBER, "ESTIMATED_DELIVERY_UPDATED", f"{DAY}09:05:00+00:00")
    (before,) = (await placed(shop))["trackings"]
    path = f"/orders/10001/shipments/{before['id']}"
    assert (await shop.patch(path, {"carrier_reference": "dpd"})).status_code == 200
    order = await (await by_token(karla, shop)).order()
    entries = order["shipments"][0]["entries"]
    assert [(entry["event_name"], entry["place"]) for entry in entries] == [
        ("OUT_FOR_DELIVERY", "Köln"),
        ("SHIPPING_LABEL_CREATED", None),
    ]


async def test_that_an_order_was_placed_is_no_news_once_its_parcel_is_under_way(karla: Karla, shop: ShopClient) -> None:
    """Some shops tell of an order later than its carrier does."""
    await placed(shop)
    await placed(shop, PARCEL)
    order = await (await by_token(karla, shop)).order()
    names = [entry["event_name"] for entry in order["shipments"][0]["entries"]]
    assert names == ["SHIPPING_LABEL_CREATED", "ORDER_CREATED"]
    await happened(shop, NUMBER, "PICKED_UP_BY_CARRIER", "2026-03-11T09:00:00+00:00")
    order = await (await by_token(karla, shop)).order()
    names = [entry["event_name"] for entry in order["shipments"][0]["entries"]]
    assert names == ["SHIPPING_LABEL_CREATED", "PICKED_UP_BY_CARRIER"]


async def test_what_was_told_of_another_parcel_is_not_shown(karla: Karla, shop: ShopClient) -> None:
    (parcel,) = (await placed(shop, {**PARCEL, "carrier_reference": "gls"}))["trackings"]
    scan = Observation(
        shop_id=shop.shop.id,
        shipment_id=UUID(parcel["id"]),
        origin="gls",
        external_id="1",
        event_name="SUCCESSFULLY_DELIVERED",
        event_time=datetime(2026, 3, 16, 9, tzinfo=UTC),
    )
    await karla.services.observations.submit(scan)
    shopper = await by_token(karla, shop)
    assert (await shopper.order())["state"] == "delivered"
    path = f"/orders/10001/shipments/{parcel['id']}"
    assert (await shop.patch(path, {"carrier_reference": "dhl"})).status_code == 200
    order = await shopper.order()
    assert order["state"] == "preparing"
    assert [entry["event_name"] for entry in order["shipments"][0]["entries"]] == ["SHIPPING_LABEL_CREATED"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (  # a day, which ends with the midnight after it
            {"from": "2199-03-16T23:00:00+00:00", "to": "2199-03-17T23:00:00+00:00"},
            ("2199-03-16T23:00:00+00:00", "2199-03-17T22:59:59+00:00", True),
        ),
        (  # some hours
            {"from": "2199-03-17T13:00:00+00:00", "to": "2199-03-17T15:00:00+00:00"},
            ("2199-03-17T13:00:00+00:00", "2199-03-17T15:00:00+00:00", False),
        ),
        (  # by a moment
            {"to": "2199-03-17T15:00:00+00:00"},
            ("2199-03-17T15:00:00+00:00", "2199-03-17T15:00:00+00:00", False),
        ),
    ],
)
async def test_when_it_is_expected(karla: Karla, shop: ShopClient, told: dict[str, str], expected: Any) -> None:
    await placed(shop, PARCEL)
    await happened(shop, NUMBER, "ACCEPTED_BY_CARRIER", f"{DAY}09:00:00+00:00", expected_delivery=told)
    (parcel,) = (await (await by_token(karla, shop)).order())["shipments"]
    window = parcel["expected"]
    assert (window["from"], window["to"], window["whole_days"]) == expected
    assert (window["promised"], window["confidence"]) == (True, None)


async def test_a_parcel_whose_day_has_passed_is_late_and_may_be_claimed(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, PARCEL)
    told = {"from": "2026-03-16T23:00:00+00:00", "to": "2026-03-17T23:00:00+00:00"}
    await happened(shop, NUMBER, "ACCEPTED_BY_CARRIER", f"{DAY}09:00:00+00:00", expected_delivery=told)
    order = await (await by_zip_code(karla, shop)).order()
    (parcel,) = order["shipments"]
    assert (order["state"], parcel["situation"], parcel["flows"]) == ("delayed", "delayed", ["notReceived"])
    assert order["texts"]["headline"] == "Your order is taking a little longer"
    assert order["allowed"]["claim"] == {"allowed": True, "reason": None}


async def test_a_parcel_waits_at_a_locker(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, PARCEL)
    point = {
        "pickup_point": "Packstation 129",
        "pickup_point_address": "Bahnhofsvorplatz 1, 10119 Berlin",
        "pickup_opening_hours": {"Mo-Fr": "08:00-20:00", "Sa": "09:00-18:00"},
        "pickup_point_url": "https://www.dhl.de/standort/129",
        "pickup_time": "2199-03-23T23:59:00+01:00",
    }
    await happened(shop, NUMBER, "READY_FOR_COLLECTION_AT_PARCEL_LOCKER", f"{DAY}09:00:00+00:00", additional_info=point)
    order = await (await by_zip_code(karla, shop)).order()
    (parcel,) = order["shipments"]
    assert order["state"] == "waiting"
    assert parcel["pickup"] == {
        "type": "locker",
        "name": "Packstation 129",
        "address": "Bahnhofsvorplatz 1, 10119 Berlin",
        "url": "https://www.dhl.de/standort/129",
        "opening_hours": ["Mo-Fr: 08:00-20:00", "Sa: 09:00-18:00"],
        "until": "2199-03-23T22:59:00+00:00",
    }
    assert [step["key"] for step in parcel["steps"] if step["state"] == "current"] == ["waiting"]


async def test_a_parcel_at_a_neighbours_with_a_photo_of_the_door(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, PARCEL)
    info = {
        "neighbour": "Familie Okonkwo",
        "proof_of_delivery_url": "https://carrier.example/proof/1.JPG?size=large",
        "safe_place": "2. Stock",
    }
    await happened(shop, NUMBER, "DELIVERED_TO_NEIGHBOUR", f"{DAY}09:00:00+00:00", additional_info=info)
    order = await (await by_token(karla, shop)).order()
    (parcel,) = order["shipments"]
    assert (order["state"], parcel["delivered_at"]) == ("delivered", "2026-03-16T09:00:00+00:00")
    assert (parcel["proof"]["neighbour"], parcel["proof"]["place"]) == ("Familie Okonkwo", "2. Stock")
    assert parcel["proof"]["photo_url"].startswith(f"http://karla.test/v1/shops/{shop.slug}/storefront/pictures/")
    assert "carrier.example" not in str(order)
    assert parcel["flows"] == ["notReceived", "defective", "return"]
    assert (parcel["expected"], parcel["carrier"]["redirect_url"]) == (None, None)


async def test_a_proof_that_is_a_letter_is_no_photo(karla: Karla, shop: ShopClient) -> None:
    await placed(shop, PARCEL)
    info = {"proof_of_delivery_url": "https://carrier.example/proof.pdf", "signed_by": "M. Lindqvist"}
    await happened(shop, NUMBER, "DELIVERED_WITH_SIGNATURE", f"{DAY}09:00:00+00:00", additional_info=info)
    (parcel,) = (await (await by_token(karla, shop)).order())["shipments"]
    assert parcel["proof"] == {"photo_url": None, "signed_by": "M. Lindqvist", "neighbour": None, "place": None}


async def test_several_parcels_each_with_what_is_in_it(karla: Karla, shop: ShopClient) -> None:
    held = [{"sku": "MUG", "quantity": 2}]
    await placed(
        shop,
        {**PARCEL, "products": held},
        expected_number_of_shipments=2,
    )
    await happened(shop, NUMBER, "ACCEPTED_BY_CARRIER", f"{DAY}09:00:00+00:00")
    order = await (await by_token(karla, shop)).order()
    shipped, expected = order["shipments"]
    assert (order["state"], order["texts"]["headline"]) == ("partially_shipped", "Part of your order is on its way")
    assert (order["expected_packages"], expected["situation"]) == (1, "expected")
    assert [(item["title"], item["quantity"]) for item in shipped["items"]] == [("Mug", 2)]
    assert [(item["title"], item["variant"]) for item in expected["items"]] == [("Linen shirt", "M")]
    assert (shipped["items_known"], expected["items_known"]) == (True, True)
    assert (shipped["number"], expected["number"]) == (1, 2)
    assert expected["texts"]["headline"] == "Your order is being prepared"
    assert shipped["items"][0]["image_url"].startswith("http://karla.test/v1/shops/")
    assert "shop.example" not in str(order)


async def test_a_return_is_told_of_once_it_was_handed_in(karla: Karla, shop: ShopClient) -> None:
    label = {"tracking_number": "RETURN1", "direction": "customer_merchant", "carrier_reference": "dhl"}
    await placed(shop, PARCEL, label)
    await happened(shop, NUMBER, "SUCCESSFULLY_DELIVERED", f"{DAY}09:00:00+00:00")
    shopper = await by_zip_code(karla, shop)
    assert (await shopper.order())["state"] == "delivered"
    await happened(shop, "RETURN1", "ACCEPTED_BY_CARRIER", f"{DAY}12:00:00+00:00")
    order = await shopper.order()
    assert order["state"] == "returning"
    back = next(one for one in order["shipments"] if one["direction"] == "customer_merchant")
    assert [step["key"] for step in back["steps"]] == ["packed", "on_the_way", "returned"]
    assert (back["situation"], back["flows"], back["expected"]) == ("returning", [], None)


async def test_words_are_in_the_language_of_the_link_else_the_browser_else_the_shop(
    karla: Karla, shop: ShopClient
) -> None:
    await placed(shop)
    assert (await shop.patch("", {"language": "it"})).status_code == 200
    shopper = await by_zip_code(karla, shop)

    async def language(accepted: str | None, **params: str) -> str:
        headers = {} if accepted is None else {"Accept-Language": accepted}
        answer = await shopper.call("GET", "/order", headers=headers, params=params)
        return str(answer.json()["language"])

    assert await language("fr-CH, en;q=0.5", lang="nl") == "nl"
    assert await language("fr-CH, en;q=0.5") == "fr"
    assert await language("tlh") == "it"
    assert await language("tlh", lang="xx") == "it"
    assert await language("dk") == "da"


async def test_what_is_still_the_same_is_not_sent_again(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    shopper = await by_token(karla, shop)
    first = await shopper.call("GET", "/order")
    assert first.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Accept-Language"} <= set(first.headers["vary"].split(", "))
    tag = first.headers["etag"]
    again = await shopper.call("GET", "/order", headers={"If-None-Match": f"W/{tag}"})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    german = await shopper.call("GET", "/order", headers={"If-None-Match": tag}, params={"lang": "de"})
    assert german.status_code == 200
    await placed(shop, PARCEL)
    assert (await shopper.call("GET", "/order", headers={"If-None-Match": tag})).status_code == 200


async def test_an_order_that_has_gone_and_a_page_that_is_off(karla: Karla, shop: ShopClient) -> None:
    await placed(shop)
    shopper = await by_zip_code(karla, shop)
    assert (await shop.patch("", {"web_tracking_enabled": False})).status_code == 200
    answer = await shopper.call("GET", "/order")
    assert (answer.status_code, answer.json()["key"]) == (404, "page_switched_off")
    stranger = await karla.http.get(f"{shopper.path}/order", headers={"Authorization": f"Bearer {uuid4().hex}"})
    assert (stranger.status_code, stranger.json()["key"]) == (401, "session_invalid")


async def test_odd_data_of_other_systems_breaks_no_page(karla: Karla, shop: ShopClient) -> None:
    await placed(
        shop,
        {"tracking_number": "VAN-1", "tracking_company": "Our own van", "tracking_url": "https://van.example/1"},
        address={"zip_code": None},
        products=[{"sku": "X"}, {"title": "Set", "bundled_products": [{"title": "Part", "quantity": 2}]}],
    )
    info = {"pickup_point": "Kiosk", "pickup_opening_hours": 7, "pickup_time": "soon", "carrier_text": 3}
    place = {"city": ["?"], "country": "Atlantis"}
    await happened(
        shop,
        "VAN-1",
        "READY_FOR_COLLECTION_AT_PARCEL_SHOP",
        f"{DAY}09:00:00+00:00",
        additional_info=info,
        location=place,
    )
    order = await (await by_token(karla, shop)).order()
    (parcel,) = order["shipments"]
    assert (order["destination"]["country_code"], order["destination"]["timezone"]) == (None, "UTC")
    assert (parcel["pickup"]["name"], parcel["pickup"]["opening_hours"], parcel["pickup"]["until"]) == (
        "Kiosk",
        [],
        None,
    )
    assert (parcel["carrier"]["name"], parcel["carrier"]["redirect_url"]) == ("Our own van", None)
    assert (parcel["entries"][0]["place"], parcel["entries"][0]["carrier_text"]) == (None, None)
    assert [(item["title"], item["quantity"]) for item in order["items"]] == [("X", 1), ("Set", 1)]
    assert order["items"][1]["parts"][0]["title"] == "Part"
