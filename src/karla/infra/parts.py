"""Much to write at once: made ready part by part, so that neither Python nor PostgreSQL waits for the other."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# So many that what a statement costs besides its rows is nothing.
_PART = 100
# So often that PostgreSQL waits for less than a millisecond, so seldom that looking whether it does costs little.
_STEPS = 4


async def in_parts(
    items: Sequence[Item],
    make: Callable[[Item], Result],
    write: Callable[[Sequence[Result]], Coroutine[object, object, object]],
) -> list[Result]:
    """Make something of each item and write it, in their order: while PostgreSQL writes a part the next one is made."""

    def made(start: int) -> Iterator[Result]:
        for item in items[start : start + _PART]:
            yield make(item)

    results = [*made(0)]
    for start in range(0, len(items), _PART):
        stop = start + _PART
        results += await meanwhile(write(results[start:stop]), made(stop))
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
