"""`python -m tests.chaos.crash`: the long run of the crash matrix."""

import argparse
import asyncio
import os
import random
import sys
from pathlib import Path

from benchmarks.results import where
from tests.chaos.crash.kills import Kill
from tests.chaos.crash.report import table
from tests.chaos.crash.run import crash

_BEGIN, _END = "<!-- long run -->\n", "<!-- /long run -->\n"


def main() -> int:
    """Run, print the table, and write it down if asked to; 1 when there is a fault."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos.crash", description=__doc__)
    options.add_argument("--kills", type=int, default=int(os.environ.get("KARLA_CHAOS_KILLS", "300")))
    options.add_argument("--seed", type=int, default=int(os.environ.get("KARLA_CHAOS_SEED", random.getrandbits(32))))
    options.add_argument("--write", type=Path, help="the document whose marked place gets the table")
    told = options.parse_args()
    print(f"{told.kills} kills, seed {told.seed}; again: KARLA_CHAOS_SEED={told.seed} make chaos", flush=True)
    count = 0

    def say(kill: Kill) -> None:
        nonlocal count
        count += 1
        print(f"{count:>4} {kill.victim:<26} went on after {kill.recovery:.2f} s", flush=True)

    run = asyncio.run(crash(told.kills, told.seed, say))
    print(f"\n{table(run)}")
    for fault in run.faults:
        print(f"FAULT {fault}")
    if told.write:
        _write(
            told.write, f"`python -m tests.chaos.crash --kills {told.kills}`, {where()}\n\n```text\n{table(run)}\n```\n"
        )
    return 1 if run.faults else 0


def _write(document: Path, text: str) -> None:
    head, _, rest = document.read_text().partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    document.write_text(f"{head}{_BEGIN}{text}{_END}{tail}")


if __name__ == "__main__":
    sys.exit(main())
