"""One transaction as its command sees it."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from karla.vocabulary.scope import Scope

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class Fact(Protocol):
    """Something that happened and is announced: a room's own frozen record with at least these."""

    @property
    def event_id(self) -> UUID:
        """The one id that the event keeps in journal, outbox, deliveries, logs and headers."""
        ...

    @property
    def shop_id(self) -> UUID:
        """The shop that it happened in."""
        ...


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a change, and from where: an API key, a shopper, the one who operates Karla, or Karla by itself.

    Of a shopper neither address nor program is told.
    """

    kind: Literal["key", "operator", "shopper", "system"]
    name: str
    key_id: UUID | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


ITSELF = Origin(kind="system", name="karla")

ORIGIN: ContextVar[Callable[[], Origin]] = ContextVar("origin", default=lambda: ITSELF)
"""Tells on whose behalf this task works. Called only when someone asks, as few changes want to know."""

COMPLETION: ContextVar["Completion | None"] = ContextVar("completion", default=None)
"""What is to be done in the transaction of each change that this task makes, as the last of it."""


class Announcement(Protocol):
    """What one transaction announces: made ready fact by fact, written once."""

    def add(self, fact: Fact, /) -> None:
        """Make it ready, as it stands now; TypeError for a fact that nobody knows how to tell."""
        ...

    async def write(self, work: "Work", count: int, /) -> None:
        """Write the first so many of what was added and isn't written yet, within the transaction."""
        ...


class Silence:
    """The announcer of those who have nothing to tell."""

    def __init__(self, now: datetime) -> None:
        del now

    def add(self, fact: Fact) -> None:
        """A TypeError always."""
        raise TypeError(f"nobody is told of a {type(fact).__name__}")

    async def write(self, work: "Work", count: int) -> None:
        """Never called, as nothing was added."""


class Retry(Exception):
    """Another transaction was quicker: roll back and run the command again on what it left."""


class Work:
    """A unit of work: connection, scope, one moment in time, and what it announces.

    Made by `Database.write` alone, which also commits it.
    """

    def __init__(self, *, connection: Connection, scope: Scope, now: datetime, announcement: Announcement) -> None:
        self.connection = connection
        self.scope = scope
        self.now = now
        self.announces = False
        self._announcement = announcement
        self._untold = 0

    @property
    def origin(self) -> Origin:
        """Who asks for this change."""
        return ORIGIN.get()()

    def emit(self, fact: Fact) -> None:
        """Announce `fact` with this transaction: it goes out exactly if the transaction commits."""
        self._announcement.add(fact)
        self.announces = True
        self._untold += 1

    async def tell(self, count: int) -> None:
        """Write the first so many facts that are not written yet: for a command that goes on making others ready."""
        if count:
            self._untold -= count
            await self._announcement.write(self, count)

    async def complete(self) -> None:
        """What must become true exactly if the change does; for `Database.write`, right before the commit."""
        await self.tell(self._untold)
        completion = COMPLETION.get()
        if completion is not None:
            await completion(self)


Completion: TypeAlias = Callable[[Work], Awaitable[None]]
