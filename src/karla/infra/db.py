"""The connection pool, and the two ways to a connection: `read` for queries, `write` for a `Work`."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TypeAlias, TypeVar, cast

import asyncpg
import msgspec

from karla.infra import bell
from karla.infra.clock import Clock, SystemClock
from karla.infra.errors import NotFound, Unavailable
from karla.infra.sessions import Session, demand_isolation, take_role
from karla.infra.work import Announcement, Connection, Retry, Work
from karla.vocabulary.scope import Scope

Result = TypeVar("Result")

# A write that lost a race, be it with a migration, is done again from the start: it sees the winner's rows then.
RACES = (Retry, asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.InvalidCachedStatementError)
# With pauses of six tenths of a second in all: a migration changes one table after the other, and what is prepared
# ends with each.
_ATTEMPTS = 8
_PAUSE_SECONDS = 0.005

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


# One plan a statement: arrays make PostgreSQL plan anew at each call, which takes longer than most statements do.
# Such a plan must suit every size of table and batch. What is asked for is found by an index; at the cost of a disk
# with an arm PostgreSQL would rather read small tables whole, and do so until they are analysed as large ones.
# (Told by a statement: a pooler before PostgreSQL would refuse them when it is connected to.)
_SESSION = "set plan_cache_mode = force_generic_plan; set random_page_cost = 1.1; set jit = off; set timezone = 'UTC'"


Announcer: TypeAlias = Callable[[datetime], Announcement]
"""Begins the announcement of a transaction whose moment this is."""


class Database:
    """A pool of connections to one PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", clock: Clock, announce: Announcer) -> None:
        self._pool = pool
        self._clock = clock
        self._announce = announce
        self._ringer = bell.Ringer(pool, bell.WORK)
        self._trusted_until = -math.inf
        self._pinging: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, url: str, *, announce: Announcer, clock: Clock | None = None, pool_size: int = 10
    ) -> "Database":
        """Connect; OSError or asyncpg.PostgresError when the database can't be reached.

        NotIsolated when row-level security doesn't hold for its sessions.
        """
        pool = await asyncpg.create_pool(
            url,
            min_size=min(2, pool_size),
            max_size=pool_size,
            connection_class=Session,
            init=_prepare,
            reset=_keep,
            command_timeout=_COMMAND_SECONDS,
            timeout=_ACQUIRE_SECONDS,
        )
        return cls(pool, clock or SystemClock(), announce)

    @staticmethod
    async def demand_isolation(url: str) -> None:
        """NotIsolated where `open` would say so, before anything else is started."""
        connection = await asyncpg.connect(url, timeout=_ACQUIRE_SECONDS)
        try:
            await _prepare(connection)
        finally:
            await connection.close()

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

        It sees the rows of `scope` alone. The session keeps the scope, so that the same shop's next read doesn't
        tell it again; where it is told, that is the sign of life as well.
        """
        async with self._connection() as connection:
            told = await _session(connection).tell(scope, _PING_SECONDS)
            if not told and self._trusted_until < asyncio.get_running_loop().time():
                await connection.execute("select 1", timeout=_PING_SECONDS)
            self._trust()
            yield connection

    def _trust(self) -> None:
        self._trusted_until = asyncio.get_running_loop().time() + _TRUSTED_SECONDS

    @asynccontextmanager
    async def _connection(self, seconds: float = _ACQUIRE_SECONDS) -> AsyncIterator[Connection]:
        """A connection whose first statement is to be one of `_PING_SECONDS`: that is what a hung database fails."""
        try:
            # With a limit asyncpg makes a task of it; a connection that is idle is there at once.
            idle = self._pool.get_idle_size() > 0
            connection = await (self._pool.acquire() if idle else self._pool.acquire(timeout=seconds))
        except (OSError, asyncpg.InterfaceError, *_AWAY) as error:  # OSError: no such socket, no such host
            raise Unavailable from error
        try:
            yield connection
            self._trust()
        except (asyncpg.InterfaceError, *_AWAY) as error:
            # Of a connection that is open an InterfaceError tells a mistake of ours.
            if isinstance(error, asyncpg.InterfaceError) and not _is_closed(connection):
                raise
            self._trusted_until = -math.inf
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
                # Those who met once would meet again.
                await asyncio.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            except asyncpg.ForeignKeyViolationError as error:
                raise NotFound(message="What this belongs to has just been deleted.") from error
        raise AssertionError("unreachable")

    async def _write_once(self, scope: Scope, command: Callable[[Work], Awaitable[Result]]) -> Result:
        async with self._connection() as connection, _transaction(connection, scope):
            now = self._clock.now()
            work = Work(connection=connection, scope=scope, now=now, announcement=self._announce(now))
            result = await command(work)
            await work.complete()
        if work.announces:
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
async def _transaction(connection: Connection, scope: Scope) -> AsyncIterator[None]:
    """A transaction that sees the rows of `scope` alone, and is told so within the statement that begins it.

    asyncpg's own would take a statement more, which costs a sixth of the throughput.
    """
    change = _session(connection).change_to(scope, local=True)
    try:
        await connection.execute(f"begin; {change}", timeout=_PING_SECONDS)
        yield
    except BaseException as error:
        await _roll_back(connection, _CANCEL_SECONDS if isinstance(error, TimeoutError) else _COMMAND_SECONDS)
        raise
    await connection.execute("commit")


async def _roll_back(connection: Connection, seconds: float) -> None:
    if _is_closed(connection):
        return
    try:
        await connection.execute("rollback", timeout=seconds)
    except (asyncpg.InterfaceError, *_AWAY):  # the server is gone, and the transaction with it
        connection.terminate()


def _session(connection: Connection) -> Session:
    """The pool's proxy passes on all that the connection has."""
    return cast("Session", connection)


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
    await connection.execute(_SESSION)
    await take_role(connection)
    await demand_isolation(connection)


async def _keep(connection: object) -> None:
    """Give a connection back as it is: it knows its session's scope, and asyncpg has ended any open transaction.

    Its default is a round trip at every release.
    """
    del connection


def _encode_jsonb(value: object) -> bytes:
    # In binary form jsonb is a version byte and the text; so no trip through str.
    return b"\x01" + msgspec.json.encode(value)


def _decode_jsonb(data: bytes) -> object:
    return msgspec.json.decode(memoryview(data)[1:])
