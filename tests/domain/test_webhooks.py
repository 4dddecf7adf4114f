"""What becomes of what is due to a webhook when it changes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.webhooks import WebhookMembers
from karla.infra.settings import Settings
from karla.vocabulary.events import Direction
from tests.support.benches import Bench, bench_of
from tests.support.karla import Karla

LEASE = timedelta(seconds=30)
ANYWHERE = "http://127.0.0.1:9/hooks"


@pytest_asyncio.fixture
async def bench(karla: Karla, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    client = await karla.shop()
    async with bench_of(client.shop, settings, database_url) as made:
        yield made


class TestWebhooks:
    async def test_the_same_at_the_same_time_is_one(self, bench: Bench) -> None:
        made = await asyncio.gather(*(bench.webhook(ANYWHERE, "claims", "shipments") for _ in range(8)))
        assert len({webhook.id for webhook in made}) == 1
        again = await bench.webhook(ANYWHERE, "shipments", "claims")
        assert again.id == made[0].id
        other = await bench.webhook(ANYWHERE, "shipments")
        assert other.id != made[0].id

    @pytest.mark.parametrize(
        ("filters", "kept"),
        [
            (("claims",), set()),
            (("*",), {"SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "OUT_FOR_DELIVERY"}),
            (("shipments/delivered",), {"SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR"}),
            (("shipment_out_for_delivery", "claims"), {"OUT_FOR_DELIVERY"}),
            (("shipment_delivered_all_events",), {"SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR"}),
            (("shipments/in_delivery/OUT_FOR_DELIVERY_TOO",), set()),
        ],
    )
    async def test_other_events_drop_what_is_due_and_no_longer_asked_for(
        self, bench: Bench, filters: tuple[str, ...], kept: set[str]
    ) -> None:
        webhook = await bench.webhook(ANYWHERE)
        untouched = await bench.webhook(f"{ANYWHERE}/other")
        await bench.happen("SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "OUT_FOR_DELIVERY")
        await bench.relay()
        await bench.change(webhook, WebhookMembers(enabled_events=filters))
        for delivery in await bench.deliveries(webhook):
            expected = DeliveryStatus.PENDING if delivery.ref.split("/")[2] in kept else DeliveryStatus.CANCELLED
            assert delivery.status is expected, delivery.ref
            assert (delivery.finished_at is None) == (expected is DeliveryStatus.PENDING)
        assert {one.status for one in await bench.deliveries(untouched)} == {DeliveryStatus.PENDING}

    async def test_the_direction_counts_when_events_change(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        (there,) = await bench.happen("SUCCESSFULLY_DELIVERED")
        (back,) = await bench.happen("SUCCESSFULLY_DELIVERED", direction=Direction.CUSTOMER_MERCHANT)
        await bench.relay()
        await bench.change(webhook, WebhookMembers(enabled_events=["shipment_delivered_all_events"]))
        statuses = {str(delivery.event_id): delivery.status for delivery in await bench.deliveries(webhook)}
        assert statuses == {there: DeliveryStatus.PENDING, back: DeliveryStatus.CANCELLED}

    async def test_what_was_delivered_stays_so_when_events_change(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await bench.relay()
        (due,) = await bench.claim()
        await bench.finish(bench.result_of(due))
        await bench.change(webhook, WebhookMembers(enabled_events=["claims"]))
        assert [one.status for one in await bench.deliveries(webhook)] == [DeliveryStatus.DELIVERED]

    async def test_one_that_moves_takes_along_what_is_due(self, bench: Bench) -> None:
        webhook = await bench.webhook(ANYWHERE)
        await bench.happen()
        await bench.relay()
        await bench.change(webhook, WebhookMembers(url=f"{ANYWHERE}/new"))
        (due,) = await bench.claim()
        assert due.url == f"{ANYWHERE}/new"
