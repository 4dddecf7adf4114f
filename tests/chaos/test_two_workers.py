"""Two workers share what is due: none of it is sent twice, nor out of its order, and neither works alone."""

import asyncio
import random
import re
import time
from collections import Counter
from typing import NamedTuple

import aiohttp

from karla.entrypoints.cli.supervising import answers
from karla.infra.ports import free_port
from tests.chaos.caller import calling
from tests.chaos.instance import HOST, Instance, instance
from tests.chaos.processes import comes
from tests.chaos.subscriber import Moods, Subscriber
from tests.chaos.subscribing import IN_ORDER, subscribed
from tests.chaos.traffic import Traffic
from tests.chaos.verdict import State, drained, faults

_SEED = 20261121
_ORDERS, _BULK = 900, 60
_CALLS, _LANES = 250, 8
_READY_SECONDS = 30.0
_DRAIN_SECONDS = 30.0
# How many of a hundred each must have sent; chance has it at about fifty.
_LEAST = 10
_DELIVERED = re.compile(r'^karla_delivery_attempts_total\{outcome="(\w+)"\} (\d+)', re.MULTILINE)


class _Shared(NamedTuple):
    """What came of it: `attempts` of each worker by outcome, as it counts them itself."""

    state: State
    subscriber: Subscriber
    faults: list[str]
    attempts: list[dict[str, int]]


async def test_two_workers_send_each_event_once_and_both_have_a_part() -> None:
    done = await _shared_work()

    assert done.faults == []
    sent = Counter((arrival.webhook, arrival.event_id) for arrival in done.subscriber.arrivals)
    assert [key for key, times in sent.items() if times > 1] == []
    assert len(sent) == sum(len(deliveries) for deliveries in done.state.deliveries.values())
    assert {outcome for attempts in done.attempts for outcome, count in attempts.items() if count} == {"delivered"}
    parts = [attempts["delivered"] for attempts in done.attempts]
    print(f"{len(sent)} deliveries, by worker {parts}")
    assert sum(parts) == len(sent)
    assert min(parts) * 100 >= _LEAST * len(sent), parts


async def _shared_work() -> _Shared:
    """The webhooks of a shop that works as fast as it can, with two workers from the beginning."""
    subscriber = Subscriber(random.Random(f"{_SEED} subscriber"), Moods())
    async with instance() as made, subscriber.listening():
        server, ports = made.serve(), [_worker(made), _worker(made)]
        await asyncio.gather(server.ready(), *(_ready(port) for port in ports))
        async with calling([server.url], made.authorization, random.Random(f"{_SEED} caller")) as caller:
            webhooks = await subscribed(caller, subscriber)
            traffic = Traffic(caller, random.Random(f"{_SEED} traffic"), lanes=_LANES)
            await traffic.fill(_ORDERS, _BULK)
            stop = asyncio.Event()
            flowing = asyncio.create_task(traffic.run(stop))
            try:
                await traffic.more(_CALLS)
            finally:
                stop.set()
                await flowing
            state = await drained(caller, webhooks, subscriber, time.monotonic() + _DRAIN_SECONDS)
        found = faults(state, traffic, subscriber, [IN_ORDER])
        return _Shared(state, subscriber, found, [await _attempts(port) for port in ports])


def _worker(made: Instance) -> int:
    """Start one; the port that it answers on."""
    port = free_port(HOST)
    made.work(port=port)
    return port


async def _ready(port: int) -> None:
    async with asyncio.timeout(_READY_SECONDS):
        while not await asyncio.to_thread(answers, HOST, port, "/readyz"):
            await comes(asyncio.Event(), 0.05)


async def _attempts(port: int) -> dict[str, int]:
    async with aiohttp.ClientSession() as http, http.get(f"http://{HOST}:{port}/metrics") as response:
        return {outcome: int(count) for outcome, count in _DELIVERED.findall(await response.text())}
