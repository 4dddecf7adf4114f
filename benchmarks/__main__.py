"""`python -m benchmarks [name …]` runs them and rewrites their sections of results.md."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine

from benchmarks import latency, startup, upsert
from benchmarks.results import Section, write

BENCHMARKS: dict[str, Callable[[], Coroutine[None, None, Section]]] = {
    "upsert": upsert.run,
    "latency": latency.run,
    "startup": startup.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="which; all without any")
    for name in parser.parse_args().names or BENCHMARKS:
        print(f"== {name}", flush=True)
        section = asyncio.run(BENCHMARKS[name]())
        print(section.text, flush=True)
        write(section)


main()
