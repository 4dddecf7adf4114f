"""LISTEN/NOTIFY: rings when there may be something to do, and tells when it may have missed a ring.

The bell saves waiting; it is never the only word of anything.
"""

import asyncio
import contextlib
from collections.abc import Callable

import asyncpg

from karla.infra.work import Connection

WORK = "karla_work"
ACCESS = "karla_access"
TRACKING = "karla_tracking"
"""The channels: news in the outbox, changes of keys and shops, parcels that may be due."""

_RETRY_SECONDS = 1.0
_PAUSE_SECONDS = 0.002
# The last: of a connection that has got the server's farewell, and isn't closed yet.
_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


async def ring(connection: Connection, channel: str, payload: str = "") -> None:
    """Ring `channel` when the transaction of `connection` commits."""
    await connection.execute("select pg_notify($1, $2)", channel, payload)


class Ringer:
    """Rings one channel soon after it is asked to, once for all who asked meanwhile.

    It does so apart from the transactions that there is news of: a NOTIFY within one takes a lock over the
    whole database until its commit is flushed, so commits queue up (measured with 20 at once: 3,090 a second
    without, 900 with). A ring that is lost, by a crash between commit and ring, is made up for by polling.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", channel: str) -> None:
        self._pool = pool
        self._channel = channel
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Ask for a ring; to be called after the commit."""
        self._asked = True
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="ringer")

    async def close(self) -> None:
        """Wait for a ring that is under way; before the pool closes."""
        if self._task:
            await self._task

    async def _run(self) -> None:
        try:
            while self._asked:
                self._asked = False
                with contextlib.suppress(*_LOST):
                    await self._pool.execute("select pg_notify($1, '')", self._channel)
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._task = None


class Bell:
    """One listening connection of a process."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._channels: dict[str, Callable[[], None]] = {}
        self._connected = False
        self._task: asyncio.Task[None] | None = None

    @property
    def listening(self) -> bool:
        """False while rings may be missed: whoever caches by the bell must ask the database then."""
        return self._connected

    def on(self, channel: str, heard: Callable[[], None]) -> None:
        """Call `heard` at each ring of `channel`, and whenever rings may have been missed; before `start`."""
        self._channels[channel] = heard

    async def start(self) -> None:
        """Begin to listen; returns once listening or after the first failure to."""
        first = asyncio.Event()
        self._task = asyncio.create_task(self._run(first), name="bell")
        await first.wait()

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, first: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(*_LOST):
                await self._listen(first)
            self._connected = False
            first.set()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self, first: asyncio.Event) -> None:
        connection = await asyncpg.connect(self._url)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            for channel, heard in self._channels.items():
                await connection.add_listener(channel, lambda *_, heard=heard: heard())
            self._connected = True
            for heard in self._channels.values():
                heard()
            first.set()
            await lost.wait()
        finally:
            self._connected = False
            await connection.close(timeout=1)
