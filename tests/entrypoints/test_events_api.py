"""The journal of events as a merchant's developer reads it."""

from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
import pytest_asyncio

from karla.domain.shipments.records import ShipmentEvent
from karla.infra.json_text import JsonText
from karla.vocabulary.events import Direction
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla, ShopClient
from tests.support.receiver import receiving


@pytest_asyncio.fixture
async def shop(karla: Karla) -> ShopClient:
    return await karla.shop()


async def happened(karla: Karla, shop: ShopClient, *names: str) -> list[ShipmentEvent]:
    """Each in a transaction of its own, so that they have an order."""
    events = [shipment_event(order_file(shop.shop.id), name) for name in names]
    for event in events:
        await happen(karla.services.db, event)
    return events


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry["event_id"] for entry in answer.json()]


async def test_an_entry_is_what_webhooks_get(karla: Karla, shop: ShopClient) -> None:
    async with receiving() as receiver:
        await shop.post("/webhooks", {"url": receiver.url})
        (event,) = await happened(karla, shop, "OUT_FOR_DELIVERY")
        await karla.drain()
    (entry,) = (await shop.get("/events")).json()
    assert entry == {"event_id": str(event.event_id), **receiver.journal[0].json}
    assert [*entry][:2] == ["event_id", "source"]
    assert (await shop.get(f"/events/{event.event_id}")).json() == entry


async def test_it_holds_what_notifies_nobody(karla: Karla, shop: ShopClient) -> None:
    await happened(karla, shop, "ORDER_CONFIRMED")
    (entry,) = (await shop.get("/events")).json()
    assert entry["event_group"] is None


async def test_an_order_of_the_api_is_in_it(karla: Karla, shop: ShopClient) -> None:
    order = {"order_number": "1", "products": [], "address": {"name": "Jane Doe", "zip_code": "10119"}}
    await shop.put("/orders", {"id": "1", "order": order, "trackings": []})
    (entry,) = (await shop.get("/events")).json()
    assert entry["ref"] == "shipments/order_created/ORDER_CREATED"
    assert entry["context"]["order"]["order_number"] == "1"


