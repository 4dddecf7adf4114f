"""The processes of a Karla under attack: PostgreSQL, and `karla` commands that are started again when they end."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.lifeline import SUPERVISED
from tests.support.processes import descendants

# A part that can't start, as the database is away, isn't started in a tight circle.
_RESTART_SECONDS = 0.1
_STOP_SECONDS = 20.0


async def comes(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event comes within that time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


class Part:
    """One `karla serve` or `karla work`, started again whenever it ends; its output goes into a file.

    `started_at` is when it was started last, a time of `time.monotonic`.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.started_at = 0.0
        self._command = [sys.executable, "-m", "karla", *words]
        # It ends by itself when this process does, however that goes.
        self._environment = {**environment, SUPERVISED: "1"}
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """None while it is down."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        """Start it, and keep it running."""
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End it as an operator does, by SIGTERM; AssertionError when that doesn't go well."""
        self._stopping.set()
        if pid := self.pid:
            os.kill(pid, signal.SIGTERM)
        if self._keeping:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._keeping
        # uvicorn stops in order, and ends by the signal that told it to.
        code = self._process.returncode if self._process else 0
        assert code in {0, -signal.SIGTERM}, f"{self._command} ended with {code}: {self.last_words()}"

    def kill(self) -> bool:
        """End it by SIGKILL; False when it is down already."""
        if (pid := self.pid) is None:
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    def last_words(self) -> str:
        """The end of what it said."""
        return self.log.read_text()[-2000:]

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    env=self._environment,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.started_at = time.monotonic()
            await self._process.wait()
            await comes(self._stopping, _RESTART_SECONDS)


class Postgres:
    """The embedded server of a folder, which can be killed in whole or in part and comes back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: EmbeddedPostgres | None = None

    @property
    def server(self) -> EmbeddedPostgres:
        """The one that was started last."""
        assert self._server is not None, "it has been started"
        return self._server

    @property
    def url(self) -> str:
        """The same after each start."""
        return self.server.url

    async def start(self) -> None:
        """Start it; it replays its log if it was killed."""
        before = self._server.url if self._server else None
        self._server = await asyncio.to_thread(EmbeddedPostgres.start, self._folder)
        assert before in {None, self.url}

    async def stop(self) -> None:
        """Stop it, and delete all that it kept."""
        if self._server:
            await asyncio.to_thread(self._server.stop)
        await asyncio.to_thread(EmbeddedPostgres.remove, self._folder)

    async def kill_whole(self) -> None:
        """Kill the postmaster, and come back when a new one takes connections."""
        os.kill(self.server.pid, signal.SIGKILL)
        stopped = asyncio.Event()
        while self.server.running:
            await comes(stopped, 0.005)
        await self.start()

    async def kill_backend(self, chance: random.Random) -> bool:
        """Kill the server's side of one connection, so that it ends all others and recovers; False without any.

        Comes back when it takes connections again.
        """
        gone = asyncio.Event()
        witness = await asyncpg.connect(self.url, timeout=5)
        witness.add_termination_listener(lambda _: gone.set())
        victims = sorted(set(self._backends()) - {witness.get_server_pid()})
        if not victims:
            await witness.close()
            return False
        os.kill(chance.choice(victims), signal.SIGKILL)
        assert await comes(gone, 10), "the postmaster ends the other sessions"
        await self.answer()
        return True

    async def answer(self) -> None:
        """Wait until it takes connections."""
        never = asyncio.Event()
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(OSError, asyncpg.PostgresError, TimeoutError):
                    session = await asyncpg.connect(self.url, timeout=2)
                    await session.close()
                    return
                await comes(never, 0.01)

    def _backends(self) -> list[int]:
        return [pid for pid, command in descendants(self.server.pid).items() if " karla karla " in command]
