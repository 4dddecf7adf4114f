"""What a request looks like: payload formats, signatures during a rotation, and marks."""

import json
from datetime import timedelta

from karla.domain.subscribers.commands.replays import replay
from karla.domain.subscribers.commands.webhooks import rotate_secret
from karla.domain.subscribers.records.lanes import LaneState, WebhookNotice
from karla.domain.subscribers.records.replays import ReplayCriteria, ReplayStatus
from karla.domain.subscribers.records.webhooks import PayloadFormat, Rotation
from karla.infra.ids import new_id
from karla.infra.signing import verify_karla, verify_standard
from karla.vocabulary.events import Notice
from tests.support.benches import Bench
from tests.support.receiver import Receiver

OLD, NEW = "the-old-secret-of-16", "the-new-secret-of-16"


class TestCloudEvents:
    async def test_the_envelope_is_the_data_byte_by_byte(self, bench: Bench, receiver: Receiver) -> None:
        await bench.subscribed(receiver, payload_format=PayloadFormat.CLOUDEVENTS)
        (event_id,) = await bench.happen("SUCCESSFULLY_DELIVERED")
        await bench.belt.drain()
        (got,), (entry,) = receiver.journal, await bench.journal()
        assert got.signed
        assert got.headers["content-type"] == "application/cloudevents+json"
        assert got.body.endswith(b',"data":' + entry.payload + b"}")
        attributes = got.json
        data = attributes.pop("data")
        assert attributes == {
            "specversion": "1.0",
            "id": event_id,
            "source": f"urn:uuid:{bench.shop.id}",
            "type": "io.karla.shipments.delivered.SUCCESSFULLY_DELIVERED",
            "subject": data["event_data"]["shipment_id"],
            "time": data["triggered_at"],
            "datacontenttype": "application/json",
        }

    async def test_it_is_the_same_at_each_attempt(self, bench: Bench, receiver: Receiver) -> None:
        await bench.subscribed(receiver, payload_format=PayloadFormat.CLOUDEVENTS)
        receiver.answer(500)
        await bench.happen()
        await bench.belt.drain()
        await bench.pass_time(timedelta(minutes=1))
        first, second = receiver.journal
        assert first.body == second.body
        assert first.signed
        assert second.signed

    async def test_one_without_a_shipment_has_no_subject(self, bench: Bench, receiver: Receiver) -> None:
        await bench.subscribed(receiver, "", "webhooks", payload_format=PayloadFormat.CLOUDEVENTS)
        notice = WebhookNotice(
            event_id=new_id(),
            shop_id=bench.shop.id,
            notice=Notice.FAILING,
            webhook_id=new_id(),
            url=receiver.url,
            lane=LaneState(failures=12),
            occurred_at=bench.clock.now(),
        )
        await bench.announce(notice)
        await bench.belt.drain()
        (got,) = receiver.journal
        assert "subject" not in got.json
        assert got.json["type"] == "io.karla.webhooks.failing"


class TestRotation:
    async def test_both_secrets_sign_while_it_lasts_the_new_one_first(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.webhook(receiver.url, secret=OLD)
        rotation = Rotation(secret=NEW, overlap=timedelta(hours=2))
        await bench.db.write(bench.scope, lambda work: rotate_secret(work, webhook.id, rotation))
        await bench.happen()
        await bench.belt.drain()
        await bench.pass_time(timedelta(hours=2))
        await bench.happen()
        await bench.belt.drain()
        during, after = receiver.journal
        assert during.headers["karla-signature"].count("v1=") == 2
        assert len(during.headers["webhook-signature"].split(" ")) == 2
        moment = bench.clock.now().timestamp()
        for secret in (OLD, NEW):
            before = moment - 7200
            assert verify_karla(during.headers["karla-signature"], during.body, [secret], before)
            assert verify_standard(during.headers, during.body, [secret], before)
        only_new = during.headers["karla-signature"].rsplit(",", 1)[0]
        assert verify_karla(only_new, during.body, [NEW], moment - 7200)
        assert after.headers["karla-signature"].count("v1=") == 1
        assert verify_karla(after.headers["karla-signature"], after.body, [NEW], moment)
        assert not verify_karla(after.headers["karla-signature"], after.body, [OLD], moment)


class TestMarks:
    async def test_a_replay_is_the_same_message_and_says_what_it_is(self, bench: Bench, receiver: Receiver) -> None:
        webhook = await bench.subscribed(receiver)
        (event_id,) = await bench.happen()
        await bench.belt.drain()
        criteria = ReplayCriteria(status=ReplayStatus.ALL)
        replayed = await bench.db.write(bench.scope, lambda work: replay(work, webhook.id, criteria))
        await bench.belt.drain()
        first, second = receiver.journal
        assert first.headers["webhook-id"] == second.headers["webhook-id"] == event_id
        assert first.body == second.body
        assert first.headers["karla-delivery-id"] != second.headers["karla-delivery-id"]
        assert "karla-replay" not in first.headers
        assert second.headers["karla-replay"] == str(replayed.id)
        assert second.signed

    async def test_what_happened_has_no_mark_of_a_test(self, bench: Bench, receiver: Receiver) -> None:
        await bench.subscribed(receiver)
        await bench.happen()
        await bench.belt.drain()
        (got,) = receiver.journal
        assert "karla-test" not in got.headers
        assert json.loads(got.body)["source"] == "shipments"
