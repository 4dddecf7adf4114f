"""From an event to a receiver, through everything that receivers and workers do."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from standardwebhooks import Webhook as StandardWebhook
from structlog.testing import capture_logs

from karla.domain.subscribers.records.deliveries import DeliveryStatus, RetryPolicy
from karla.domain.subscribers.records.webhooks import WebhookStatus
from karla.infra.clock import SystemClock
from karla.infra.http import Egress
from karla.infra.signing import standard_secret
from karla.pipeline.belt import Belt
from karla.pipeline.crew import Crew
from karla.pipeline.delivery import WebhookDelivery
from tests.support.benches import Bench
from tests.support.receiver import Receiver

NEVER = 3600.0
A_MINUTE = timedelta(minutes=1)


class TestDelivering:
    async def test_an_event_arrives_signed_and_is_logged(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        (event_id,) = await bench.happen()
        await bench.belt.drain()
        (got,) = receiver.journal
        (entry,) = await bench.journal()
        delivery = await bench.only_delivery(webhook)
        assert got.signed
        assert got.body == entry.payload
        assert got.event_id == event_id == got.headers["webhook-id"]
        assert got.headers["content-type"] == "application/json"
        assert got.headers["karla-delivery-id"] == str(delivery.id)
        assert delivery.status is DeliveryStatus.DELIVERED
        assert delivery.finished_at == bench.clock.now()
        (attempt,) = delivery.attempts
        assert (attempt.status_code, attempt.error) == (200, None)
        assert attempt.response_excerpt == '{"status": "success"}'

    async def test_each_webhook_gets_it_under_its_own_secret(self, bench: Bench, receiver: Receiver) -> None:
        for path in ("/a", "/b"):
            await bench.subscribed(receiver, path)
        await bench.happen()
        await bench.belt.drain()
        assert sorted(got.path for got in receiver.journal) == ["/hooks/a", "/hooks/b"]
        assert all(got.signed for got in receiver.journal)
        assert len({got.headers["karla-delivery-id"] for got in receiver.journal}) == 2

    async def test_the_official_library_accepts_it(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        bench.clock.advance(SystemClock().now() - bench.clock.now())
        await bench.set_status(webhook, WebhookStatus.ACTIVE)
        await bench.happen()
        await bench.belt.drain()
        (got,) = receiver.journal
        verified = StandardWebhook(standard_secret(webhook.secret)).verify(got.body, dict(got.headers))
        assert verified == got.json

    async def test_many_at_once(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        ids = await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 300)
        await bench.belt.drain()
        assert sorted(got.event_id for got in receiver.journal) == sorted(ids)
        deliveries = await bench.deliveries(webhook)
        assert {delivery.status for delivery in deliveries} == {DeliveryStatus.DELIVERED}


class TestRetrying:
    async def test_again_with_the_same_bytes_and_a_new_signature(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(500, 503, body="not now")
        await bench.happen()
        await bench.belt.drain()
        assert (await bench.only_delivery(webhook)).status is DeliveryStatus.PENDING
        await bench.pass_time(timedelta(seconds=26))
        assert len(receiver.journal) == 1
        await bench.pass_time(timedelta(seconds=8))
        assert len(receiver.journal) == 2
        await bench.pass_time(timedelta(seconds=67))
        first, second, third = receiver.journal
        assert first.body == second.body == third.body
        assert all(got.signed for got in receiver.journal)
        assert len({got.headers["karla-signature"] for got in receiver.journal}) == 3
        assert len({got.headers["webhook-signature"] for got in receiver.journal}) == 3
        assert len({got.headers["webhook-id"] for got in receiver.journal}) == 1
        assert len({got.headers["karla-delivery-id"] for got in receiver.journal}) == 1
        delivery = await bench.only_delivery(webhook)
        assert delivery.status is DeliveryStatus.DELIVERED
        assert [(one.status_code, one.response_excerpt) for one in delivery.attempts] == [
            (500, "not now"),
            (503, "not now"),
            (200, '{"status": "success"}'),
        ]

    async def test_sixteen_attempts_over_three_days_and_then_no_more(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.always(500)
        await bench.happen()
        await bench.belt.drain()
        while (delivery := await bench.only_delivery(webhook)).status is DeliveryStatus.PENDING:
            await bench.pass_time(delivery.due_at - bench.clock.now())
        assert delivery.status is DeliveryStatus.FAILED
        assert len(delivery.attempts) == 16
        span = delivery.attempts[-1].started_at - delivery.attempts[0].started_at
        assert timedelta(days=2.7) < span < timedelta(days=3.4)
        receiver.always(None)
        await bench.pass_time(timedelta(days=30))
        assert len(receiver.journal) == 16

    async def test_as_often_as_set(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.always(500)
        few = msgspec.structs.replace(bench.settings, webhook_retries=1, webhook_retry_base_seconds=1)
        belt = Belt(few, bench.db, bench.egress, bench.clock)
        await bench.happen()
        await belt.drain()
        bench.clock.advance(timedelta(seconds=2))
        await belt.drain()
        assert (await bench.only_delivery(webhook)).status is DeliveryStatus.FAILED

    async def test_a_redirect_is_a_failure_and_not_followed(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(302, headers={"Location": f"{receiver.url}/elsewhere"})
        await bench.happen()
        await bench.belt.drain()
        assert [got.path for got in receiver.journal] == ["/hooks"]
        delivery = await bench.only_delivery(webhook)
        assert (delivery.status, delivery.attempts[0].status_code) == (DeliveryStatus.PENDING, 302)

    async def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(429, headers={"Retry-After": "3600"})
        await bench.happen()
        await bench.belt.drain()
        delivery = await bench.only_delivery(webhook)
        assert delivery.due_at == bench.clock.now() + timedelta(hours=1)

    async def test_a_receiver_that_was_down(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await receiver.down()
        ids = await bench.happen("SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY")
        await bench.belt.drain()
        await receiver.up()
        await bench.pass_time(A_MINUTE)
        assert sorted(got.event_id for got in receiver.journal) == sorted(ids)
        for delivery in await bench.deliveries(webhook):
            assert [(one.status_code, one.error) for one in delivery.attempts] == [(None, "connect"), (200, None)]

    async def test_a_receiver_that_cuts_the_connection(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.reset(always=True)
        await bench.happen()
        await bench.belt.drain()
        delivery = await bench.only_delivery(webhook)
        assert (delivery.status, delivery.attempts[0].error) == (DeliveryStatus.PENDING, "reset")

    async def test_a_receiver_that_hangs(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.hang()
        await bench.happen()
        await bench.relay()
        job = WebhookDelivery(bench.db, bench.egress, bench.clock, RetryPolicy(15, 30), timeout_seconds=0.05)
        await Crew("delivery", job, slots=8).drain()
        delivery = await bench.only_delivery(webhook)
        assert (delivery.status, delivery.attempts[0].error) == (DeliveryStatus.PENDING, "timeout")

    async def test_an_answer_that_no_text_column_takes(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(500, body="\0" + "ü" * 5000)
        await bench.happen()
        await bench.belt.drain()
        excerpt = (await bench.only_delivery(webhook)).attempts[0].response_excerpt
        assert excerpt == "\N{REPLACEMENT CHARACTER}" + "ü" * 999


class TestWhoGetsNothing:
    async def test_an_inactive_webhook_not_even_what_was_due(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(500)
        await bench.happen()
        await bench.belt.drain()
        await bench.set_status(webhook, WebhookStatus.INACTIVE)
        await bench.happen()
        await bench.pass_time(timedelta(days=1))
        assert len(receiver.journal) == 1
        assert (await bench.only_delivery(webhook)).status is DeliveryStatus.CANCELLED
        await bench.set_status(webhook, WebhookStatus.ACTIVE)
        await bench.pass_time(timedelta(days=1))
        assert len(receiver.journal) == 1

    async def test_a_deleted_webhook(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(500)
        await bench.happen()
        await bench.belt.drain()
        await bench.delete(webhook)
        await bench.happen()
        await bench.pass_time(timedelta(days=1))
        assert len(receiver.journal) == 1

    async def test_a_webhook_that_is_newer_than_the_event(self, bench: Bench, receiver: Receiver) -> None:
        await bench.happen()
        bench.clock.advance(timedelta(seconds=1))
        await bench.subscribed(receiver)
        await bench.belt.drain()
        assert not receiver.journal

    @pytest.mark.parametrize(
        ("scheme", "error"), [("http", "the scheme must be https"), ("https", "the address is not public")]
    )
    async def test_a_private_target(self, bench: Bench, receiver: Receiver, scheme: str, error: str) -> None:
        webhook = await bench.webhook(receiver.url.replace("http", scheme, 1))
        await bench.happen()
        async with Egress(allow_private=False) as egress:
            await Belt(bench.settings, bench.db, egress, bench.clock).drain()
        assert not receiver.journal
        delivery = await bench.only_delivery(webhook)
        assert (delivery.status, delivery.attempts[0].error) == (DeliveryStatus.PENDING, error)


class TestLogs:
    async def test_logs_tell_ids_and_no_secrets(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver, "?token=hush")
        receiver.answer(500)
        (event_id,) = await bench.happen()
        with capture_logs() as lines:
            await bench.belt.drain()
            await bench.pass_time(A_MINUTE)
        told = [line for line in lines if line["event"] == "delivery attempt"]
        assert [(line["attempt"], line["status_code"], line["outcome"]) for line in told] == [
            (1, 500, "pending"),
            (2, 200, "delivered"),
        ]
        assert {line["event_id"] for line in told} == {event_id}
        assert {UUID(line["webhook_id"]) for line in told} == {webhook.id}
        for word in ("hush", webhook.secret, "jane", "Jane", "127.0.0.1"):
            assert word not in repr(lines)
