"""The parts of `karla up`: the database and the child processes that it keeps running, and how it is told to stop."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

from rich.console import Console

from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.lifeline import SUPERVISED
from karla.infra.settings import Settings
from karla.infra.signals import ending_signals

_TICK_SECONDS = 0.2
_STARTING_TICK_SECONDS = 0.03
_RESTART_SECONDS = 1.0
_STOP_SECONDS = 15.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to call them by


class StopSignal:
    """SIGINT, SIGTERM and SIGHUP (a closed terminal), as an event.

    They are no exceptions: one that is raised between the start of a process and our taking note of it
    would leave the process behind.
    """

    def __init__(self) -> None:
        self._told = threading.Event()
        self._insisting = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals; a SIGHUP that is ignored (`nohup`) stays so."""
        previous = {number: signal.signal(number, self._on_signal) for number in ending_signals()}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def insisting(self) -> Iterator[None]:
        """In here, where a silent database may keep us waiting, a second one is a KeyboardInterrupt."""
        self._insisting = True
        try:
            yield
        finally:
            self._insisting = False

    def told(self) -> bool:
        """Whether one has come."""
        return self._told.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait that long or until one comes; whether one has."""
        return self._told.wait(seconds)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._insisting and self._told.is_set():
            raise KeyboardInterrupt
        self._told.set()


class KeptDatabase:
    """The database under a running Karla: the configured one, or else the embedded server."""

    def __init__(self, settings: Settings) -> None:
        self._data_dir = settings.data_dir
        self._server: EmbeddedPostgres | None = None
        self.url = settings.database_url or ""

    def start(self, cancelled: Callable[[], bool]) -> None:
        """Start the server if it is ours; also again, after it was lost. StartCancelled, PostgresUnavailable."""
        if self._server or not self.url:
            self._server = EmbeddedPostgres.start(self._data_dir, cancelled=cancelled)
            self.url = self._server.url

    @property
    def lost(self) -> bool:
        """Our server has ended."""
        return self._server is not None and not self._server.running

    def stop(self) -> None:
        """Stop the server if it is ours."""
        if self._server:
            self._server.stop()


class Children:
    """`karla VERB` as child processes, each started again when it ends."""

    def __init__(self, verbs: tuple[str, ...], environment: Callable[[], Mapping[str, str]]) -> None:
        self._verbs = verbs
        self._environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._due: dict[str, float] = {}

    def start(self) -> None:
        """Start all."""
        for verb in self._verbs:
            self._spawn(verb)

    def ended(self, verb: str) -> int | None:
        """The exit code of a child that has ended."""
        return self._processes[verb].poll()

    def tend(self, say: Callable[[str], None]) -> None:
        """Start those again that have ended, a moment after."""
        for verb, process in list(self._processes.items()):
            code = process.poll()
            if code is None:
                continue
            if verb not in self._due:
                say(f"karla {verb} ended with code {code}; starting it again.")
                self._due[verb] = time.monotonic() + _RESTART_SECONDS
            elif time.monotonic() >= self._due[verb]:
                del self._due[verb]
                self._spawn(verb)

    def stop(self) -> None:
        """End all by SIGTERM, and those that won't by SIGKILL."""
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin:
                process.stdin.close()

    def _spawn(self, verb: str) -> None:
        # A session of its own, so that a terminal's Ctrl-C reaches us alone and we stop the rest in order.
        # The pipe on its standard input closes when we die, however we die: the child ends then too.
        ended = self._processes.get(verb)
        if ended and ended.stdin:
            ended.stdin.close()
        self._processes[verb] = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "karla", verb],
            env={**self._environment(), SUPERVISED: "1"},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )


def supervise(
    stop: StopSignal, database: KeptDatabase, children: Children, settings: Settings, on_ready: Callable[[], None]
) -> int:
    """Keep database and children running until the signal; 1 if the API can't even start, else 0.

    StartCancelled, PostgresUnavailable when the database can't be started again.
    """
    said = Console(stderr=True, highlight=False)
    ready = False
    while not stop.wait(_TICK_SECONDS if ready else _STARTING_TICK_SECONDS):
        if not ready and children.ended("serve"):
            # A server that can't start would not start better the next time.
            said.print("karla: The API ended before it was ready; its own words stand above.", style="red")
            return 1
        if database.lost:
            said.print("PostgreSQL ended; starting it again.")
            before = database.url
            database.start(stop.told)
            if database.url != before:
                children.stop()
        children.tend(said.print)
        if not ready and answers(settings.host, settings.port, "/readyz"):
            ready = True
            on_ready()
    return 0


def answers(host: str, port: int, path: str) -> bool:
    """Whether a GET there, not through any proxy, is answered by 200."""
    connection = http.client.HTTPConnection(_ANY_ADDRESS.get(host, host), port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def environment_of(settings: Settings, database: KeptDatabase) -> dict[str, str]:
    """What the children are told by."""
    return {
        **os.environ,
        "KARLA_DATABASE_URL": database.url,
        "KARLA_DATA_DIR": str(settings.data_dir),
        "KARLA_PORT": str(settings.port),
    }
