"""Much to write at once: made ready part by part, so that neither Python nor PostgreSQL waits for the other."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# So few that PostgreSQL has soon something to do, and then so many that what a statement costs besides its rows is
# nothing.
_FIRST = 25
_PART = 100
# So often that PostgreSQL waits for less than a millisecond, so seldom that looking whether it does costs little.
_STEPS = 2


async def in_parts(
    items: Sequence[Item],
    make: Callable[[Item], Result],
    write: Callable[[Sequence[Result]], Coroutine[object, object, object]],
) -> list[Result]:
    """Make something of each item and write it, in their order: while PostgreSQL writes a part the next one is made."""
    if not items:
        return []
    edges = [0, *range(_FIRST, len(items), _PART), len(items)]
    first, *others = [items[start:stop] for start, stop in pairwise(edges)]
    results: list[Result] = []
    ready = [make(item) for item in first]
    for part in (*others, ()):
        made = await meanwhile(write(ready), map(make, part))
        results += ready
        ready = made
    return results


async def meanwhile(statements: Coroutine[object, object, object], steps: Iterable[Result]) -> list[Result]:
    """Compute something while PostgreSQL carries out statements; either's error, that of the statements first.

    After every few steps the next statement goes out if the one before is done.
    """
    under_way = asyncio.create_task(statements)
    done: list[Result] = []
    try:
        await asyncio.sleep(0)  # lets the first go out
        for result in steps:
            done.append(result)
            if not len(done) % _STEPS:
                await asyncio.sleep(0)
        return done
    finally:
        await under_way
