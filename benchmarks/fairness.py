"""What endpoints that hang do to the wait of healthy ones: one with a long backlog, and many of another shop."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial

from benchmarks.api import Api, api_of
from benchmarks.backlog import Backlog
from benchmarks.comparison import Comparison, compare, paragraph, table
from benchmarks.hooks import Hooks, hooks
from benchmarks.latency import Scans, at_rate, placed, quantile
from benchmarks.neighbours import neighbour
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.rows import raw
from benchmarks.stage import Stage, free_port, stage

HEALTHY = 50
HANGS_SECONDS = 10
EVENTS_PER_SECOND = 8.0
# Of another shop, all of which hang, and how many events each has waiting.
NEIGHBOURS = (40, 300)
NEIGHBOURS_EVENTS = 20
_PATIENCE_SECONDS = 60
# By then the worker has written down what was answered last.
_LOGGED_SECONDS = 0.5
# The scan that only the sick one is subscribed to.
SICK_SCAN = "SUCCESSFULLY_DELIVERED"


class Rounds:
    """Traffic to the healthy ones, with and without the sick one; each round has a worker of its own."""

    def __init__(self, it: Stage, api: Api, receiver: Hooks, scans: Scans) -> None:
        self._it = it
        self._api = api
        self._receiver = receiver
        self._scans = scans
        self._backlog = Backlog(it.url)
        self.p50s: defaultdict[str, list[float]] = defaultdict(list)

    async def without(self, seconds: float) -> float:
        """The healthy ones alone; their p99 in ms."""
        return await self._play("without", seconds)

    async def beside_the_sick(self, seconds: float, waiting: int) -> float:
        """The same beside one that hangs and has so many events waiting."""
        sick = await self._api.webhook(self._receiver.url("sick", HANGS_SECONDS), "shipments/delivered")
        await self._backlog.pile_up(SICK_SCAN, waiting)
        try:
            return await self._play("with", seconds)
        finally:
            await self._api.call("DELETE", f"/webhooks/{sick}")

    async def alone(self, seconds: float) -> float:
        """As `without`, in the same rounds as `beside_a_sick_shop`."""
        return await self._play("alone", seconds)

    async def beside_a_sick_shop(self, seconds: float, endpoints: int) -> float:
        """The same beside a shop with so many endpoints, all of which hang and have events waiting."""
        target = self._receiver.url("sick-", HANGS_SECONDS)
        async with neighbour(self._it.url, self._api, target, SICK_SCAN, endpoints, NEIGHBOURS_EVENTS):
            return await self._play(str(endpoints), seconds)

    async def _play(self, case: str, seconds: float) -> float:
        await self._receiver.forget()
        with self._it.karla("work") as worker:
            await self._it_is_up()
            sent = await at_rate(self._scans, EVENTS_PER_SECOND, seconds)
            first = await self._first_attempts(len(sent) * HEALTHY, set(sent))
            await asyncio.sleep(_LOGGED_SECONDS)
            worker.kill()  # a SIGTERM would wait for what hangs
        triggered = await self._triggered(sent)
        waits = sorted(1000 * (at - triggered[event]) for (_, event), at in first.items())
        self.p50s[case].append(quantile(waits, 0.5))
        return quantile(waits, 0.99)

    async def _it_is_up(self) -> None:
        """A first event has gone out: what is measured is not the worker's start."""
        event = await self._scans.next()
        await self._first_attempts(HEALTHY, {event})

    async def _first_attempts(self, count: int, events: set[str]) -> dict[tuple[str, str], float]:
        """Of these events at the healthy ones, once all have come."""
        for _ in range(10 * _PATIENCE_SECONDS):
            seen = await self._receiver.seen()
            found = {key: at for key, at in seen.items() if key[1] in events and key[0].startswith("/healthy")}
            if len(found) == count:
                return found
            await asyncio.sleep(0.1)
        raise TimeoutError(f"{len(found)} of {count} webhooks came to the healthy endpoints")

    async def _triggered(self, sent: dict[str, float]) -> dict[str, float]:
        async with raw(self._it.url) as connection:
            rows = await connection.fetch(
                "select id::text, triggered_at from events where id = any ($1::uuid[])", list(sent)
            )
            return {event: at.timestamp() for event, at in rows}


async def run(plan: Plan) -> Section:
    """In turn, so that both cases have the same machine."""
    seconds, waiting = plan.of(15.0, 1.0), plan.of(20_000, 1_000)
    port = free_port()
    with stage() as it, hooks() as receiver, it.karla("serve", port=port):
        api = api_of(it, port)
        await Backlog(it.url).prepare(api)
        shipments = await placed(api, 20)
        for number in range(HEALTHY):
            await api.webhook(receiver.url(f"healthy-{number}"), "shipments/in_transit", "shipments/in_delivery")
        rounds = Rounds(it, api, receiver, Scans(api, shipments, ("ARRIVAL_AT_TRANSPORT_HUB", "OUT_FOR_DELIVERY")))
        contenders = {
            "without": partial(rounds.without, seconds),
            "with": partial(rounds.beside_the_sick, seconds, waiting),
        }
        p99 = await compare(plan, contenders, "ms (p99)")
        beside = await compare(plan, _neighbours(rounds, seconds), "ms (p99)")
    p50 = Comparison({case: found[-plan.rounds :] for case, found in rounds.p50s.items()})
    rows = [
        [name, f"{c.median('without'):.1f} ms", f"{c.median('with'):.1f} ms", c.ratio("with", "without")]
        for name, c in (("p50", p50), ("p99", p99))
    ]
    lines = [
        paragraph(
            f"{HEALTHY} healthy endpoints, {EVENTS_PER_SECOND:.0f} scans/s that all of them want",
            f"({HEALTHY * EVENTS_PER_SECOND:.0f} deliveries/s), one worker; the sick one hangs {HANGS_SECONDS} s on",
            f"every request and has {waiting:,} events waiting from the worker's start.",
            "From `triggered_at` to the first attempt at the receiver;",
            f"median of {plan.rounds} alternating rounds of {seconds:.0f} s.",
        ),
        "",
        *table(["healthy endpoints' wait", "without the sick one", "beside it", "ratio"], rows),
        "",
        "A ratio of at most 1.5 of the p99 is wanted.",
        "",
        *_beside_a_shop(p50, beside),
    ]
    return Section("fairness", "One endpoint that hangs beside healthy ones", "\n".join(lines))


def _neighbours(rounds: Rounds, seconds: float) -> dict[str, Callable[[], Awaitable[float]]]:
    beside = {str(count): partial(rounds.beside_a_sick_shop, seconds, count) for count in NEIGHBOURS}
    return {"alone": partial(rounds.alone, seconds), **beside}


def _beside_a_shop(p50: Comparison, p99: Comparison) -> list[str]:
    rows = [
        [str(count), name, f"{c.median('alone'):.1f} ms", f"{c.median(case):.1f} ms", c.ratio(case, "alone")]
        for count in NEIGHBOURS
        for name, c, case in (("p50", p50, str(count)), ("p99", p99, str(count)))
    ]
    return [
        paragraph(
            f"The same {HEALTHY} beside another shop whose endpoints all hang {HANGS_SECONDS} s on every request, and",
            f"have {NEIGHBOURS_EVENTS} events each waiting from the worker's start.",
        ),
        "",
        *table(["hanging endpoints", "healthy ones' wait", "without them", "beside them", "ratio"], rows),
        "",
        "Here too a ratio of at most 1.5 of the p99 is wanted.",
    ]
