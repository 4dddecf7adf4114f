"""Group commit: calls that come while a transaction is under way, or right after one another, share the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from karla.infra.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

# A request takes about as many turns of the loop from the socket to its handler's `submit`.
_TURNS = 4


class Coalescer(Generic[Item, Result]):
    """Hands items to `carry_out` in batches, and each caller the result of its own item.

    `lanes` batches of `max_batch` items may be under way. One sets off as soon as no more items come, and with the
    first turn of the loop after `gathering_seconds` however many still come.

    `carry_out` answers one result an item, in their order; an error among the results is its caller's alone.
    If it fails as a whole, each item is tried by itself, so that no caller pays for another's item;
    not while the database is away, as each would wait for it anew.
    """

    def __init__(
        self,
        carry_out: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        max_batch: int = 64,
        lanes: int = 1,
        gathering_seconds: float = 0.02,
    ) -> None:
        self._carry_out = carry_out
        self._max_batch = max_batch
        self._lanes = self._idle_lanes = lanes
        self._gathering_seconds = gathering_seconds
        self._gathering = False
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is under way."""
        return not self._waiting and self._idle_lanes == self._lanes

    async def submit(self, item: Item) -> Result:
        """The item's result; raises the item's own error."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._open_lane()
        return await future

    def _open_lane(self) -> None:
        """One gathers at a time; it takes what comes until it sets off, up to `max_batch`."""
        if not self._waiting or self._gathering or not self._idle_lanes:
            return
        self._idle_lanes -= 1
        self._gathering = True
        task = asyncio.create_task(self._lane())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _lane(self) -> None:
        try:
            batch = await self._gathered()
            self._open_lane()
            await self._settle(batch)
        finally:
            self._idle_lanes += 1
        self._open_lane()

    async def _gathered(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        """The next batch, as soon as no more come: one item more costs far less than another batch.

        Those who have just been answered often come right again; they would go in two halves, of which one is
        under way while the other comes.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._gathering_seconds
        seen = 0
        try:
            while seen < len(self._waiting) < self._max_batch and loop.time() < until:
                seen = len(self._waiting)
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                    if loop.time() >= until:
                        break
        finally:
            self._gathering = False
        batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
        return batch

    async def _settle(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._carry_out([item for item, _ in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{len(batch)} items were carried out with {len(results)} results")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - it is handed on to whoever waits for it
            if len(batch) == 1 or isinstance(error, Unavailable):
                for _, future in batch:
                    _resolve(future, error)
                return
            for single in batch:
                await self._settle([single])
            return
        for (_, future), result in zip(batch, results, strict=True):
            _resolve(future, result)


def _resolve(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
