"""The receiver of webhooks (`benchmarks.receiver`) as seen by a benchmark."""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.load import answer
from benchmarks.stage import child, free_port, wait_for


class Counts(NamedTuple):
    """Requests in all, how many of them were the first of their event at their target, and the times of both ends."""

    requests: int
    distinct: int
    began_at: float
    last_at: float

    @property
    def twice(self) -> int:
        """Requests that brought what had come before."""
        return self.requests - self.distinct

    @property
    def per_second(self) -> float:
        """From the first to the last."""
        return (self.requests - 1) / (self.last_at - self.began_at)


class TooSlow(Exception):
    """What was waited for has not come."""


class Hooks:
    """Asks it what has come."""

    def __init__(self, port: int) -> None:
        self._port = port

    def url(self, name: str, wait: float = 0) -> str:
        """A target that answers after `wait` seconds."""
        return f"http://127.0.0.1:{self._port}/{name}" + (f"?wait={wait}" if wait else "")

    async def forget(self) -> None:
        """Begin anew."""
        await self._ask("/forget")

    async def counts(self) -> Counts:
        """What has come since."""
        return Counts(**await self._ask("/counts"))

    async def seen(self) -> dict[tuple[str, str], float]:
        """The wall-clock time of each first request, by target (path and query) and event."""
        return {(target, event): at for target, event, at in await self._ask("/seen")}

    async def until(self, count: int, seconds: float) -> Counts:
        """When so many different webhooks have come; TooSlow after that long without a further one."""
        before, deadline = -1, 0.0
        while (counts := await self.counts()).distinct < count:
            if counts.distinct > before:
                before, deadline = counts.distinct, time.monotonic() + seconds
            if time.monotonic() > deadline:
                raise TooSlow(f"{counts.distinct} of {count} webhooks came, and none for {seconds:.0f} s")
            await asyncio.sleep(0.02)
        return counts

    async def until_quiet(self, seconds: float) -> Counts:
        """When something has come, and then nothing for so long."""
        counts = await self.counts()
        while not counts.requests or time.time() - counts.last_at < seconds:
            await asyncio.sleep(0.1)
            counts = await self.counts()
        return counts

    async def _ask(self, what: str) -> Any:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**28)
        try:
            writer.write(f"GET {what} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
            return json.loads(await answer(reader))
        finally:
            writer.close()


@contextlib.contextmanager
def hooks() -> Iterator[Hooks]:
    """A receiver process of its own."""
    port = free_port()
    with child([sys.executable, "-m", "benchmarks.receiver", str(port)], dict(os.environ)):
        wait_for(f"http://127.0.0.1:{port}/counts")
        yield Hooks(port)
