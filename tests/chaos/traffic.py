"""Many calls at once, each order's one after the other, as a shop makes them."""

import asyncio
import random
import time
from typing import Any

from tests.chaos.caller import Answer, Caller, Unanswered
from tests.chaos.orders import Move, Order, Shop
from tests.chaos.processes import comes

# So many orders are under way at once, in calls of up to so many.
_LIVING = 120
_BULK = 12
_PATIENCE_SECONDS = 60.0


class Traffic:
    """Lives of orders until it is stopped; by then each call has been answered, so nothing is uncertain."""

    def __init__(
        self, caller: Caller, chance: random.Random, *, lanes: int, per_second: float | None = None, prefix: str = "K"
    ) -> None:
        self.shop = Shop(chance, prefix)
        self.accepted: set[str] = set()
        self.carried_out = 0
        self.surprises: list[str] = []
        self._caller = caller
        self._chance = chance
        self._lanes = lanes
        self._interval = 1 / per_second if per_second else 0.0
        self._slot = 0.0
        self._idle: list[Order] = []
        self._busy = 0
        self._progress = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Call until `stop`."""
        async with asyncio.TaskGroup() as lanes:
            for _ in range(self._lanes):
                lanes.create_task(self._lane(stop))

    async def fill(self, orders: int, bulk: int) -> None:
        """Make this many orders or some more, in calls of up to `bulk`; most of them are then left alone."""
        while len(self.shop.orders) < orders:
            await self._do(self.shop.new(bulk))
        self._idle = self._chance.sample(self._idle, _LIVING // 2)

    async def more(self, calls: int) -> None:
        """Wait until so many more calls have been carried out, TimeoutError after a minute."""
        wanted = self.carried_out + calls
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self.carried_out < wanted:
                self._progress.clear()
                await self._progress.wait()

    async def _lane(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self._interval:
                now = time.monotonic()
                self._slot = max(now, self._slot + self._interval)
                if await comes(stop, self._slot - now):
                    return
            await self._do(self._drawn())

    def _drawn(self) -> Move:
        while len(self._idle) + self._busy >= _LIVING and self._idle:
            place = self._chance.randrange(len(self._idle))
            self._idle[place], self._idle[-1] = self._idle[-1], self._idle[place]
            move = self.shop.next(self._idle.pop())
            if move:
                return move
        return self.shop.new(_BULK)

    async def _do(self, move: Move) -> None:
        self._busy += len(move.orders)
        try:
            answer = await self._caller.send(move.call)
        except Unanswered as error:
            self.surprises.append(f"never answered: {error}")
            return
        finally:
            self._busy -= len(move.orders)
        wrong = move.settle(answer)
        if wrong:
            self.surprises.append(wrong)
            return
        self.carried_out += answer.done
        self._progress.set()
        self.accepted |= _event_ids(answer)
        self._idle += move.orders


def _event_ids(answer: Answer) -> set[str]:
    """The events that an answer tells of: of an order with its parcels, or of one event."""
    body: Any = answer.body if isinstance(answer.body, dict) else {}
    told = {event["event_id"] for tracking in body.get("trackings", ()) for event in tracking["events"]}
    return told | ({body["event_id"]} if "event_id" in body else set())
