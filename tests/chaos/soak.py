"""`python -m tests.chaos.soak`: half of what the machine can do, for long: memory is flat, and nothing queues up."""

import argparse
import asyncio
import random
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import linear_regression

import aiohttp
import msgspec

from tests.chaos.caller import Caller, calling
from tests.chaos.instance import Server, instance
from tests.chaos.processes import Part, comes
from tests.chaos.subscriber import Moods, Subscriber
from tests.chaos.subscribing import subscribed
from tests.chaos.traffic import Traffic

SEED = 20261121
_LONGEST_LAG_SECONDS = 5.0
# By so much a process may have grown over the second half, as a line through its samples tells.
_LARGEST_GROWTH_MB = 8.0

_LOOK_EVERY, _SHOWN_EVERY = 5.0, 30.0
_LANES = 16
_DRAIN_SECONDS = 60.0
_LAGS = re.compile(rb"^karla_(?:outbox|deliveries)_oldest_seconds ([0-9.e+-]+|NaN)$", re.MULTILINE)


class Sample(msgspec.Struct, frozen=True):
    """A moment: memory in MB, the age of the oldest thing that is due and not done, and calls carried out so far."""

    at: float
    api_mb: float
    worker_mb: float
    lag_seconds: float
    calls: int

    def row(self) -> str:
        """For people."""
        memory = f"{self.api_mb:>10.1f} MB{self.worker_mb:>8.1f} MB"
        return f"{self.at:>7.0f} s{self.calls:>10,}{memory}{self.lag_seconds:>8.2f} s"


class Soaked(msgspec.Struct, frozen=True):
    """What came of it; rates are calls a second, each with its events and webhooks."""

    greatest: float
    rate: float
    samples: list[Sample]
    faults: list[str]

    @property
    def growth(self) -> tuple[float, float]:
        """MB by which API and worker grew over the second half."""
        half = self.samples[len(self.samples) // 2 :]
        return _growth(half, [one.api_mb for one in half]), _growth(half, [one.worker_mb for one in half])

    @property
    def lag(self) -> float:
        """The longest that was seen, in seconds."""
        return max(sample.lag_seconds for sample in self.samples)

    def excesses(self) -> Iterator[str]:
        """What isn't flat or bounded."""
        for part, growth in zip(("API", "worker"), self.growth, strict=True):
            if growth > _LARGEST_GROWTH_MB:
                yield f"the {part} grew by {growth:.1f} MB over the second half"
        if self.lag > _LONGEST_LAG_SECONDS:
            yield f"something that was due waited for {self.lag:.1f} s"

    def told(self) -> str:
        """In a line."""
        api, worker = self.growth
        return (
            f"{self.greatest:.0f} calls/s at most, {self.rate:.0f} kept up; second half: API {api:+.1f} MB, "
            f"worker {worker:+.1f} MB; longest lag {self.lag:.2f} s; faults: {len(self.faults)}"
        )


HEADER = f"{'':>9}{'calls':>10}{'API':>13}{'worker':>11}{'lag':>10}"


async def soak(seconds: float, flood_seconds: float, every: float, say: Callable[[Sample], None]) -> Soaked:
    """Measure the greatest rate for a while, keep up half of it, and look every so often; all in seconds."""
    subscriber = Subscriber(random.Random(SEED), Moods())
    async with instance() as made, subscriber.listening():
        server, worker = made.serve(), made.work()
        await server.ready()
        async with calling([server.url], made.authorization, random.Random(SEED)) as caller:
            webhooks = await subscribed(caller, subscriber)
            flood = Traffic(caller, random.Random(SEED), lanes=_LANES, prefix="F")
            began = time.monotonic()
            await _flow(flood, flood_seconds)
            found = await _undelivered([flood], subscriber, webhooks)
            greatest = flood.carried_out / (time.monotonic() - began)

            half = Traffic(caller, random.Random(SEED + 1), lanes=_LANES, per_second=greatest / 2, prefix="H")
            samples: list[Sample] = []

            def tell(sample: Sample) -> None:
                samples.append(sample)
                say(sample)

            looking = asyncio.create_task(_look(half, (server, worker), every, tell))
            await _flow(half, seconds)
            looking.cancel()
            found += await _undelivered([flood, half], subscriber, webhooks)
            found += [*flood.surprises, *half.surprises, *subscriber.forgeries, *_failed(caller)]
            soaked = Soaked(greatest, half.carried_out / seconds, samples, found)
            found += soaked.excesses()
            return soaked


async def _flow(traffic: Traffic, seconds: float) -> None:
    stop = asyncio.Event()
    flowing = asyncio.create_task(traffic.run(stop))
    await comes(stop, seconds)
    stop.set()
    await flowing


async def _undelivered(traffic: Sequence[Traffic], subscriber: Subscriber, webhooks: Iterable[str]) -> list[str]:
    """Wait until each webhook has got all; what is missing after a minute."""
    wanted = sum(one.shop.notifications for one in traffic)
    deadline = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < deadline:
        counts = {webhook: len(subscriber.accepted(webhook)) for webhook in webhooks}
        if all(count == wanted for count in counts.values()):
            return []
        await subscriber.news(0.5)
    return [f"{webhook} got {count} of {wanted} events" for webhook, count in counts.items() if count != wanted]


async def _look(traffic: Traffic, parts: tuple[Server, Part], every: float, tell: Callable[[Sample], None]) -> None:
    server, worker = parts
    began = time.monotonic()
    async with aiohttp.ClientSession() as http:
        while True:
            await comes(asyncio.Event(), every)
            async with http.get(f"{server.url}/metrics") as response:
                lags = [float(text) for text in _LAGS.findall(await response.read())]
            assert len(lags) == 2, "one of the outbox, one of the deliveries"
            at = time.monotonic() - began
            tell(Sample(at, _megabytes(server), _megabytes(worker), max(lags), traffic.carried_out))


def _megabytes(part: Part) -> float:
    """The proportional set size of a process."""
    told = Path(f"/proc/{part.pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")) / 1024


def _failed(caller: Caller) -> list[str]:
    found = [f"{failure.status} {failure.what}" for failure in caller.failures]
    return [*found, *[f"{caller.silences} requests without answer"] * bool(caller.silences)]


def _growth(samples: Sequence[Sample], megabytes: Sequence[float]) -> float:
    """How much a straight line through the samples rises from the first to the last."""
    times = [sample.at for sample in samples]
    return linear_regression(times, megabytes).slope * (times[-1] - times[0])


def main() -> int:
    """Run and print a row every 30 s; 1 when something isn't as it should be."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    options.add_argument("--seconds", type=float, default=600.0)
    options.add_argument("--flood", type=float, default=20.0, help="seconds that the greatest rate is measured for")
    told = options.parse_args()
    print(f"The greatest rate for {told.flood:.0f} s, then half of it for {told.seconds:.0f} s.\n{HEADER}", flush=True)
    shown = 0.0

    def say(sample: Sample) -> None:
        nonlocal shown
        if sample.at >= shown + _SHOWN_EVERY:
            shown += _SHOWN_EVERY
            print(sample.row(), flush=True)

    soaked = asyncio.run(soak(told.seconds, told.flood, _LOOK_EVERY, say))
    print(f"\n{soaked.told()}")
    for fault in soaked.faults:
        print(f"FAULT {fault}")
    return 1 if soaked.faults else 0


if __name__ == "__main__":
    sys.exit(main())
