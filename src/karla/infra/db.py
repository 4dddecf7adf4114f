"""The connection pool, and the two ways to a connection: `read` for queries, `write` for a `Work`."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar

import asyncpg
import msgspec

from karla.infra import bell
from karla.infra.clock import Clock, SystemClock
from karla.infra.errors import NotFound, Unavailable
from karla.infra.work import Connection, Fact, Retry, Work
from karla.vocabulary.scope import Scope

Result = TypeVar("Result")

# A write that lost a race is done again from the start: it sees the winner's rows then.
RACES = (Retry, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_ATTEMPTS = 5

_ACQUIRE_SECONDS = 5.0
_COMMAND_SECONDS = 15.0
_PING_SECONDS = 2.0
# A hung database is noticed by its silence: after this long it is asked for a sign of life before anything else.
_TRUSTED_SECONDS = 0.25
# How long a statement that timed out may take to be cancelled, before its connection is given up.
_CANCEL_SECONDS = 1.0

_AWAY = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.TooManyConnectionsError,
    asyncpg.exceptions.OperatorInterventionError,
)


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
        self._heard_at = -math.inf
        self._pinging: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, url: str, *, announce: Announcer, clock: Clock | None = None, pool_size: int = 10
    ) -> "Database":
        """Connect; OSError or asyncpg.PostgresError when the database can't be reached."""
        pool = await asyncpg.create_pool(
            url,
            min_size=min(2, pool_size),
            max_size=pool_size,
            init=_prepare,
            reset=_keep,
            command_timeout=_COMMAND_SECONDS,
        )
        return cls(pool, clock or SystemClock(), announce)

    async def close(self) -> None:
        """Give the connections back, waiting for those in use."""
        await self._ringer.close()
        await self._pool.close()

    async def ping(self) -> None:
        """Ask the database for a sign of life; Unavailable if none comes within 2 s."""
        if self._pinging is None or self._pinging.done():
            self._pinging = asyncio.create_task(self._ping(), name="ping")
            self._pinging.add_done_callback(_noticed)
        await _within(_PING_SECONDS, self._pinging)

    async def _ping(self) -> None:
        async with self._connection(_PING_SECONDS) as connection:
            await connection.fetchval("select 1", timeout=_PING_SECONDS)

    @asynccontextmanager
    async def read(self, scope: Scope) -> AsyncIterator[Connection]:
        """A connection for the queries of one request or job; Unavailable while the database can't be reached.

        `scope` is named here so that the second lock (row-level security) has its place.
        """
        del scope
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def _connection(self, seconds: float = _ACQUIRE_SECONDS) -> AsyncIterator[Connection]:
        loop = asyncio.get_running_loop()
        try:
            connection = await self._pool.acquire(timeout=seconds)
        except (OSError, asyncpg.InterfaceError, *_AWAY) as error:  # OSError: no such socket, no such host
            raise Unavailable from error
        try:
            if loop.time() - self._heard_at > _TRUSTED_SECONDS:
                await connection.fetchval("select 1", timeout=_PING_SECONDS)
                self._heard_at = loop.time()
            yield connection
            self._heard_at = loop.time()
        except (asyncpg.InterfaceError, *_AWAY) as error:
            # Of a connection that is open an InterfaceError tells a mistake of ours.
            if isinstance(error, asyncpg.InterfaceError) and not _is_closed(connection):
                raise
            self._heard_at = -math.inf
            raise Unavailable from error
        finally:
            with suppress(*_AWAY, asyncpg.InterfaceError):
                await self._pool.release(connection, timeout=_CANCEL_SECONDS)

    async def write(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
        """Run `command` in one transaction, announce what it emitted, commit, and ring for the belt.

        A command that lost a race with another (`Retry`, a deadlock) is run again from the start,
        so it must have no effect outside its `Work`. Unavailable while the database can't be reached; if it went
        away during the commit, nobody knows whether that was carried out.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._write_once(scope, command)
            except RACES:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(0.005 * attempt)
            except asyncpg.ForeignKeyViolationError as error:
                raise NotFound(message="What this belongs to has just been deleted.") from error
        raise AssertionError("unreachable")

    async def _write_once(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
        async with self._connection() as connection, connection.transaction(), _cancelled_in_time(connection):
            work = Work(connection=connection, scope=scope, now=self._clock.now())
            result = await command(work)
            if work.facts:
                await self._announce(work, work.facts)
        if work.facts:
            self._ringer.ring()
        return result


async def bounded(seconds: float, doing: Coroutine[object, object, Result]) -> Result:
    """Its result; Unavailable after that many seconds, however long asyncpg then takes to let go of it."""
    task = asyncio.create_task(doing)
    task.add_done_callback(_noticed)
    try:
        return await _within(seconds, task)
    finally:
        task.cancel()


async def _within(seconds: float, task: asyncio.Task[Result]) -> Result:
    # Not asyncio.timeout: that waits until the task has ended, which on a dead socket it may not do.
    done, _ = await asyncio.wait([task], timeout=seconds)
    if not done:
        raise Unavailable
    return task.result()


def _noticed(task: asyncio.Task[Result]) -> None:
    """Nobody may be waiting any more for its error."""
    if not task.cancelled():
        task.exception()


@asynccontextmanager
async def _cancelled_in_time(connection: Connection) -> AsyncIterator[None]:
    """Within a transaction: after a timeout its rollback would wait for a server that is gone."""
    try:
        yield
    except TimeoutError:
        try:
            await connection.execute("select 1", timeout=_CANCEL_SECONDS)
        except (asyncpg.InterfaceError, *_AWAY):
            connection.terminate()
        except asyncpg.PostgresError:  # it answers: the transaction is aborted
            pass
        raise


def _is_closed(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # asyncpg has taken it back already
        return True


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
