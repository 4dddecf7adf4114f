"""One run of the crash matrix, from an empty database to the verdict."""

import asyncio
import contextlib
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from tests.chaos.caller import Caller, calling
from tests.chaos.crash.kills import Kill, Killer
from tests.chaos.instance import Instance, Server, instance
from tests.chaos.processes import Part
from tests.chaos.subscriber import Moods, Subscriber
from tests.chaos.subscribing import IN_ORDER, subscribed
from tests.chaos.traffic import Traffic
from tests.chaos.verdict import State, drained, faults

_LANES = 12
_PER_SECOND = 60.0
_DRAIN_SECONDS = 120.0
# A line of Karla's own, or what Python's logging says, with the traceback below it.
_COMPLAINT = re.compile(
    r'^{.*"level": "error".*$|^(?:ERROR asyncio|ERROR asyncpg|CRITICAL).*(?:\n(?!{|[A-Z]+ [a-z]).*)*', re.MULTILINE
)


class Run(NamedTuple):
    """All that came of it; times in seconds."""

    seed: int
    seconds: float
    drain_seconds: float
    killer: Killer
    caller: Caller
    traffic: Traffic
    subscriber: Subscriber
    state: State
    faults: list[str]


async def crash(kills: int, seed: int, say: Callable[[Kill], None] = lambda _: None) -> Run:
    """Kill so many times under load, let everything settle, and compare it with the model."""
    began = time.monotonic()
    async with _stage(seed) as (made, parts, caller, subscriber):
        webhooks = await subscribed(caller, subscriber)
        traffic = Traffic(caller, random.Random(f"{seed} traffic"), lanes=_LANES, per_second=_PER_SECOND)
        killer = Killer(made, parts, caller, subscriber, random.Random(f"{seed} kills"))
        stop = asyncio.Event()
        flowing = asyncio.create_task(traffic.run(stop))
        try:
            await killer.run(kills, say)
        finally:
            ended = time.monotonic()
            stop.set()
            await flowing
        state = await drained(caller, webhooks, subscriber, ended + _DRAIN_SECONDS)
        found = faults(state, traffic, subscriber, [IN_ORDER])
        found += [*killer.unexcused(caller.failures), *_complaints(parts)]
        now = time.monotonic()
        return Run(seed, now - began, now - ended, killer, caller, traffic, subscriber, state, found)


@contextlib.asynccontextmanager
async def _stage(seed: int) -> AsyncIterator[tuple[Instance, tuple[Server, Part], Caller, Subscriber]]:
    subscriber = Subscriber(random.Random(f"{seed} subscriber"), Moods(refused=30, late=20, cut=5))
    async with instance() as made, subscriber.listening():
        server, worker = made.serve(), made.work()
        async with calling([server.url], made.authorization, random.Random(f"{seed} caller")) as caller:
            yield made, (server, worker), caller, subscriber


def _complaints(parts: tuple[Part, ...]) -> list[str]:
    """What the processes call an error in their logs: nothing here is one, a database that is away included.

    But for the web server's words when it can't start as there is none.
    """
    return [complaint for part in parts for complaint in _COMPLAINT.findall(part.log.read_text())]
