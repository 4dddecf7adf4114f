"""Orders and shipments by the client, on a Karla that is served."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from karla.client import Conflict, Invalid, NotFound
from tests.client.conftest import Caller

NOON = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)


def order(number: str, **members: Any) -> dict[str, Any]:
    return {"order_number": number, "address": {"zip_code": "10119"}, **members}


async def test_an_order_is_placed_fulfilled_read_and_found(client: Caller) -> None:
    placed = await client(lambda c: c.orders.upsert(id="1", order=order("1", total_order_price=Decimal("64.36"))))
    assert (placed.order_number, placed.status, placed.total_order_price) == ("1", "placed", 64.36)
    assert [parcel.draft for parcel in placed.trackings] == [True]
    fulfilled = await client(lambda c: c.orders.upsert(id="1", trackings=[{"tracking_number": "00340434161094042557"}]))
    (parcel,) = fulfilled.trackings
    assert (parcel.draft, parcel.carrier.tracking_number) == (False, "00340434161094042557")
    by_parcel = await client(lambda c: c.orders.get("00340434161094042557"))
    assert by_parcel == await client(lambda c: c.orders.get(placed.uuid)) == fulfilled
    assert await client.list(lambda c: c.orders.search(zip_code="10119")) == [fulfilled]
    assert await client.list(lambda c: c.orders.search(order_placed_from=datetime.now(UTC))) == []


async def test_an_event_is_appended_once(client: Caller) -> None:
    await client(lambda c: c.orders.upsert(id="1", order=order("1"), trackings=[{"tracking_number": "wh/1"}]))
    event = {"event_name": "OUT_FOR_DELIVERY", "event_time": NOON, "external_id": "wms-1"}
    first = await client(lambda c: c.shipments.append_event("wh/1", **event))
    assert first == await client(lambda c: c.shipments.append_event("wh/1", **event))
    assert (first.phase, first.time) == ("in_delivery", NOON)
    shipment = await client(lambda c: c.shipments.get("wh/1"))
    assert shipment.last_event.event_name == "OUT_FOR_DELIVERY"
    assert first in await client(lambda c: c.shipments.timeline(shipment.id))
    assert await client.list(lambda c: c.shipments.search(order="1", phase="in_delivery")) == [shipment]


async def test_an_order_is_changed_and_cancelled(client: Caller) -> None:
    placed = await client(lambda c: c.orders.place(**order("1", expected_number_of_shipments=2)))
    changed = await client(lambda c: c.orders.update("1", address={"zip_code": "80331", "city": "München"}))
    assert changed.address["city"] == "München"
    assert await client(lambda c: c.orders.set_analytics("1", {"source": "news"})) == {"source": "news"}
    parcel = placed.trackings[0]
    updated = await client(lambda c: c.orders.update_shipment("1", parcel.id, products=[{"sku": "MUG", "quantity": 1}]))
    assert updated.products[0]["sku"] == "MUG"
    assert (await client(lambda c: c.orders.cancel("1"))).status == "cancelled"
    with pytest.raises(Conflict) as caught:
        await client(lambda c: c.orders.place(**order("1")))
    assert caught.value.key == "order_exists"


async def test_a_search_goes_over_all_pages(client: Caller) -> None:
    numbers = [f"{number:02}" for number in range(7)]
    await client(lambda c: c.orders.bulk({"id": number, "order": order(number)} for number in numbers))
    found = await client.list(lambda c: c.orders.search(per_page=3))
    assert sorted(order.order_number for order in found) == numbers
    exactly = await client.list(lambda c: c.orders.search(per_page=7))
    assert len(exactly) == 7


async def test_bulk_sends_chunks_and_tells_of_each_order(client: Caller) -> None:
    orders: list[dict[str, Any]] = [{"id": f"b-{number}", "order": order(f"b-{number}")} for number in range(501)]
    orders[0] = {"id": "b-0", "trackings": [{"tracking_number": ""}]}
    orders[500] = {"id": "b-500", "order": {"order_number": "b-500"}}
    results = await client(lambda c: c.orders.bulk(orders))
    assert [result.index for result in results] == list(range(501))
    assert {result.status for result in results[1:500]} == {200}
    assert [results[0].error.key, results[500].error.key] == ["request_invalid", "request_invalid"]
    assert results[500].error.errors[0].field == "address"
    assert await client(lambda c: c.orders.bulk([])) == []


async def test_errors_say_what_is_wrong_and_keep_the_key_to_themselves(client: Caller) -> None:
    with pytest.raises(NotFound) as missing:
        await client(lambda c: c.orders.get("nobody's"))
    assert (missing.value.status, missing.value.key) == (404, "order_not_found")
    assert missing.value.request_id is not None
    with pytest.raises(Invalid) as wrong:
        await client(lambda c: c.orders.upsert(id="", trackings=[{}]))
    assert {str(fault).partition(":")[0] for fault in wrong.value.faults} >= {"body.trackings.0.tracking_number"}
    for told in (str(missing.value), repr(missing.value), str(wrong.value), repr(client.client)):
        assert "karla_" not in told
    assert "body.trackings.0.tracking_number: " in str(wrong.value)
    assert str(missing.value).startswith("v1OrdersGet: 404 order_not_found: ")


@pytest.mark.parametrize("ref", ["", ".", ".."])
async def test_a_ref_that_would_lead_elsewhere_is_refused(client: Caller, ref: str) -> None:
    with pytest.raises(ValueError, match="ref must name something"):
        await client(lambda c: c.orders.get(ref))


@pytest.mark.parametrize("ref", ["RE/2026/17", "a b", "50%", "schön", "a?b#c", "{x}", "..."])
async def test_a_ref_may_hold_anything_else(client: Caller, ref: str) -> None:
    await client(lambda c: c.orders.upsert(id=ref, order=order(ref)))
    assert (await client(lambda c: c.orders.get(ref))).order_number == ref


async def test_a_filter_that_is_empty_is_refused(client: Caller) -> None:
    with pytest.raises(ValueError, match="email_id must not be None"):
        await client.list(lambda c: c.orders.search(email_id=None))
