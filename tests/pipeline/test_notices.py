"""Test events, and what is told of webhooks: by HTTP to a receiver, as any event."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from karla.domain.subscribers.commands.testing import send_test
from karla.domain.subscribers.records.deliveries import Delivery, DeliveryStatus
from karla.domain.subscribers.records.webhooks import PayloadFormat, Webhook
from tests.support.benches import Bench
from tests.support.receiver import Receiver, receiving

HALF_A_MINUTE = timedelta(seconds=30)
MANY = ["SUCCESSFULLY_DELIVERED"] * 12


@pytest_asyncio.fixture
async def other(bench: Bench) -> AsyncIterator[Receiver]:
    """A second receiver, at an address of its own."""
    async with receiving(lambda: bench.clock.now().timestamp()) as made:
        yield made


async def tried(bench: Bench, webhook: Webhook, event_name: str | None = None) -> Delivery:
    """Ask for a test event."""
    return await bench.db.write(bench.scope, lambda work: send_test(work, webhook.id, event_name))


class TestTestEvents:
    async def test_a_ping_arrives(self, bench: Bench, receiver: Receiver, other: Receiver) -> None:
        webhook = await bench.subscribed(receiver, "", "shipments/delivered")
        await bench.subscribed(other, "", "*", "webhooks")
        asked = await tried(bench, webhook)
        await bench.belt.drain()
        (got,) = receiver.journal
        assert got.signed
        assert (got.headers["karla-test"], got.headers["karla-delivery-id"]) == ("true", str(asked.id))
        assert (got.headers["webhook-id"], got.event_id) == (str(asked.event_id), str(asked.event_id))
        assert (got.json["ref"], got.json["event_group"]) == ("webhooks/test", "webhook_test")
        assert (got.json["shop_slug"], got.json["event_data"]["webhook_id"]) == (bench.shop.slug, str(webhook.id))
        assert other.journal == []
        done = await bench.only_delivery(webhook)
        assert (done.status, done.test, [attempt.status_code for attempt in done.attempts]) == (
            DeliveryStatus.DELIVERED,
            True,
            [200],
        )

    async def test_one_that_fails_is_tried_again(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(500)
        await tried(bench, webhook)
        await bench.belt.drain()
        await bench.pass_time(timedelta(minutes=1))
        first, again = receiver.journal
        assert (first.body, first.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
        assert again.signed
        assert again.headers["karla-test"] == "true"
        assert (await bench.only_delivery(webhook)).status is DeliveryStatus.DELIVERED

    @pytest.mark.parametrize("name", ["webhooks/failing", "webhooks/recovered", "webhooks/disabled"])
    async def test_what_is_told_of_webhooks_in_another_format(
        self, bench: Bench, receiver: Receiver, name: str
    ) -> None:
        webhook = await bench.subscribed(receiver, payload_format=PayloadFormat.CLOUDEVENTS)
        await tried(bench, webhook, name)
        await bench.belt.drain()
        (got,) = receiver.journal
        assert got.signed
        assert (got.json["type"], got.json["data"]["ref"]) == (f"io.karla.{name.replace('/', '.')}", name)
        assert got.json["data"]["event_data"]["webhook_id"] != str(webhook.id)
        lane = await bench.lane(webhook)
        assert (lane.failures, lane.reported_at) == (0, None)


class TestRecovery:
    async def test_another_endpoint_is_told_when_a_failing_one_recovers(
        self, bench: Bench, receiver: Receiver, other: Receiver
    ) -> None:
        sick = await bench.subscribed(receiver, "", "shipments")
        watching = await bench.subscribed(other, "", "webhooks/recovered")
        receiver.always(500)
        happened = await bench.happen(*MANY)
        await bench.belt.drain()
        while not (await bench.lane(sick)).reported_at:
            assert bench.clock.now() - bench.started_at < timedelta(hours=1)
            await bench.pass_time(HALF_A_MINUTE)
        assert other.journal == []
        receiver.always(None)
        while not other.journal:
            assert bench.clock.now() - bench.started_at < timedelta(hours=1)
            await bench.pass_time(HALF_A_MINUTE)
        await bench.pass_time(timedelta(days=1))
        (got,) = other.journal
        assert got.signed
        assert "karla-test" not in got.headers
        assert (got.json["ref"], got.json["event_group"]) == ("webhooks/recovered", "webhook_recovered")
        data = got.json["event_data"]
        assert (data["webhook_id"], data["url"]) == (str(sick.id), sick.url)
        assert (data["failures"], data["failing_since"], data["last_status_code"]) == (0, None, 500)
        assert (await bench.only_delivery(watching)).status is DeliveryStatus.DELIVERED
        assert {one.event_id for one in receiver.journal if one.status == 200} == set(happened)
        assert (await bench.lane(sick)).reported_at is None
