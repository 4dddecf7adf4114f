"""A webhook that is changed while much waits for it: not all of that is looked at at once, and none of it is sent."""

from collections import Counter
from datetime import timedelta

from karla.domain.subscribers.commands.cancelling import AT_ONCE
from karla.domain.subscribers.commands.webhooks import empty_webhook, shorten_log
from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.webhooks import Ordering, WebhookMembers, WebhookStatus
from karla.domain.subscribers.rules.lanes import OPEN_AFTER
from tests.support.benches import Bench
from tests.support.queues import multiply, waiting
from tests.support.receiver import Receiver

MANY = 2 * AT_ONCE


class TestInactive:
    async def test_nothing_is_sent_though_it_waits_until_it_is_cancelled(
        self, bench: Bench, receiver: Receiver
    ) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        await multiply(bench.db, webhook.id, MANY)
        await bench.set_status(webhook, WebhookStatus.INACTIVE)
        assert await waiting(bench.db, webhook.id) == MANY + 1 - AT_ONCE
        await bench.pass_time(timedelta(hours=1))
        assert receiver.journal == []
        await bench.belt.look_after()
        assert await waiting(bench.db, webhook.id) == 0

    async def test_what_waits_when_it_is_gone(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        await multiply(bench.db, webhook.id, MANY)
        receiver.always(410)
        await bench.belt.drain()
        asked = len(receiver.journal)
        assert 0 < await waiting(bench.db, webhook.id) < MANY
        await bench.pass_time(timedelta(hours=1))
        assert len(receiver.journal) == asked
        await bench.belt.look_after()
        assert await waiting(bench.db, webhook.id) == 0

    async def test_active_again_it_gets_nothing_of_before(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        await multiply(bench.db, webhook.id, MANY)
        await bench.set_status(webhook, WebhookStatus.INACTIVE)
        while await bench.db.write(bench.scope, lambda work: empty_webhook(work, webhook.id)):
            pass
        await bench.set_status(webhook, WebhookStatus.ACTIVE)
        (later,) = await bench.happen("OUT_FOR_DELIVERY")
        await bench.belt.drain()
        assert [one.event_id for one in receiver.journal] == [later]

    async def test_an_active_one_is_not_emptied(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        assert not await bench.db.write(bench.scope, lambda work: empty_webhook(work, webhook.id))
        assert await waiting(bench.db, webhook.id) == 1


class TestOtherEvents:
    async def test_what_is_no_longer_asked_for_is_not_sent(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        await multiply(bench.db, webhook.id, MANY)
        (wanted,) = await bench.happen("OUT_FOR_DELIVERY")
        await bench.relay()
        await bench.change(webhook, WebhookMembers(enabled_events=["shipments/in_delivery"]))
        assert await waiting(bench.db, webhook.id) == MANY + 2 - AT_ONCE
        await bench.belt.drain()
        assert [one.event_id for one in receiver.journal] == [wanted]
        assert await waiting(bench.db, webhook.id) == 0
        statuses = {one.status for one in await bench.deliveries(webhook) if str(one.event_id) != wanted}
        assert statuses == {DeliveryStatus.CANCELLED}

    async def test_a_probe_that_is_not_sent_holds_up_nothing(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        receiver.always(500)
        await bench.happen(*["SUCCESSFULLY_DELIVERED"] * 2 * OPEN_AFTER)
        await bench.belt.drain()
        await multiply(bench.db, webhook.id, MANY // OPEN_AFTER)
        (wanted,) = await bench.happen("OUT_FOR_DELIVERY")
        await bench.relay()
        await bench.change(webhook, WebhookMembers(enabled_events=["shipments/in_delivery"]))
        assert await waiting(bench.db, webhook.id) > AT_ONCE
        receiver.always(None)
        receiver.journal.clear()
        await bench.pass_time(timedelta(minutes=1))
        assert [one.event_id for one in receiver.journal] == [wanted]
        assert (await bench.lane(webhook)).failures == 0

    async def test_what_is_dropped_lets_the_next_of_its_shipment_go(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver, ordering=Ordering.SHIPMENT)
        await bench.happen()
        await bench.relay()
        await multiply(bench.db, webhook.id, AT_ONCE + 5)
        await bench.claim()
        await bench.change(webhook, WebhookMembers(enabled_events=["claims"]))
        bench.clock.advance(timedelta(seconds=31))
        await bench.belt.drain()
        assert receiver.journal == []
        assert await waiting(bench.db, webhook.id) == 0


class TestDeleted:
    async def test_a_long_log_goes_piece_by_piece(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        await multiply(bench.db, webhook.id, 7 * AT_ONCE)
        pieces = Counter[bool]()
        while await bench.db.write(bench.scope, lambda work: shorten_log(work, webhook.id)):
            pieces[(await bench.read(webhook)).status is WebhookStatus.INACTIVE] += 1
        assert pieces == {True: 3}
        assert await waiting(bench.db, webhook.id) <= AT_ONCE
        await bench.delete(webhook)

    async def test_a_short_one_stays_as_it_is(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        await bench.happen()
        await bench.relay()
        assert not await bench.db.write(bench.scope, lambda work: shorten_log(work, webhook.id))
        assert (await bench.read(webhook)).status is WebhookStatus.ACTIVE
