"""Two worker processes beside one on the same backlog, and whether anything went out twice."""

from contextlib import ExitStack
from functools import partial

from benchmarks.api import api_of
from benchmarks.backlog import Backlog
from benchmarks.comparison import Comparison, compare, paragraph, table
from benchmarks.hooks import hooks
from benchmarks.plan import Plan
from benchmarks.results import Section
from benchmarks.stage import free_port, stage

WEBHOOKS = 16
THINKING_SECONDS = 0.02
# So few at once that one worker waits for the receiver most of its time.
SLOW_CONCURRENCY = 8
_PATIENCE_SECONDS = 30


async def run(plan: Plan) -> Section:
    """A receiver that answers at once, and one that thinks."""
    counts = {"quick": plan.of(20_000, 1_600), "slow": plan.of(8_000, 480)}
    scans = {"quick": "SUCCESSFULLY_DELIVERED", "slow": "OUT_FOR_DELIVERY"}
    settings = {"quick": {}, "slow": {"KARLA_WEBHOOK_CONCURRENCY": str(SLOW_CONCURRENCY)}}
    compared: dict[str, Comparison] = {}
    twice = 0
    with stage() as it, hooks() as receiver:
        backlog = Backlog(it.url)
        port = free_port()
        with it.karla("serve", port=port):
            api = api_of(it, port)
            await backlog.prepare(api)
            for number in range(WEBHOOKS):
                await api.webhook(receiver.url(f"quick-{number}"), "shipments/delivered")
                await api.webhook(receiver.url(f"slow-{number}", THINKING_SECONDS), "shipments/in_delivery")

        async def drain(case: str, workers: int) -> float:
            nonlocal twice
            await backlog.pile_up(scans[case], counts[case] // WEBHOOKS)
            await receiver.forget()
            with ExitStack() as stack:
                for _ in range(workers):
                    stack.enter_context(it.karla("work", settings=settings[case]))
                await receiver.until(counts[case], _PATIENCE_SECONDS)
            seen = await receiver.counts()  # once the workers have ended, so that nothing comes after it
            twice += seen.twice
            return seen.per_second

        for case in counts:
            print(f" {case} receiver", flush=True)
            contenders = {"one": partial(drain, case, 1), "two": partial(drain, case, 2)}
            compared[case] = await compare(plan, contenders, "deliveries/s")
        settled = await backlog.settled()
    titles = {
        "quick": f"{counts['quick']:,} to a receiver that answers at once (the cores are the limit)",
        "slow": f"{counts['slow']:,} to one that takes {1000 * THINKING_SECONDS:.0f} ms, "
        f"{SLOW_CONCURRENCY} in flight a worker (waiting is the limit)",
    }
    rows = [
        [titles[case], f"{c.median('one'):,.0f}/s", f"{c.median('two'):,.0f}/s", c.ratio("two", "one")]
        for case, c in compared.items()
    ]
    lines = [
        paragraph(
            f"A backlog spread over {WEBHOOKS} webhooks, drained by `karla work`; from the first to the last request",
            f"at the receiver, median of {plan.rounds} alternating rounds.",
            "Workers, PostgreSQL and receiver share the cores.",
        ),
        "",
        *table(["deliveries", "one worker", "two workers", "ratio"], rows),
        "",
        f"Sent twice: **{twice}**, counted by webhook and `webhook-id`. Afterwards the deliveries were: {settled}.",
        "1.6 is wanted where cores allow.",
    ]
    return Section("workers", "Two workers beside one", "\n".join(lines))
