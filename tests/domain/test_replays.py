"""Which events are sent again, how often and in which order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
import pytest_asyncio

from karla.domain.shipments.records import OrderFile
from karla.domain.subscribers.commands.replays import replay, replay_delivery
from karla.domain.subscribers.commands.webhooks import create_webhook, update_webhook
from karla.domain.subscribers.journal import Journal
from karla.domain.subscribers.queries.replays import replays
from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.replays import Replay, ReplayCriteria, Replayed, ReplaySource, ReplayStatus
from karla.domain.subscribers.records.webhooks import Ordering, Webhook, WebhookMembers, WebhookStatus
from karla.infra.db import Database
from karla.infra.errors import Conflict
from karla.infra.settings import Settings
from tests.support.benches import Bench, bench_of
from tests.support.clocks import NOON, StandingClock
from tests.support.facts import happen, order_file, shipment_event
from tests.support.karla import Karla
from tests.support.receiver import Receiver, receiving

MINUTE = timedelta(minutes=1)
FAILED = ReplayCriteria()
ALL = ReplayCriteria(status=ReplayStatus.ALL)
JOURNAL = ReplayCriteria(source=ReplaySource.JOURNAL, since=NOON)


@pytest_asyncio.fixture
async def bench(karla: Karla, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    """Here a delivery that fails once has failed."""
    client = await karla.shop()
    async with bench_of(client.shop, msgspec.structs.replace(settings, webhook_retries=0), database_url) as made:
        yield made


@pytest_asyncio.fixture
async def patient(karla: Karla, settings: Settings, database_url: str) -> AsyncIterator[Bench]:
    """Here it is tried again after an hour."""
    client = await karla.shop()
    slow = msgspec.structs.replace(settings, webhook_retries=5, webhook_retry_base_seconds=3600.0)
    async with bench_of(client.shop, slow, database_url) as made:
        yield made


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def sent_again(
    bench: Bench,
    webhook: Webhook,
    criteria: ReplayCriteria = FAILED,
    *,
    dry_run: bool = False,
    limit: int = 100,
) -> Replayed:
    """The clock is a minute on, so that what is new is newer."""
    bench.clock.advance(MINUTE)
    return await bench.db.write(
        bench.scope, lambda work: replay(work, webhook.id, criteria, dry_run=dry_run, limit=limit)
    )


async def failed(bench: Bench, receiver: Receiver, *names: str) -> tuple[Webhook, list[str]]:
    """A webhook at which these events have failed for good."""
    webhook = await bench.webhook(receiver.url)
    receiver.always(500)
    ids = await bench.happen(*names)
    await bench.belt.drain()
    receiver.always(None)
    return webhook, ids


async def replays_of(bench: Bench, webhook: Webhook) -> list[Replay]:
    async with bench.db.read(bench.scope) as connection:
        return await replays(bench.scope, connection, webhook.id, limit=100, offset=0)


def received(receiver: Receiver) -> list[str]:
    return [one.event_id for one in receiver.journal]


class TestFailed:
    async def test_what_failed_is_sent_again_under_the_same_id(self, bench: Bench, receiver: Receiver) -> None:
        webhook, ids = await failed(bench, receiver, "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
        first = {one.event_id: one for one in receiver.journal}
        receiver.journal.clear()
        assert (await sent_again(bench, webhook)).deliveries == 2
        await bench.belt.drain()
        assert sorted(received(receiver)) == sorted(ids)
        for one in receiver.journal:
            before = first[one.event_id]
            assert one.body == before.body
            assert one.headers["webhook-id"] == before.headers["webhook-id"]
            assert one.delivery_id != before.delivery_id

    async def test_what_was_delivered_since_is_not_sent_a_third_time(self, bench: Bench, receiver: Receiver) -> None:
        webhook, _ = await failed(bench, receiver)
        assert (await sent_again(bench, webhook)).deliveries == 1
        await bench.belt.drain()
        assert await sent_again(bench, webhook) == Replayed(None, 0, more=False)

    async def test_what_is_on_its_way_is_not_doubled(self, bench: Bench, receiver: Receiver) -> None:
        webhook, _ = await failed(bench, receiver)
        calls = await asyncio.gather(*(sent_again(bench, webhook) for _ in range(5)))
        assert sorted(call.deliveries for call in calls) == [0, 0, 0, 0, 1]
        await bench.belt.drain()
        assert len(receiver.journal) == 2

    async def test_what_fails_again_can_be_sent_again(self, bench: Bench, receiver: Receiver) -> None:
        webhook, _ = await failed(bench, receiver)
        receiver.always(500)
        for _ in range(3):
            assert (await sent_again(bench, webhook)).deliveries == 1
            await bench.belt.drain()
        statuses = Counter(one.status for one in await bench.deliveries(webhook))
        assert statuses == {DeliveryStatus.FAILED: 4}

    async def test_a_dry_run_only_counts(self, bench: Bench, receiver: Receiver) -> None:
        webhook, _ = await failed(bench, receiver, *["OUT_FOR_DELIVERY"] * 5)
        assert await sent_again(bench, webhook, dry_run=True, limit=3) == Replayed(None, 5, more=True)
        await bench.belt.drain()
        assert len(receiver.journal) == 5
        assert await replays_of(bench, webhook) == []

    async def test_too_many_go_in_several_replays_the_oldest_first(self, bench: Bench, receiver: Receiver) -> None:
        webhook, ids = await failed(bench, receiver, *["OUT_FOR_DELIVERY"] * 5)
        receiver.journal.clear()
        done = await sent_again(bench, webhook, limit=3)
        assert (done.deliveries, done.more) == (3, True)
        await bench.belt.drain()
        assert sorted(received(receiver)) == sorted(ids[:3])
        done = await sent_again(bench, webhook, limit=3)
        assert (done.deliveries, done.more) == (2, False)

    async def test_other_webhooks_and_shops_hear_nothing(self, bench: Bench, receiver: Receiver) -> None:
        webhook, _ = await failed(bench, receiver)
        async with receiving() as other:
            await bench.webhook(other.url)
            await sent_again(bench, webhook)
            await bench.belt.drain()
            assert other.journal == []


class TestCriteria:
    async def test_by_status(self, bench: Bench, receiver: Receiver) -> None:
        webhook, (lost,) = await failed(bench, receiver)
        (taken,) = await bench.happen()
        await bench.belt.drain()
        for status, expected in (
            (ReplayStatus.CANCELLED, []),
            (ReplayStatus.FAILED, [lost]),
            (ReplayStatus.DELIVERED, [lost, taken]),
            (ReplayStatus.ALL, [lost, taken]),
        ):
            receiver.journal.clear()
            done = await sent_again(bench, webhook, ReplayCriteria(status=status))
            await bench.belt.drain()
            assert done.deliveries == len(expected), status
            assert sorted(received(receiver)) == sorted(expected), status

    async def test_cancelled_deliveries_come_back_when_asked_for(self, patient: Bench, receiver: Receiver) -> None:
        webhook = await patient.webhook(receiver.url)
        receiver.always(500)
        (waiting,) = await patient.happen()
        await patient.belt.drain()
        await patient.set_status(webhook, WebhookStatus.INACTIVE)
        await patient.set_status(webhook, WebhookStatus.ACTIVE)
        receiver.always(None)
        receiver.journal.clear()
        assert (await sent_again(patient, webhook)).deliveries == 0
        assert (await sent_again(patient, webhook, ReplayCriteria(status=ReplayStatus.CANCELLED))).deliveries == 1
        await patient.belt.drain()
        assert received(receiver) == [waiting]

    async def test_by_time_the_end_excluded(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.webhook(receiver.url)
        ids = []
        for _ in range(3):
            ids += await bench.happen()
            bench.clock.advance(MINUTE)
        await bench.belt.drain()
        receiver.journal.clear()
        wanted = ReplayCriteria(status=ReplayStatus.ALL, since=NOON + MINUTE, until=NOON + 2 * MINUTE)
        assert (await sent_again(bench, webhook, wanted)).deliveries == 1
        await bench.belt.drain()
        assert received(receiver) == [ids[1]]

    @pytest.mark.parametrize("source", list(ReplaySource))
    @pytest.mark.parametrize(
        ("filters", "wanted"),
        [
            (("*",), {"SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "OUT_FOR_DELIVERY"}),
            (("shipments/in_delivery",), {"OUT_FOR_DELIVERY"}),
            (("shipment_delivered", "claims"), {"SUCCESSFULLY_DELIVERED"}),
            (("shipment_delivered_all_events",), {"SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR"}),
            (("claims",), set()),
        ],
    )
    async def test_by_filters(
        self, bench: Bench, receiver: Receiver, source: ReplaySource, filters: tuple[str, ...], wanted: set[str]
    ) -> None:
        webhook, _ = await failed(
            bench, receiver, "SUCCESSFULLY_DELIVERED", "DELIVERED_TO_NEIGHBOUR", "OUT_FOR_DELIVERY"
        )
        receiver.journal.clear()
        await sent_again(bench, webhook, ReplayCriteria(source=source, events=filters, since=NOON))
        await bench.belt.drain()
        assert {one.json["event_data"]["event_name"] for one in receiver.journal} == wanted


class TestJournal:
    async def test_a_new_webhook_gets_what_happened_before_it(self, bench: Bench, receiver: Receiver) -> None:
        early = await bench.happen("OUT_FOR_DELIVERY", "ORDER_CONFIRMED", "SUCCESSFULLY_DELIVERED")
        await bench.belt.drain()
        bench.clock.advance(MINUTE)
        webhook = await bench.webhook(receiver.url)
        late = await bench.happen()
        await bench.belt.drain()
        assert received(receiver) == late
        assert (await sent_again(bench, webhook, JOURNAL)).deliveries == 2
        await bench.belt.drain()
        # The confirmation has no group, so that it is told to nobody.
        assert sorted(received(receiver)) == sorted([early[0], early[2], *late])
        assert (await sent_again(bench, webhook, JOURNAL)).deliveries == 0

    async def test_it_keeps_to_what_the_webhook_asks_for(self, bench: Bench, receiver: Receiver) -> None:
        (out, _) = await bench.happen("OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
        await bench.belt.drain()
        webhook = await bench.webhook(receiver.url, "shipments/in_delivery")
        await sent_again(bench, webhook, JOURNAL)
        await bench.belt.drain()
        assert received(receiver) == [out]

    async def test_all_of_it_again(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.webhook(receiver.url)
        ids = await bench.happen("OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
        await bench.belt.drain()
        await sent_again(bench, webhook, msgspec.structs.replace(JOURNAL, status=ReplayStatus.ALL))
        await bench.belt.drain()
        assert Counter(received(receiver)) == Counter([*ids, *ids])

    async def test_what_the_relay_has_yet_to_hand_out_comes_once(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.webhook(receiver.url)
        ids = await bench.happen()
        assert (await sent_again(bench, webhook, JOURNAL)).deliveries == 0
        await bench.belt.drain()
        assert received(receiver) == ids

    async def test_what_the_relay_keeps_from_a_new_webhook_is_sent(self, bench: Bench, receiver: Receiver) -> None:
        ids = await bench.happen()
        webhook = await bench.webhook(receiver.url)
        assert (await sent_again(bench, webhook, JOURNAL)).deliveries == 1
        await bench.belt.drain()
        assert received(receiver) == ids


class TestOrder:
    @pytest.mark.parametrize("criteria", [ALL, msgspec.structs.replace(JOURNAL, status=ReplayStatus.ALL)])
    async def test_a_shipments_events_go_in_their_order(
        self, bench: Bench, receiver: Receiver, criteria: ReplayCriteria
    ) -> None:
        webhook = await ordered(bench, receiver.url)
        file = order_file(bench.shop.id)
        told = [await happened(bench, file, name) for name in ("OUT_FOR_DELIVERY", "DELIVERY_ATTEMPTED") * 3]
        await bench.belt.drain()
        assert received(receiver) == told
        receiver.journal.clear()
        assert (await sent_again(bench, webhook, criteria)).deliveries == 6
        newer = await happened(bench, file, "SUCCESSFULLY_DELIVERED")
        await bench.belt.drain()
        assert received(receiver) == [*told, newer]

    async def test_what_is_on_its_way_is_put_in_order_when_asked_for(self, patient: Bench, receiver: Receiver) -> None:
        webhook = await patient.webhook(receiver.url)
        file = order_file(patient.shop.id)
        receiver.always(500)
        told = [await happened(patient, file, name) for name in ("OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED") * 2]
        await patient.belt.drain()
        members = WebhookMembers(ordering=Ordering.SHIPMENT)
        await patient.db.write(
            patient.scope, lambda work: update_webhook(work, webhook.id, members, allow_private=True)
        )
        receiver.always(None)
        receiver.journal.clear()
        await patient.pass_time(timedelta(hours=3))
        for _ in told:
            await patient.pass_time(MINUTE)
        assert received(receiver) == told


class TestOne:
    async def test_one_delivery(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.webhook(receiver.url)
        ids = await bench.happen()
        await bench.belt.drain()
        (given,) = await bench.deliveries(webhook)
        bench.clock.advance(MINUTE)
        made = await bench.db.write(bench.scope, lambda work: replay_delivery(work, webhook.id, given.id))
        assert made.replay_id is not None
        assert (made.status, made.event_id) == (DeliveryStatus.PENDING, given.event_id)
        await bench.belt.drain()
        assert received(receiver) == ids * 2
        (noted,) = await replays_of(bench, webhook)
        assert (noted.id, noted.delivery_id, noted.delivered) == (made.replay_id, given.id, 1)

    async def test_one_that_waits_is_tried_now(self, patient: Bench, receiver: Receiver) -> None:
        webhook = await patient.webhook(receiver.url)
        receiver.answer(500)
        await patient.happen()
        await patient.belt.drain()
        (waiting,) = await patient.deliveries(webhook)
        again = await patient.db.write(patient.scope, lambda work: replay_delivery(work, webhook.id, waiting.id))
        assert again.id == waiting.id
        await patient.belt.drain()
        (done,) = await patient.deliveries(webhook)
        assert done.status is DeliveryStatus.DELIVERED
        assert [attempt.status_code for attempt in done.attempts] == [500, 200]

    async def test_so_is_one_that_is_due_within_the_minute(self, patient: Bench, receiver: Receiver) -> None:
        webhook = await patient.webhook(receiver.url)
        receiver.answer(500)
        await patient.happen()
        await patient.belt.drain()
        (waiting,) = await patient.deliveries(webhook)
        patient.clock.advance(waiting.due_at - patient.clock.now() - timedelta(seconds=40))
        again = await patient.db.write(patient.scope, lambda work: replay_delivery(work, webhook.id, waiting.id))
        assert (again.id, again.due_at) == (waiting.id, patient.clock.now())
        await patient.belt.drain()
        assert (await patient.only_delivery(webhook)).status is DeliveryStatus.DELIVERED


class TestProgress:
    async def test_replays_tell_how_far_they_are(self, bench: Bench, receiver: Receiver) -> None:
        webhook, _ = await failed(bench, receiver, *["OUT_FOR_DELIVERY"] * 3)
        done = await sent_again(bench, webhook, msgspec.structs.replace(ALL, until=NOON + MINUTE))
        (begun,) = await replays_of(bench, webhook)
        assert (begun.id, begun.deliveries, begun.pending) == (done.id, 3, 3)
        assert begun.criteria == msgspec.structs.replace(ALL, until=NOON + MINUTE)
        receiver.answer(500)
        await bench.belt.drain()
        (ended,) = await replays_of(bench, webhook)
        assert (ended.pending, ended.delivered, ended.failed, ended.cancelled) == (0, 2, 1, 0)


async def test_an_inactive_webhook_gets_nothing(bench: Bench, receiver: Receiver) -> None:
    webhook, _ = await failed(bench, receiver)
    (delivery,) = await bench.deliveries(webhook)
    await bench.set_status(webhook, WebhookStatus.INACTIVE)
    with pytest.raises(Conflict) as refused:
        await sent_again(bench, webhook)
    assert refused.value.key == "webhook_inactive"
    with pytest.raises(Conflict):
        await bench.db.write(bench.scope, lambda work: replay_delivery(work, webhook.id, delivery.id))


async def test_clocks_that_differ_keep_no_event_from_a_new_webhook(
    bench: Bench, receiver: Receiver, database_url: str
) -> None:
    """The event happens after the webhook was made, on a machine whose clock is behind."""
    await bench.happen()
    await bench.webhook(receiver.url)
    db = await Database.open(
        database_url, announce=Journal, clock=StandingClock(NOON - timedelta(hours=1)), pool_size=1
    )
    try:
        event = shipment_event(order_file(bench.shop.id))
        await happen(db, event)
    finally:
        await db.close()
    await bench.belt.drain()
    assert received(receiver) == [str(event.event_id)]


async def ordered(bench: Bench, url: str) -> Webhook:
    members = WebhookMembers(url=url, ordering=Ordering.SHIPMENT)
    done = await bench.db.write(bench.scope, lambda work: create_webhook(work, members, allow_private=True))
    return done.webhook


async def happened(bench: Bench, file: OrderFile, name: str) -> str:
    event = shipment_event(file, name, at=bench.clock.now())
    await happen(bench.db, event)
    bench.clock.advance(timedelta(seconds=1))
    return str(event.event_id)
