"""What is announced, in what form, and which filters it matches."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
import pytest_asyncio

from karla.domain.shipments.records import OrderFile
from karla.domain.subscribers.queries.journal import JournalFilter
from karla.domain.subscribers.rules.filters import canonical_filters
from karla.infra.settings import Settings
from karla.infra.work import Work
from karla.vocabulary.events import Direction
from tests.support.benches import Bench, bench_of
from tests.support.clocks import NOON
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla

LEASE = timedelta(seconds=30)
ANYWHERE = "http://127.0.0.1:9/hooks"


@pytest_asyncio.fixture
async def bench(karla: Karla, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    client = await karla.shop()
    async with bench_of(client.shop, settings, database_url) as made:
        yield made


class TestFilters:
    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            (None, ("*",)),
            ((), ("*",)),
            (("claims", "claims", "*"), ("claims", "*")),
            (("shipment_delivered_to_parcelshop",), ("shipment_delivered_to_parcel_shop",)),
        ],
    )
    def test_as_stored(self, written: tuple[str, ...] | None, stored: tuple[str, ...]) -> None:
        assert canonical_filters(written) == stored

    @pytest.mark.parametrize(
        ("filters", "wanted"),
        [
            (("*",), {"SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY", "DEPARTURE_FROM_TRANSPORT_HUB"}),
            (("shipments",), {"SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY", "DEPARTURE_FROM_TRANSPORT_HUB"}),
            (("claims",), set()),
            (("shipments/delivered",), {"SUCCESSFULLY_DELIVERED"}),
            (("shipments/in_delivery/OUT_FOR_DELIVERY",), {"OUT_FOR_DELIVERY"}),
            (("shipments/in_delivery/OUT_FOR_DELIVERY_TOO",), set()),
            (("shipment_out_for_delivery", "shipments/in_delivery"), {"OUT_FOR_DELIVERY"}),
            (("return_shipment_delivered",), set()),
            (
                ("shipments/in_transit", "shipment_delivered"),
                {"DEPARTURE_FROM_TRANSPORT_HUB", "SUCCESSFULLY_DELIVERED"},
            ),
        ],
    )
    async def test_matching(self, bench: Bench, filters: tuple[str, ...], wanted: set[str]) -> None:
        webhook = await bench.webhook(ANYWHERE, *filters)
        await bench.happen("SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY", "DEPARTURE_FROM_TRANSPORT_HUB")
        await bench.relay()
        found = [delivery.ref.rpartition("/")[2] for delivery in await bench.deliveries(webhook)]
        assert sorted(found) == sorted(wanted)

    async def test_one_filter_for_every_handover(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE, "shipment_delivered_all_events", "shipment_delivered")
        told = await bench.happen("SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "PICKED_UP_BY_CUSTOMER")
        await bench.happen("OUT_FOR_DELIVERY")
        await bench.happen("SUCCESSFULLY_DELIVERED", direction=Direction.CUSTOMER_MERCHANT)
        await bench.relay()
        assert Counter(str(delivery.event_id) for delivery in await bench.deliveries(webhook)) == Counter(told)
        groups = [json.loads(entry.payload)["event_group"] for entry in await bench.journal()]
        assert "shipment_delivered_to_neighbour" in groups
        assert "shipment_delivered_all_events" not in groups

    async def test_a_return_on_the_parcel_that_went_out_is_told(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE, "return_shipment_in_transit")
        told = await bench.happen("RETURN_IN_TRANSIT")
        await bench.relay()
        assert [str(delivery.event_id) for delivery in await bench.deliveries(webhook)] == told

    async def test_the_way_back_has_groups_of_its_own(self, bench: Bench) -> None:
        forward = await bench.webhook(ANYWHERE, "shipment_delivered")
        back = await bench.webhook(ANYWHERE, "return_shipment_delivered")
        await bench.happen("SUCCESSFULLY_DELIVERED", direction=Direction.CUSTOMER_MERCHANT)
        await bench.relay()
        assert len(await bench.deliveries(back)) == 1
        assert not await bench.deliveries(forward)


class TestJournal:
    async def test_the_payload_is_the_reference(self, bench: Bench) -> None:
        file = order_file(bench.shop.id, parcels=2)
        event = shipment_event(file, "DEPARTURE_FROM_TRANSPORT_HUB")
        await happen(bench.db, event)
        (entry,) = await bench.journal()
        payload = json.loads(entry.payload)
        assert ",".join(payload) == ("source,ref,version,triggered_at,event_group,event_data,context,shop_slug,shop_id")
        first, second = file.shipments
        assert payload["ref"] == "shipments/in_transit/DEPARTURE_FROM_TRANSPORT_HUB"
        assert payload["version"] == 1
        assert payload["triggered_at"] == "2026-03-16T12:00:00+00:00"
        assert (payload["shop_slug"], payload["shop_id"]) == (bench.shop.slug, str(bench.shop.id))
        assert payload["event_data"] == {
            "shipment_id": str(first.id),
            "event_id": str(event.event_id),
            "event_name": "DEPARTURE_FROM_TRANSPORT_HUB",
            "event_group": "shipment_in_transit",
            "phase": "in_transit",
            "direction": "merchant_customer",
            "carrier_reference": "dhl",
            "tracking_number": "00340434161094000001",
            "tracking_url": "https://tracking.example.com/1",
            "external_shipment_id": None,
            "event_time": "2026-03-16T12:00:00+00:00",
            "updated_at": "2026-03-16T12:00:00+00:00",
        }
        context = payload["context"]
        assert context["customer"] == {
            "external_id": "ext-customer-789",
            "email": "jane@example.com",
            "first_name": "Jane",
            "last_name": "Doe",
        }
        assert [(one["id"], one["phase"]) for one in context["shipments"]] == [
            (str(first.id), "in_transit"),
            (str(second.id), "order_created"),
        ]
        assert context["order"]["products"][0]["sku"] == "MUG-1"
        assert context["shipments"][1]["products"] == []
        assert (
            context["shipments"][1].items()
            >= {
                "order_id": str(file.order.id),
                "order_number": "10001",
                "external_shipment_id": None,
                "estimated_arrival": None,
                "pickup": None,
                "updated_at": "2026-03-16T12:00:00+00:00",
            }.items()
        )
        assert context["claims"] == []
        order = context["order"]
        assert order["external_id"] == "ext-order-456"
        assert order["order_placed_at"] == "2026-03-14T12:00:00+00:00"
        assert order["address"]["city"] == "Köln"
        assert order["address"]["address_line_2"] is None
        assert b'"total_order_price":59.90,' in entry.payload
        assert order["discount_price"] == 0
        assert order["weight"] == 0

    async def test_what_is_known_of_a_parcel_is_told(self, bench: Bench) -> None:
        event = shipment_event(order_file(bench.shop.id))
        order = msgspec.structs.replace(event.consignment.order, weight=Decimal(750))
        parcel = msgspec.structs.replace(
            event.shipment,
            external_shipment_id="ful-1",
            expected_from=NOON,
            expected_to=NOON + timedelta(days=1),
            pickup={"name": "Kiosk"},
            products=[{"sku": "MUG-1", "title": "Mug", "quantity": 2, "price": 27.5}],
        )
        await happen(bench.db, msgspec.structs.replace(event, consignment=OrderFile(order, (parcel,)), shipment=parcel))
        (entry,) = await bench.journal()
        context = json.loads(entry.payload)["context"]
        assert context["order"]["weight"] == 750
        (told,) = context["shipments"]
        assert told["external_shipment_id"] == "ful-1"
        assert told["pickup"] == {"name": "Kiosk"}
        assert told["products"] == [{"sku": "MUG-1", "title": "Mug", "quantity": 2}]
        assert told["estimated_arrival"] == {"time_prediction": "2026-03-16 – 2026-03-17", "language": "en"}

    async def test_one_transaction_keeps_its_order(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        ids = await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 20)
        entries = await bench.journal()
        assert [str(entry.id) for entry in reversed(entries)] == ids
        moments = [NOON + timedelta(microseconds=place) for place in range(20)]
        assert [entry.triggered_at for entry in reversed(entries)] == moments
        assert [json.loads(entry.payload)["triggered_at"] for entry in reversed(entries)] == [
            moment.isoformat() for moment in moments
        ]
        await bench.relay()
        told = {str(delivery.event_id): delivery.triggered_at for delivery in await bench.deliveries(webhook)}
        assert told == dict(zip(ids, moments, strict=True))

    async def test_an_event_without_group_is_kept_and_told_to_nobody(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen("ORDER_CONFIRMED")
        await bench.relay()
        (entry,) = await bench.journal()
        payload = json.loads(entry.payload)
        assert payload["event_group"] is None
        assert payload["event_data"]["event_group"] is None
        assert not await bench.deliveries(webhook)

    async def test_what_is_rolled_back_never_happened(self, bench: Bench) -> None:
        async def command(work: Work) -> None:
            work.emit(shipment_event(order_file(bench.shop.id)))
            raise LookupError

        with pytest.raises(LookupError):
            await bench.db.write(bench.scope, command)
        assert not await bench.journal()

    async def test_ref_filters_match_whole_segments(self, bench: Bench) -> None:
        await bench.happen("SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY")
        assert len(await bench.journal(JournalFilter(ref="shipments"))) == 2
        assert len(await bench.journal(JournalFilter(ref="shipments/in_delivery"))) == 1
        assert not await bench.journal(JournalFilter(ref="shipments/in_deliver"))
        assert not await bench.journal(JournalFilter(ref="shipments/in_deliver_"))