async def test_pages_follow_one_another(karla: Karla, shop: ShopClient) -> None:
    together = [shipment_event(order_file(shop.shop.id)) for _ in range(5)]
    await happen(karla.services.db, *together)
    first, last = await happened(karla, shop, "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
    answer = await shop.get("/events", per_page=3, ref="shipments")
    seen = ids(answer)
    assert seen[:2] == [str(last.event_id), str(first.event_id)]
    pages = 1
    while "link" in answer.headers:
        link, relation = answer.headers["link"].split("; ")
        assert relation == 'rel="next"'
        address = httpx.URL(link.strip("<>"))
        assert address.params["cursor"] == answer.headers["karla-next-cursor"]
        assert (address.params["ref"], address.params["per_page"]) == ("shipments", "3")
        answer = await shop.call("GET", str(address))
        seen += ids(answer)
        pages += 1
    assert pages == 3
    assert sorted(seen) == sorted(str(event.event_id) for event in (*together, first, last))
    assert len(set(seen)) == 7


async def test_a_page_ends_by_its_bytes_too(karla: Karla, shop: ShopClient) -> None:
    sizes = [1_500_000, 1_500_000, 1_500_000, 5_000_000, 100, 100, 5_000_000]
    events = []
    for size in sizes:
        event = shipment_event(order_file(shop.shop.id))
        order = msgspec.structs.replace(event.consignment.order, products=JsonText.of([{"title": "x" * size}]))
        events.append(
            msgspec.structs.replace(event, consignment=msgspec.structs.replace(event.consignment, order=order))
        )
    await happen(karla.services.db, *events)
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while not pages or cursor:
        answer = await shop.get("/events", per_page=100, **cursor)
        pages.append(ids(answer))
        told = answer.headers.get("karla-next-cursor")
        cursor = {"cursor": told} if told else {}
    # Newest first: one too large for any page, two small ones, again a large one, and what fits of the rest.
    assert [len(page) for page in pages] == [1, 2, 1, 2, 1]
    assert [one for page in pages for one in page] == [str(event.event_id) for event in reversed(events)]


async def test_the_oldest_first_by_pages(karla: Karla, shop: ShopClient) -> None:
    events = await happened(karla, shop, *["OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED"] * 2, "OUT_FOR_DELIVERY")
    seen: list[str] = []
    address = "/events?sort=asc&per_page=2"
    for more in (True, True, False):
        answer = await shop.call("GET", address)
        seen += ids(answer)
        assert ("link" in answer.headers) == more
        address = answer.headers.get("link", "").partition(">")[0].strip("<")
    assert seen == [str(event.event_id) for event in events]


async def test_every_handover_is_a_group(karla: Karla, shop: ShopClient) -> None:
    handovers = await happened(karla, shop, "SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR")
    back = shipment_event(order_file(shop.shop.id), direction=Direction.CUSTOMER_MERCHANT)
    await happen(karla.services.db, back)
    await happened(karla, shop, "OUT_FOR_DELIVERY")
    found = ids(await shop.get("/events", group="shipment_delivered_all_events"))
    assert found == [str(event.event_id) for event in reversed(handovers)]


async def test_a_full_last_page_has_no_next(karla: Karla, shop: ShopClient) -> None:
    await happened(karla, shop, "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
    answer = await shop.get("/events", per_page=2)
    assert len(answer.json()) == 2
    assert "karla-next-cursor" not in answer.headers


async def test_filters(karla: Karla, shop: ShopClient) -> None:
    out, delivered = await happened(karla, shop, "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
    out_id, delivered_id = str(out.event_id), str(delivered.event_id)
    (entry,) = (await shop.get("/events", group="shipment_out_for_delivery")).json()
    at = entry["triggered_at"]
    searches: list[tuple[dict[str, Any], list[str]]] = [
        ({"ref": "shipments"}, [delivered_id, out_id]),
        ({"ref": "shipments/delivered"}, [delivered_id]),
        ({"ref": "shipments/delivered/SUCCESSFULLY_DELIVERED"}, [delivered_id]),
        ({"ref": "shipments/delivered/SUCCESSFULLY"}, []),
        ({"ref": "*"}, [delivered_id, out_id]),
        ({"ref": "*", "group": "shipment_delivered"}, [delivered_id]),
        ({"ref": "claims"}, []),
        ({"group": "shipment_delivered"}, [delivered_id]),
        ({"group": "shipment_picked_up"}, []),
        ({"order": str(out.consignment.order.id)}, [out_id]),
        ({"order": str(uuid4())}, []),
        ({"shipment": str(delivered.shipment.id)}, [delivered_id]),
        ({"since": at}, [delivered_id, out_id]),
        ({"until": at}, []),
        ({"until": "2199-01-01T00:00:00Z", "since": "2020-01-01T01:00:00+01:00"}, [delivered_id, out_id]),
        ({"ref": "shipments/in_delivery", "group": "shipment_delivered"}, []),
    ]
    for search, expected in searches:
        assert ids(await shop.get("/events", **search)) == expected, search


async def test_a_group_may_be_spelled_as_in_the_guides(karla: Karla, shop: ShopClient) -> None:
    ready, back = await happened(karla, shop, "READY_FOR_COLLECTION_AT_PARCEL_SHOP", "NOT_PICKED_UP_RETURN_TO_SENDER")
    for group in ("shipment_delivered_to_parcelshop", "shipment_delivered_to_parcel_shop"):
        assert ids(await shop.get("/events", group=group)) == [str(ready.event_id)]
    for group in ("shipment_not_picked_up_returned", "shipment_not_picked_up_then_returned"):
        assert ids(await shop.get("/events", group=group)) == [str(back.event_id)]


async def test_one_transaction_keeps_its_order(karla: Karla, shop: ShopClient) -> None:
    together = [shipment_event(order_file(shop.shop.id)) for _ in range(12)]
    await happen(karla.services.db, *together)
    assert ids(await shop.get("/events")) == [str(event.event_id) for event in reversed(together)]


@pytest.mark.parametrize(
    "query",
    [
        {"per_page": 0},
        {"sort": "up"},
        {"include_test": "maybe"},
        {"per_page": 101},
        {"cursor": "nonsense"},
        {"cursor": "WzEsMl0"},
        {"since": "yesterday"},
        {"until": "2026-03-16T12:00:00"},
    ],
)
async def test_filters_of_the_wrong_kind(shop: ShopClient, query: dict[str, str]) -> None:
    answer = await shop.get("/events", **query)
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["errors"]] == [["query", *query]]


@pytest.mark.parametrize("path", ["/events", "/events/stream"])
async def test_what_no_event_has_is_not_looked_for(shop: ShopClient, path: str) -> None:
    for ref, told in (
        ("shipments/deliver", "The phase is not known; the phases are "),
        ("parcels", "A filter is *, a ref that starts with shipments, "),
        ("shipment_delivered_to_parcelshop", "Is a group: ask for it by the parameter group"),
    ):
        answer = await shop.get(path, ref=ref, group="shipments")
        assert answer.status_code == 422
        of_ref, of_group = answer.json()["errors"]
        assert (of_ref["loc"], of_ref["msg"][: len(told)]) == (["query", "ref"], told)
        assert (of_group["loc"], of_group["msg"]) == (["query", "group"], "Is no group of events")


@pytest.mark.parametrize("path", ["/events", "/events/stream"])
async def test_a_filter_that_is_not_known_does_not_find_everything(shop: ShopClient, path: str) -> None:
    answer = await shop.get(path, ref="shipments", grupe="shipment_delivered", limit=5)
    assert answer.status_code == 422
    assert [(fault["loc"], fault["msg"]) for fault in answer.json()["errors"]] == [
        (["query", "grupe"], "Not a known parameter"),
        (["query", "limit"], "Not a known parameter"),
    ]


@pytest.mark.parametrize("name", ["%FF", "%ED%A0%80", "%00", "x" * 300])
async def test_whatever_its_name_is(shop: ShopClient, name: str) -> None:
    answer = await shop.call("GET", f"/events?{name}=1")
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 1


@pytest.mark.parametrize("event_id", ["0b0f6c1e-6f0d-4a0e-9a55-2f7f3f6f1c10", "1"])
async def test_an_unknown_event(shop: ShopClient, event_id: str) -> None:
    answer = await shop.get(f"/events/{event_id}")
    assert (answer.status_code, answer.json()["key"]) == (404, "event_not_found")


async def test_another_shops_events_are_unknown(karla: Karla, shop: ShopClient) -> None:
    (event,) = await happened(karla, shop, "OUT_FOR_DELIVERY")
    other = await karla.shop()
    assert (await other.get("/events")).json() == []
    assert (await other.get(f"/events/{event.event_id}")).status_code == 404
    assert (await other.get("/events", order=str(event.consignment.order.id))).json() == []
