"""Announcers for databases of tests."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from karla.infra.db import Announcer
from karla.infra.work import Fact, Work


class Collected:
    """Gives all facts of a transaction to a function when they are to be written."""

    def __init__(self, write: Callable[[Work, Sequence[Fact]], Awaitable[None]]) -> None:
        self._facts: list[Fact] = []
        self._write = write

    def add(self, fact: Fact) -> None:
        self._facts.append(fact)

    async def write(self, work: Work, count: int) -> None:
        facts, self._facts = self._facts[:count], self._facts[count:]
        await self._write(work, facts)


def announcer(write: Callable[[Work, Sequence[Fact]], Awaitable[None]]) -> Announcer:
    """An announcer that calls this function when there is something to announce."""

    def begin(now: datetime) -> Collected:
        del now
        return Collected(write)

    return begin
