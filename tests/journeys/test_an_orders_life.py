"""Whole stories in one process: what the shop sends, and what merchant and subscriber see in the end."""

from typing import Any

from tests.support.karla import Karla, ShopClient
from tests.support.receiver import Receiver, receiving
from tests.support.samples import sample


async def subscribe(shop: ShopClient, receiver: Receiver, *events: str) -> str:
    webhook = (await shop.post("/webhooks", {"url": receiver.url, "enabled_events": list(events)})).json()
    receiver.secrets.append(webhook["secret"])
    return str(webhook["uuid"])


async def scan(shop: ShopClient, parcel: str, name: str, time: str, external_id: str) -> None:
    body = {"event_name": name, "event_time": f"2026-03-{time}+00:00", "external_id": external_id}
    answer = await shop.post(f"/shipments/{parcel}/events", body)
    assert answer.status_code in (200, 201), answer.text


def told(receiver: Receiver) -> list[tuple[str, str | None]]:
    """What the subscriber heard: event and parcel."""
    return [
        (got.json["event_data"]["event_name"], got.json["event_data"]["tracking_number"]) for got in receiver.journal
    ]


async def test_an_order_from_the_checkout_to_two_doorsteps(karla: Karla) -> None:
    shop = await karla.shop()
    async with receiving() as receiver:
        await subscribe(shop, receiver, "*")
        await shop.put("/orders", sample("order_upsert.request.shopware_placed"))
        await shop.put("/orders", sample("order_upsert.request.shopware_placed"))
        await shop.put("/orders", sample("order_upsert.request.shopware_fulfilled"))
        await shop.put("/orders", sample("order_upsert.request.shopware_fulfilled"))
        first, second = "00340434161094042557", "00340434161094042564"
        await scan(shop, first, "DEPARTURE_FROM_TRANSPORT_HUB", "14T20:00:00", "a1")
        await scan(shop, first, "OUT_FOR_DELIVERY", "15T07:00:00", "a2")
        await scan(shop, first, "OUT_FOR_DELIVERY", "15T07:00:00", "a2")
        await scan(shop, first, "SUCCESSFULLY_DELIVERED", "15T11:00:00", "a3")
        # The other parcel's scans come in the wrong order.
        await scan(shop, second, "DELIVERED_TO_NEIGHBOUR", "16T12:00:00", "b3")
        await scan(shop, second, "ARRIVAL_AT_DELIVERY_DEPOT", "16T05:00:00", "b1")
        await karla.drain()

    heard = told(receiver)
    assert sorted(heard, key=str) == sorted(
        [
            ("ORDER_CREATED", None),
            ("SHIPPING_LABEL_CREATED", first),
            ("SHIPPING_LABEL_CREATED", second),
            ("DEPARTURE_FROM_TRANSPORT_HUB", first),
            ("OUT_FOR_DELIVERY", first),
            ("SUCCESSFULLY_DELIVERED", first),
            ("DELIVERED_TO_NEIGHBOUR", second),
            ("ARRIVAL_AT_DELIVERY_DEPOT", second),
        ],
        key=str,
    )
    assert all(got.signed for got in receiver.journal)
    assert {got.json["context"]["order"]["external_id"] for got in receiver.journal} == {
        "0195889b6a3d73f1b9a0f6d0c7e21c55"
    }

    order = (await shop.get("/orders/10482")).json()
    assert order["status"] == "fulfilled"
    assert [(parcel["phase"], parcel["state"]) for parcel in order["trackings"]] == [("delivered", "delivered")] * 2
    last = {parcel["tracking_number"]: parcel["last_event"]["event_name"] for parcel in order["trackings"]}
    assert last == {first: "SUCCESSFULLY_DELIVERED", second: "DELIVERED_TO_NEIGHBOUR"}
    journal = (await shop.get("/events", per_page=100)).json()
    assert {entry["event_id"] for entry in journal} == {got.event_id for got in receiver.journal}
    assert (await shop.get("/events", per_page=100, order="10482")).json() == journal
    of_one = (await shop.get("/events", per_page=100, shipment=second)).json()
    assert {entry["event_data"]["tracking_number"] for entry in of_one} == {second}


