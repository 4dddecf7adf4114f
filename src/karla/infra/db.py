"""The connection pool, and the two ways to a connection: `read` for queries, `write` for a `Work`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

import asyncpg
import msgspec

from karla.infra import bell
from karla.infra.clock import Clock, SystemClock
from karla.infra.errors import NotFound
from karla.infra.work import Connection, Fact, Retry, Work
from karla.vocabulary.scope import Scope

Result = TypeVar("Result")

# A write that lost a race is done again from the start: it sees the winner's rows then.
_RACES = (Retry, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_ATTEMPTS = 5

UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
)
"""What a read or write raises while the database can't be reached; it passes when the database is back."""


class Announcer(Protocol):
    """Writes what a `Work` announced into the journal and the outbox, within its transaction."""

    async def __call__(self, work: Work, facts: Sequence[Fact], /) -> None:
        """Called once, after the command and before the commit, when there is something to announce."""
        ...


class Database:
    """A pool of connections to one PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", clock: Clock, announce: Announcer) -> None:
        self._pool = pool
        self._clock = clock
        self._announce = announce
        self._ringer = bell.Ringer(pool, bell.WORK)

    @classmethod
    async def open(
        cls, url: str, *, announce: Announcer, clock: Clock | None = None, pool_size: int = 10
    ) -> "Database":
        """Connect; OSError or asyncpg.PostgresError when the database can't be reached."""
        pool = await asyncpg.create_pool(
            url, min_size=min(2, pool_size), max_size=pool_size, init=_prepare, reset=_keep, command_timeout=60
        )
        return cls(pool, clock or SystemClock(), announce)

    async def close(self) -> None:
        """Give the connections back, waiting for those in use."""
        await self._ringer.close()
        await self._pool.close()

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises whatever keeps it from giving one."""
        await self._pool.fetchval("select 1", timeout=2)

    @asynccontextmanager
    async def read(self, scope: Scope) -> AsyncIterator[Connection]:
        """A connection for the queries of one request or job.

        `scope` is named here so that the second lock (row-level security) has its place.
        """
        del scope
        async with self._pool.acquire() as connection:
            yield connection

    async def write(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
        """Run `command` in one transaction, announce what it emitted, commit, and ring for the belt.

        A command that lost a race with another (`Retry`, a deadlock) is run again from the start,
        so it must have no effect outside its `Work`.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._write_once(scope, command)
            except _RACES:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(0.005 * attempt)
            except asyncpg.ForeignKeyViolationError as error:
                raise NotFound(message="What this belongs to has just been deleted.") from error
        raise AssertionError("unreachable")

    async def _write_once(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
        async with self._pool.acquire() as connection, connection.transaction():
            work = Work(connection=connection, scope=scope, now=self._clock.now())
            result = await command(work)
            if work.facts:
                await self._announce(work, work.facts)
        if work.facts:
            self._ringer.ring()
        return result


def column(values: Iterable[object], kind: str) -> list[object]:
    """The values of one column for `unnest`; a JSON list must not be taken for a dimension of the array."""
    if kind != "jsonb":
        return list(values)
    return [None if value is None else msgspec.Raw(msgspec.json.encode(value)) for value in values]


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_jsonb, decoder=_decode_jsonb, format="binary"
    )


async def _keep(connection: object) -> None:
    """Give a connection back as it is: nothing here changes a session, and asyncpg has ended any open transaction.

    Its default is a round trip at every release.
    """
    del connection


def _encode_jsonb(value: object) -> bytes:
    # In binary form jsonb is a version byte and the text; so no trip through str.
    return b"\x01" + msgspec.json.encode(value)


def _decode_jsonb(data: bytes) -> object:
    return msgspec.json.decode(memoryview(data)[1:])
