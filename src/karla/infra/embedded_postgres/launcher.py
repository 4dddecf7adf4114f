"""Starts, finds and stops the embedded PostgreSQL server of a data directory."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from karla.infra.embedded_postgres.account import Account
from karla.infra.embedded_postgres.binaries import Binaries, find_binaries, readable_to
from karla.infra.embedded_postgres.cluster import make_cluster, write_settings
from karla.infra.embedded_postgres.errors import WAY_OUT, PostgresUnavailable, StartCancelled
from karla.infra.embedded_postgres.handshake import FULL, READY, STARTING, knock, socket_in
from karla.infra.embedded_postgres.home import BINARIES_STORE, RECORD, Home, find_home, major_of_existing
from karla.infra.embedded_postgres.leftovers import TEMPORARY_PREFIX, name_of, read_lock_file, stop_leftovers

DEFAULT_PORT = 5432  # only a part of the socket's name
LONGEST_SOCKET_PATH = 103  # bytes; Linux takes 107, macOS 103

STOP_SECONDS = 20.0
SILENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.01

LARGEST_LOG = 20 * 1024 * 1024
LINES_TOLD = 15


class EmbeddedPostgres:
    """A running server; as a context manager it is stopped at the end.

    The server runs in a session of its own: it outlives a Karla that is killed, and the next `start` stops
    and replaces it.
    """

    def __init__(self, process: subprocess.Popen[bytes], cluster: Path, sockets: Path, port: int) -> None:
        self._process = process
        self._cluster = cluster
        self._sockets = sockets
        self.url = _url(sockets, port)

    @classmethod
    def start(cls, data_dir: Path, *, port: int | None = None, cancelled: Callable[[], bool] = lambda: False) -> Self:
        """Start the server of this data directory, making its cluster and database at the first time.

        The caller holds the lock that lets one Karla alone use the data directory: a server that runs
        there is taken for a leftover and stopped. `port` is only a part of the socket's name; nothing
        listens on TCP. Raises PostgresUnavailable, or StartCancelled once `cancelled` says so: replaying
        the log after a crash may take long.
        """
        data_dir = data_dir.resolve()
        port = port or DEFAULT_PORT
        try:
            # Root's server runs under another account, which has to get through.
            data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            home, account, binaries = _prepare(data_dir)
            sockets = _socket_folder(home, account, port)
            log = _log_file(data_dir)
        except OSError as error:
            message = f"Can't prepare the database in {data_dir}: {error}."
            raise PostgresUnavailable(f"{message} {WAY_OUT}") from error
        begin_of_log = log.stat().st_size
        command = _command(binaries, home.cluster, sockets, port)
        server = cls(account.spawn(command, log), home.cluster, sockets, port)
        try:
            server._wait_until_ready(socket_in(sockets, port), cancelled)
        except PostgresUnavailable as error:
            server.stop()
            raise PostgresUnavailable(f"{error} Its log ends with:\n{_end_of(log, begin_of_log)}") from None
        except BaseException:  # Ctrl-C while it starts
            server.stop()
            raise
        return server

    @staticmethod
    def url_of_running(data_dir: Path) -> str | None:
        """The URL of the server that some process runs for this data directory, if it takes connections.

        None also if this user isn't allowed to see it.
        """
        try:
            lock = read_lock_file(find_home(data_dir.resolve()).cluster)
        except PermissionError:
            return None
        if lock and knock(socket_in(lock.sockets, lock.port)) in {READY, FULL}:
            return _url(lock.sockets, lock.port)
        return None

    @staticmethod
    def remove(data_dir: Path) -> None:
        """Delete the cluster with all its data, wherever it lies; a server that still runs is stopped."""
        data_dir = data_dir.resolve()
        home = find_home(data_dir)
        stop_leftovers(home.cluster, STOP_SECONDS)
        for folder in (home.cluster, home.draft, home.run):
            if folder.exists():
                shutil.rmtree(folder)
        if home.path != data_dir:
            shutil.rmtree(home.path, ignore_errors=True)
            (data_dir / RECORD).unlink()

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the postmaster lives; once it is dead, only a new `start` brings the database back."""
        return self._process.poll() is None

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End all sessions, write everything out and stop; after `timeout` seconds as if power failed.

        Nothing committed is lost either way: the second only makes the next start replay the log.
        """
        steps = ((signal.SIGINT, timeout), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
        for step, patience in steps:
            self._process.send_signal(step)
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            break
        lock = read_lock_file(self._cluster)
        if lock and lock.pid == self.pid:  # it was killed; else it left none, or a new server has its own
            stop_leftovers(self._cluster, timeout)
        if self._sockets.name.startswith(TEMPORARY_PREFIX):
            shutil.rmtree(self._sockets, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self, path: Path, cancelled: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SILENCE_SECONDS
        while (state := knock(path)) != READY:
            if cancelled():
                raise StartCancelled
            if self._process.poll() is not None:
                raise PostgresUnavailable(f"PostgreSQL ended with code {self._process.returncode}.")
            if state == STARTING:
                # Replaying its log after a crash, which may take long and mustn't be cut short.
                deadline = time.monotonic() + SILENCE_SECONDS
            elif state is not None:
                raise PostgresUnavailable(f"PostgreSQL refuses the user `karla` (SQLSTATE {state}).")
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"PostgreSQL gave no answer in {SILENCE_SECONDS:.0f} s.")
            time.sleep(PAUSE_SECONDS)


def _prepare(data_dir: Path) -> tuple[Home, Account, Binaries]:
    """A cluster with today's settings that nobody serves, its owner, and the programs that fit it."""
    home = find_home(data_dir)
    with suppress(OSError):
        home.cluster.rmdir()  # only an empty one, which somebody made beforehand
    account = Account.owning(home.cluster) if home.cluster.exists() else Account.for_new_cluster()
    major = major_of_existing(home, data_dir)
    binaries = readable_to(account, find_binaries(major), BINARIES_STORE)
    if major is None:
        home = make_cluster(data_dir, account, binaries)
    elif not account.can_reach(home.cluster):
        message = f"The account {account.name}, to whom the database belongs, can't reach {home.cluster}."
        raise PostgresUnavailable(f"{message} Open the folders above it for passing through (chmod o+x).")
    stop_leftovers(home.cluster, STOP_SECONDS)
    write_settings(home.cluster, account, binaries)
    return home, account, binaries