async def test_what_arrives_late_tells_of_itself_as_it_was(karla: Karla) -> None:
    """The payload is a snapshot of its moment, not of the moment that it is delivered in."""
    shop = await karla.shop()
    async with receiving() as receiver:
        await subscribe(shop, receiver, "shipments/in_transit", "shipments/delivered")
        order = (await shop.put("/orders", sample("order_upsert.request.headless"))).json()
        parcel = order["trackings"][0]["id"]
        await scan(shop, parcel, "ARRIVAL_AT_TRANSPORT_HUB", "14T20:00:00", "1")
        await scan(shop, parcel, "SUCCESSFULLY_DELIVERED", "15T11:00:00", "2")
        await karla.drain()

    phases = {
        got.json["event_data"]["event_name"]: [
            shipment["phase"] for shipment in got.json["context"]["shipments"] if shipment["id"] == parcel
        ]
        for got in receiver.journal
    }
    assert phases == {"ARRIVAL_AT_TRANSPORT_HUB": ["in_transit"], "SUCCESSFULLY_DELIVERED": ["delivered"]}


async def test_each_subscriber_hears_what_it_asked_for(karla: Karla) -> None:
    shop, neighbour = await karla.shop(), await karla.shop()
    async with receiving() as everything, receiving() as doorsteps, receiving() as other_shop, receiving() as silent:
        await subscribe(shop, everything, "*")
        await subscribe(shop, doorsteps, "shipments/delivered", "shipment_out_for_delivery")
        await subscribe(neighbour, other_shop, "*")
        gone = await subscribe(shop, silent, "*")
        assert (await shop.patch(f"/webhooks/{gone}", {"status": "inactive"})).status_code == 200
        order = (await shop.put("/orders", sample("order_upsert.request.headless"))).json()
        parcel = order["trackings"][0]["id"]
        await scan(shop, parcel, "ARRIVAL_AT_TRANSPORT_HUB", "14T20:00:00", "1")
        await scan(shop, parcel, "OUT_FOR_DELIVERY", "15T07:00:00", "2")
        await scan(shop, parcel, "DRIVER_NEARBY", "15T08:00:00", "3")
        await scan(shop, parcel, "SUCCESSFULLY_DELIVERED", "15T11:00:00", "4")
        await karla.drain()

    # An event without a group is on the timeline, and told to nobody.
    assert sorted(name for name, _ in told(everything)) == [
        "ARRIVAL_AT_TRANSPORT_HUB", "ORDER_CREATED", "OUT_FOR_DELIVERY", "SHIPPING_LABEL_CREATED",
        "SUCCESSFULLY_DELIVERED",
    ]  # fmt: skip
    assert sorted(name for name, _ in told(doorsteps)) == ["OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED"]
    assert (told(other_shop), told(silent)) == ([], [])
    timeline = (await shop.get(f"/shipments/{parcel}/events")).json()
    assert "DRIVER_NEARBY" in [event["event_key"] for event in timeline]


async def test_a_support_desk_asks_by_host(karla: Karla) -> None:
    """ArminCX addresses a shop by its host name."""
    shop = await karla.shop()
    await shop.put("/orders", sample("order_upsert.request.shopware_fulfilled"))
    await scan(shop, "00340434161094042557", "OUT_FOR_DELIVERY", "15T07:00:00", "1")
    host = {"headers": {"Host": f"{shop.slug}.karla.test"}}

    assert (await shop.call("GET", "/api/v1/", **host)).json()["slug"] == shop.slug
    order: dict[str, Any] = (await shop.call("GET", "/api/v1/orders/10482", **host)).json()
    assert (order["status"], order["payment_status"], order["fulfillment_status"]) == (
        "fulfilled",
        "unknown",
        "fulfilled",
    )
    assert [(line["title"], line["quantity"]) for line in order["products"]] == [
        ("Linen tee, olive, M", 2),
        ("Stoneware mug", 1),
    ]
    assert order["customer"] == {
        "external_id": "01957f0e44b07c1290aa5d1c8f3b6e10",
        "email": "mara.lindqvist@mail.example",
        "name": "Mara Lindqvist",
        "first_name": "Mara",
        "last_name": "Lindqvist",
    }
    assert order["address"]["zip_code"] == "10119"
    shipment = (await shop.call("GET", "/api/v1/shipments/00340434161094042557", **host)).json()
    assert (shipment["carrier"]["name"], shipment["tracking_number"]) == ("DHL Paket", "00340434161094042557")
    assert (shipment["status"], shipment["expected_delivery"]) == ("in_delivery", None)
    assert shipment["last_event"] == {
        "event_name": "OUT_FOR_DELIVERY",
        "status": "Out for delivery",
        "time": "2026-03-15T07:00:00+00:00",
    }
