"""One transaction as its command sees it."""

from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

import asyncpg

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


class Retry(Exception):
    """Another transaction was quicker: roll back and run the command again on what it left."""


class Work:
    """A unit of work: connection, scope, one moment in time, and what it announces.

    Made by `Database.write` alone, which also commits it.
    """

    def __init__(self, *, connection: Connection, scope: Scope, now: datetime) -> None:
        self.connection = connection
        self.scope = scope
        self.now = now
        self.facts: list[Fact] = []

    def emit(self, fact: Fact) -> None:
        """Announce `fact` with this transaction: it goes out exactly if the transaction commits."""
        self.facts.append(fact)