def _command(binaries: Binaries, cluster: Path, sockets: Path, port: int) -> list[str | Path]:
    """On the command line stands what neither postgresql.conf nor ALTER SYSTEM shall change."""
    fixed = {
        "listen_addresses": "",
        "port": str(port),
        "unix_socket_directories": '"{}"'.format(str(sockets).replace('"', '""')),  # it is a list
        "unix_socket_permissions": "0700",
        "cluster_name": name_of(cluster),
        "log_destination": "stderr",
        "logging_collector": "off",
    }
    options = [part for name, value in fixed.items() for part in ("-c", f"{name}={value}")]
    return [binaries.bin / "postgres", "-D", cluster, *options]


def _socket_folder(home: Home, account: Account, port: int) -> Path:
    def fits(folder: Path) -> bool:
        # libpq takes a comma for the end of a host.
        return "," not in str(folder) and len(os.fsencode(socket_in(folder, port))) <= LONGEST_SOCKET_PATH

    if fits(home.run):
        folder = account.make_private_folder(home.run)
        for stale in folder.glob(".s.PGSQL.*"):
            stale.unlink()
        return folder
    for base in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108  (a random name in it)
        if fits(base / f"{TEMPORARY_PREFIX}12345678") and account.can_reach(base):
            folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=base))  # mode 0700
            account.give(folder)
            return folder
    message = f"There is no room for a socket: {home.run} is too long, and so is the temporary folder."
    raise PostgresUnavailable(f"{message} Choose a data directory with a shorter path.")


def _log_file(data_dir: Path) -> Path:
    """The server's log: one file and one older, each of at most about 20 MB."""
    folder = data_dir / "log"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "postgres.log"
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(folder / "postgres.log.1")
    path.touch(mode=0o600)
    return path


def _end_of(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    return "\n".join(lines[-LINES_TOLD:])


def _url(sockets: Path, port: int) -> str:
    # The port is told although it is the usual one: PGPORT would override it.
    return f"postgresql://karla@/karla?host={quote(str(sockets))}&port={port}"
