"""`python -m benchmarks [name …]` runs them and rewrites their sections of results.md."""

import argparse
import signal
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module

import uvloop

from benchmarks.plan import Plan
from benchmarks.results import Section, write

# What `make bench` runs; the others take an environment of their own or very long.
USUAL = (
    "upsert", "read", "bulk", "scans", "deliveries", "latency", "scale", "workers", "fairness", "poller", "startup",
    "matcher", "coverage", "forecasts", "tracking_page", "page_quality",
)  # fmt: skip
OTHERS = ("memory", "karrio", "profile")


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*USUAL, *OTHERS, []], help="which; the usual ones without any")
    parser.add_argument("--quick", action="store_true", help="only see that they run; results.md stays as it is")
    parser.add_argument("--events", type=int, help="how many events a long run takes")
    given = parser.parse_args()
    plan = Plan(given.quick, given.events)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and folders are cleared away
    for name in given.names or USUAL:
        print(f"== {name}", flush=True)
        section = uvloop.run(_run(name, plan))
        print(section.text, flush=True)
        if not plan.quick:
            write(section)


async def _run(name: str, plan: Plan) -> Section:
    run: Callable[[Plan], Awaitable[Section]] = import_module(f"benchmarks.{name}").run
    return await run(plan)


main()
