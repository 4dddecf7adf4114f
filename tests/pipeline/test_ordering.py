"""Events of one shipment one after the other, where a webhook asks for that."""

import asyncio
from collections import defaultdict
from datetime import timedelta

import msgspec

from karla.domain.shipments.records import OrderFile
from karla.domain.subscribers.commands.replays import replay
from karla.domain.subscribers.records.deliveries import DeliveryStatus
from karla.domain.subscribers.records.replays import ReplayCriteria, ReplayStatus
from karla.domain.subscribers.records.webhooks import Ordering, Webhook, WebhookMembers
from karla.pipeline.belt import Belt
from tests.support.benches import Bench
from tests.support.endpoints import Endpoints
from tests.support.facts import happen, order_file, shipment_event

JOURNEY = ("DEPARTURE_FROM_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
URL = "http://127.0.0.1:9/ordered"


async def travel(bench: Bench, file: OrderFile, *names: str) -> None:
    """Let this happen to the first parcel of the order, one transaction each."""
    for name in names:
        bench.clock.advance(timedelta(milliseconds=1))
        await happen(bench.db, shipment_event(file, name, at=bench.clock.now()))


def told(endpoints: Endpoints) -> dict[str, list[str]]:
    """The events that came, by shipment."""
    by_shipment = defaultdict(list)
    for request in endpoints.journal:
        data = request.json["event_data"]
        by_shipment[data["shipment_id"]].append(data["event_name"])
    return by_shipment


async def ordered(bench: Bench) -> tuple[Webhook, Endpoints, Belt]:
    webhook = await bench.webhook(URL, ordering=Ordering.SHIPMENT)
    endpoints = Endpoints(bench.clock)
    return webhook, endpoints, Belt(bench.settings, bench.db, endpoints, bench.clock)


async def test_many_shipments_each_in_its_order(bench: Bench) -> None:
    _, endpoints, belt = await ordered(bench)
    files = [order_file(bench.shop.id, at=bench.clock.now()) for _ in range(30)]
    for name in JOURNEY:
        await asyncio.gather(*(travel(bench, file, name) for file in files))
    await belt.drain()
    assert set(map(tuple, told(endpoints).values())) == {JOURNEY}
    assert len(told(endpoints)) == 30


async def test_a_failing_event_holds_back_its_own_shipment_alone(bench: Bench) -> None:
    webhook, endpoints, belt = await ordered(bench)
    first, second = (order_file(bench.shop.id, at=bench.clock.now()) for _ in range(2))
    endpoints.answer("/ordered", 500)
    await travel(bench, first, *JOURNEY)
    await travel(bench, second, *JOURNEY)
    await belt.drain()
    ids = [str(file.shipments[0].id) for file in (first, second)]
    assert told(endpoints) == {ids[0]: [JOURNEY[0]], ids[1]: [*JOURNEY]}
    bench.clock.advance(timedelta(seconds=34))
    await belt.drain()
    assert told(endpoints)[ids[0]] == [JOURNEY[0], *JOURNEY]
    assert {one.status for one in await bench.deliveries(webhook)} == {DeliveryStatus.DELIVERED}


async def test_an_exhausted_event_lets_the_next_one_go(bench: Bench) -> None:
    webhook, endpoints, _ = await ordered(bench)
    few = msgspec.structs.replace(bench.settings, webhook_retries=1, webhook_retry_base_seconds=1)
    belt = Belt(few, bench.db, endpoints, bench.clock)
    endpoints.answer("/ordered", 500, 500)
    await travel(bench, order_file(bench.shop.id, at=bench.clock.now()), *JOURNEY)
    for _ in range(3):
        await belt.drain()
        bench.clock.advance(timedelta(seconds=2))
    (names,) = told(endpoints).values()
    assert names == [JOURNEY[0], *JOURNEY]
    statuses = [one.status for one in sorted(await bench.deliveries(webhook), key=lambda one: one.triggered_at)]
    assert statuses == [DeliveryStatus.FAILED, DeliveryStatus.DELIVERED, DeliveryStatus.DELIVERED]


async def test_one_at_a_time_is_claimed(bench: Bench) -> None:
    await bench.webhook(URL, ordering=Ordering.SHIPMENT)
    await travel(bench, order_file(bench.shop.id, at=bench.clock.now()), *JOURNEY)
    await bench.relay()
    (first,) = await bench.claim()
    assert not await bench.claim()
    await bench.finish(bench.result_of(first))
    (second,) = await bench.claim()
    assert (first.ref.split("/")[2], second.ref.split("/")[2]) == JOURNEY[:2]


async def test_a_queue_of_thousands_behind_one_shipment_holds_up_no_other(bench: Bench) -> None:
    _, endpoints, belt = await ordered(bench)
    endpoints.answer("/ordered", 500)
    await travel(bench, stuck := order_file(bench.shop.id, at=bench.clock.now()), JOURNEY[0])
    await happen(bench.db, *[shipment_event(stuck, at=bench.clock.now()) for _ in range(2000)])
    await travel(bench, order_file(bench.shop.id, at=bench.clock.now()), *JOURNEY)
    await belt.drain()
    counts = sorted(len(names) for names in told(endpoints).values())
    assert counts == [1, 3]


async def test_when_the_first_is_cancelled_the_next_goes(bench: Bench) -> None:
    webhook, endpoints, belt = await ordered(bench)
    endpoints.answer("/ordered", 500)
    await travel(bench, order_file(bench.shop.id, at=bench.clock.now()), *JOURNEY)
    await belt.drain()
    await bench.change(webhook, WebhookMembers(enabled_events=["shipments/in_delivery", "shipments/delivered"]))
    await belt.look_after()
    await belt.drain()
    (names,) = told(endpoints).values()
    assert names == [*JOURNEY]


async def test_replays_keep_the_order_too(bench: Bench) -> None:
    webhook, endpoints, belt = await ordered(bench)
    await travel(bench, order_file(bench.shop.id, at=bench.clock.now()), *JOURNEY)
    await belt.drain()
    endpoints.journal.clear()
    endpoints.answer("/ordered", 500)
    criteria = ReplayCriteria(status=ReplayStatus.ALL)
    replayed = await bench.db.write(bench.scope, lambda work: replay(work, webhook.id, criteria))
    await belt.drain()
    assert list(told(endpoints).values()) == [[JOURNEY[0]]]
    bench.clock.advance(timedelta(seconds=34))
    await belt.drain()
    (names,) = told(endpoints).values()
    assert names == [JOURNEY[0], *JOURNEY]
    assert {request.headers["Karla-Replay"] for request in endpoints.journal} == {str(replayed.id)}


async def test_where_it_is_not_asked_for_nothing_is_held_back(bench: Bench) -> None:
    await bench.webhook(URL)
    endpoints = Endpoints(bench.clock)
    endpoints.answer("/ordered", 500)
    await travel(bench, order_file(bench.shop.id, at=bench.clock.now()), *JOURNEY)
    await Belt(bench.settings, bench.db, endpoints, bench.clock).drain()
    (names,) = told(endpoints).values()
    assert sorted(names) == sorted(JOURNEY)
