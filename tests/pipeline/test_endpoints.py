"""Endpoints in trouble: they are left alone, the shop is told, and what waits for them flows again."""

import json
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime
from itertools import pairwise

import msgspec
import pytest
from jsonschema import Draft202012Validator

from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.webhooks import WebhookMembers, WebhookStatus
from karla.domain.subscribers.rules.lanes import OPEN_AFTER
from karla.infra.http import EgressUnavailable
from karla.pipeline.belt import Belt
from tests.support.benches import Bench
from tests.support.documents import the_document
from tests.support.endpoints import Endpoints
from tests.support.receiver import Receiver

A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MANY = ["SUCCESSFULLY_DELIVERED"] * 40


async def opened(bench: Bench, receiver: Receiver) -> int:
    """Fail until the breaker is open; how many requests that took."""
    receiver.always(500)
    await bench.happen(*MANY)
    await bench.belt.drain()
    return len(receiver.journal)


class TestBreaker:
    async def test_it_opens_and_one_probe_goes_out_after_each_pause(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        asked = await opened(bench, receiver)
        assert OPEN_AFTER <= asked < len(MANY)
        paused_until = (await bench.lane(webhook)).paused_until
        assert paused_until
        assert timedelta(seconds=4) < paused_until - bench.clock.now() < timedelta(seconds=6)
        await bench.pass_time(paused_until - bench.clock.now() - timedelta(milliseconds=1))
        assert len(receiver.journal) == asked
        for probes in range(1, 8):
            lane = await bench.lane(webhook)
            assert lane.paused_until
            await bench.pass_time(lane.paused_until - bench.clock.now())
            assert len(receiver.journal) == asked + probes
        assert bench.clock.now() - bench.started_at > timedelta(minutes=4)

    async def test_pauses_grow_to_five_minutes(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await opened(bench, receiver)
        pauses = []
        for _ in range(10):
            lane = await bench.lane(webhook)
            assert lane.paused_until
            pauses.append(lane.paused_until - bench.clock.now())
            await bench.pass_time(pauses[-1])
        assert timedelta(minutes=4.4) < pauses[-1] < timedelta(minutes=5.6)
        assert all(later > 0.7 * sooner for sooner, later in pairwise(pauses))

    async def test_a_success_lets_everything_flow_again(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await opened(bench, receiver)
        receiver.always(None)
        await bench.pass_time(A_MINUTE)
        lane = await bench.lane(webhook)
        assert (lane.failures, lane.paused_until, lane.last_success_at) == (0, None, bench.clock.now())
        await bench.pass_time(A_MINUTE)
        assert {one.status for one in await bench.deliveries(webhook)} == {DeliveryStatus.DELIVERED}

    async def test_what_happens_meanwhile_waits_for_the_probe(self, bench: Bench, receiver: Receiver) -> None:
        await bench.subscribed(receiver)
        asked = await opened(bench, receiver)
        await bench.happen(*MANY)
        await bench.belt.drain()
        assert len(receiver.journal) == asked

    async def test_the_others_notice_nothing(self, bench: Bench, receiver: Receiver) -> None:
        endpoints = Endpoints(bench.clock)
        endpoints.always("/sick", "timeout")
        for path in ("/sick", "/well"):
            await bench.webhook(f"http://127.0.0.1:9{path}")
        await bench.happen(*MANY)
        await Belt(bench.settings, bench.db, endpoints, bench.clock).drain()
        asked = Counter(request.path for request in endpoints.journal)
        assert asked["/well"] == len(MANY)
        assert asked["/sick"] < len(MANY)

    async def test_a_delivery_that_it_held_back_for_the_whole_window_has_failed(
        self, bench: Bench, receiver: Receiver
    ) -> None:
        webhook = await bench.subscribed(receiver)
        await opened(bench, receiver)
        bench.clock.advance(timedelta(days=3.5))
        await bench.belt.look_after()
        statuses = {one.status for one in await bench.deliveries(webhook)}
        assert statuses == {DeliveryStatus.FAILED}

    async def test_few_retries_leave_to_what_waits_its_probes(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        settings = msgspec.structs.replace(bench.settings, webhook_retries=0)
        belt = Belt(settings, bench.db, bench.egress, bench.clock)
        receiver.always(500)
        await bench.happen(*MANY)
        await belt.drain()
        asked = len(receiver.journal)
        bench.clock.advance(timedelta(minutes=59))
        await belt.look_after()
        receiver.always(None)
        await belt.drain()
        statuses = Counter(one.status for one in await bench.deliveries(webhook))
        assert statuses == {DeliveryStatus.FAILED: asked, DeliveryStatus.DELIVERED: len(MANY) - asked}

    async def test_nothing_else_expires(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        bench.clock.advance(timedelta(days=3.5))
        await bench.belt.look_after()
        await bench.belt.drain()
        assert (await bench.only_delivery(webhook)).status is DeliveryStatus.DELIVERED


class TestBusyReceivers:
    @pytest.mark.parametrize("code", [429, 502, 503, 504])
    async def test_the_whole_endpoint_is_left_alone_as_long_as_it_asks(
        self, bench: Bench, receiver: Receiver, code: int
    ) -> None:
        await bench.subscribed(receiver)
        receiver.answer(code, headers={"Retry-After": "120"})
        await bench.happen()
        await bench.belt.drain()
        await bench.happen()
        await bench.pass_time(timedelta(seconds=119))
        assert len(receiver.journal) == 1
        await bench.pass_time(A_SECOND)
        assert len(receiver.journal) == 3

    async def test_it_may_ask_by_a_date(self, bench: Bench, receiver: Receiver) -> None:
        await bench.subscribed(receiver)
        until = format_datetime(bench.clock.now() + 2 * A_MINUTE, usegmt=True)
        receiver.answer(503, headers={"Retry-After": until})
        await bench.happen()
        await bench.belt.drain()
        await bench.happen()
        await bench.pass_time(timedelta(seconds=119))
        assert len(receiver.journal) == 1
        await bench.pass_time(A_SECOND)
        assert len(receiver.journal) == 3

    async def test_but_for_an_hour_at_most(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(429, headers={"Retry-After": "36000"})
        await bench.happen()
        await bench.belt.drain()
        assert (await bench.lane(webhook)).paused_until == bench.clock.now() + timedelta(hours=1)
        assert (await bench.only_delivery(webhook)).due_at == bench.clock.now() + timedelta(hours=10)

    async def test_a_429_that_names_no_time_means_some_seconds(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(429)
        await bench.happen()
        await bench.belt.drain()
        assert (await bench.lane(webhook)).paused_until == bench.clock.now() + timedelta(seconds=5)


class TestGone:
    async def test_it_gets_nothing_more_and_the_shop_is_told(self, bench: Bench, receiver: Receiver) -> None:
        gone = await bench.subscribed(receiver, "/gone", "*", "webhooks")
        watching = await bench.subscribed(receiver, "/watching", "webhook_disabled")
        receiver.answer(500, 410)
        await bench.happen("SUCCESSFULLY_DELIVERED", "OUT_FOR_DELIVERY")
        await bench.belt.drain()
        await bench.pass_time(timedelta(days=1))
        assert [got.path for got in receiver.journal] == ["/hooks/gone", "/hooks/gone", "/hooks/watching"]
        statuses = Counter(one.status for one in await bench.deliveries(gone))
        assert statuses == {DeliveryStatus.FAILED: 1, DeliveryStatus.CANCELLED: 1}
        now = await bench.read(gone)
        assert (now.status, now.disabled_reason) == (WebhookStatus.INACTIVE, "gone")
        told = receiver.journal[-1].json
        assert told["ref"] == "webhooks/disabled"
        assert told["event_data"]["webhook_id"] == str(gone.id)
        assert told["event_data"]["last_status_code"] == 410
        assert {one.status for one in await bench.deliveries(watching)} == {DeliveryStatus.DELIVERED}

    async def test_set_active_again_it_gets_what_happens_from_then_on(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.answer(410)
        await bench.happen()
        await bench.belt.drain()
        bench.clock.advance(A_MINUTE)
        await bench.set_status(webhook, WebhookStatus.ACTIVE)
        (later,) = await bench.happen()
        await bench.belt.drain()
        assert receiver.journal[-1].event_id == later
        assert (await bench.read(webhook)).disabled_reason is None

    async def test_a_webhook_that_has_moved_meanwhile_stays(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        (due,) = await bench.claim()
        await bench.change(webhook, WebhookMembers(url=receiver.url + "/new"))
        await bench.finish(bench.result_of(due, status_code=410))
        assert (await bench.read(webhook)).status is WebhookStatus.ACTIVE


class TestHealth:
    async def test_the_shop_is_told_of_failing_and_of_recovery_once(self, bench: Bench, receiver: Receiver) -> None:
        endpoints = Endpoints(bench.clock)
        belt = Belt(bench.settings, bench.db, endpoints, bench.clock)
        sick = await bench.webhook("http://127.0.0.1:9/sick")
        await bench.webhook("http://127.0.0.1:9/all", "*")
        await bench.webhook("http://127.0.0.1:9/watching", "webhooks")
        endpoints.always("/sick", 500)
        await bench.happen(*MANY)
        for _ in range(40):
            await belt.drain()
            bench.clock.advance(timedelta(seconds=30))
        told = [request.json for request in endpoints.journal if request.path == "/watching"]
        assert [one["ref"] for one in told] == ["webhooks/failing"]
        (failing,) = told
        data = failing["event_data"]
        assert data["webhook_id"] == str(sick.id)
        assert data["failures"] >= OPEN_AFTER
        assert (data["last_status_code"], data["last_error"]) == (500, None)
        assert failing["event_group"] == data["event_group"] == "webhook_failing"
        assert failing["context"] == {"order": None, "customer": None, "shipments": [], "claims": []}
        assert (await bench.read(sick)).status is WebhookStatus.ACTIVE
        endpoints.always("/sick", 200)
        for _ in range(20):
            await belt.drain()
            bench.clock.advance(timedelta(minutes=1))
        told = [request.json for request in endpoints.journal if request.path == "/watching"]
        assert [one["ref"] for one in told] == ["webhooks/failing", "webhooks/recovered"]
        assert not [one for one in endpoints.journal if one.path != "/watching" and one.json["source"] == "webhooks"]

    async def test_a_lone_event_that_fails_for_five_minutes_is_told(self, bench: Bench) -> None:
        endpoints = Endpoints(bench.clock)
        belt = Belt(bench.settings, bench.db, endpoints, bench.clock)
        await bench.webhook("http://127.0.0.1:9/sick")
        await bench.webhook("http://127.0.0.1:9/watching", "webhooks")
        endpoints.always("/sick", 500)
        await bench.happen()
        told_after = None
        for seconds in range(0, 600, 10):
            await belt.drain()
            if told_after is None and [one for one in endpoints.journal if one.path == "/watching"]:
                told_after = seconds
            bench.clock.advance(timedelta(seconds=10))
        # Its attempts: at once, and after about 30 s, 90 s, 3.5 and 7.5 minutes.
        assert told_after is not None
        assert 300 <= told_after <= 540
        assert len([one for one in endpoints.journal if one.path == "/watching"]) == 1

    @pytest.mark.parametrize("tries", [0, 1])
    async def test_an_event_that_is_given_up_is_told_of(self, bench: Bench, tries: int) -> None:
        endpoints = Endpoints(bench.clock)
        settings = msgspec.structs.replace(bench.settings, webhook_retries=tries)
        belt = Belt(settings, bench.db, endpoints, bench.clock)
        sick = await bench.webhook("http://127.0.0.1:9/sick")
        await bench.webhook("http://127.0.0.1:9/watching", "webhooks")
        endpoints.always("/sick", 500)
        await bench.happen()
        for _ in range(4):
            await belt.drain()
            bench.clock.advance(timedelta(seconds=30))
        assert (await bench.only_delivery(sick)).status is DeliveryStatus.FAILED
        told = [one.json for one in endpoints.journal if one.path == "/watching"]
        assert [(one["ref"], one["event_data"]["failures"]) for one in told] == [("webhooks/failing", tries + 1)]

    async def test_two_failures_are_not_told_however_far_apart(self, bench: Bench) -> None:
        endpoints = Endpoints(bench.clock)
        settings = msgspec.structs.replace(bench.settings, webhook_retry_base_seconds=600.0)
        belt = Belt(settings, bench.db, endpoints, bench.clock)
        await bench.webhook("http://127.0.0.1:9/sick")
        await bench.webhook("http://127.0.0.1:9/watching", "webhooks")
        endpoints.answer("/sick", 500, 500)
        await bench.happen()
        for _ in range(12):
            await belt.drain()
            bench.clock.advance(timedelta(minutes=5))
        assert [one.path for one in endpoints.journal] == ["/sick"] * 3

    async def test_what_is_told_is_as_documented(self, bench: Bench) -> None:
        endpoints = Endpoints(bench.clock)
        endpoints.answer("/gone", 410)
        await bench.webhook("http://127.0.0.1:9/gone", "shipments")
        await bench.webhook("http://127.0.0.1:9/watching", "webhooks/disabled")
        await bench.happen()
        belt = Belt(bench.settings, bench.db, endpoints, bench.clock)
        await belt.drain()
        (told,) = [request for request in endpoints.journal if request.path == "/watching"]
        document = json.loads(json.dumps(the_document(), default=str))
        schema = document["webhooks"]["webhooks/disabled"]["post"]["requestBody"]["content"]["application/json"]
        whole = {**schema["schema"], "components": document["components"]}
        assert not list(Draft202012Validator(whole).iter_errors(told.json))


class TestOurOwnFaults:
    async def test_a_proxy_that_is_down_is_charged_to_nobody(self, bench: Bench) -> None:
        endpoints = Endpoints(bench.clock)
        endpoints.always("/a", EgressUnavailable("proxy_connect"))
        webhook = await bench.webhook("http://127.0.0.1:9/a")
        await bench.happen()
        belt = Belt(bench.settings, bench.db, endpoints, bench.clock)
        for _ in range(30):
            await belt.drain()
            bench.clock.advance(timedelta(seconds=6))
        assert len(endpoints.journal) == 30
        delivery, lane = await bench.only_delivery(webhook), await bench.lane(webhook)
        assert (delivery.status, lane.failures) == (DeliveryStatus.PENDING, 0)
        assert [(one.sent, one.error) for one in delivery.attempts] == [(False, "proxy_connect")]
        endpoints.always("/a", 200)
        await belt.drain()
        delivery = await bench.only_delivery(webhook)
        assert (delivery.status, [one.sent for one in delivery.attempts]) == (DeliveryStatus.DELIVERED, [False, True])
