"""What an earlier start left behind in a cluster: a server that still runs, its processes, its lock file."""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from karla.infra.embedded_postgres.errors import PostgresUnavailable

PROC = Path("/proc")
PAUSE_SECONDS = 0.01

# Of a socket folder under the system's temporary one, made where the data directory's path is too long.
TEMPORARY_PREFIX = "karla-postgres-"


@dataclass(frozen=True)
class LockFile:
    """What `postmaster.pid` tells about the server that wrote it."""

    pid: int
    port: int
    sockets: Path


def read_lock_file(cluster: Path) -> LockFile | None:
    """None if there is none, or none yet with all its lines."""
    try:
        lines = os.fsdecode((cluster / "postmaster.pid").read_bytes()).splitlines()
        # A minus marks a single-user server.
        return LockFile(pid=abs(int(lines[0])), port=int(lines[3]), sockets=Path(lines[4]))
    except (FileNotFoundError, IndexError, ValueError):
        return None


def name_of(cluster: Path) -> str:
    """The `cluster_name` that the server runs under: its processes carry it in their titles."""
    return "karla-" + hashlib.sha256(os.fsencode(cluster)).hexdigest()[:12]


def stop_leftovers(cluster: Path, timeout: float) -> None:
    """Stop a server that outlived its Karla (kill -9), or its processes that outlived it.

    It is stopped, not adopted: it may run other binaries and settings than this Karla's, it isn't our child
    (nobody tells us when it ends), and a server that has just started is always in the same known state.
    That costs 0.2 s after an accident that is rare.
    """
    lock_file = cluster / "postmaster.pid"
    if not lock_file.exists():
        return
    lock = read_lock_file(cluster)
    found = list(_processes_of(cluster, lock.pid if lock else None))
    if lock and (postmasters := [pid for pid in found if pid == lock.pid]):
        _end(postmasters, cluster, (signal.SIGINT, timeout), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))
    # A killed postmaster's children end by themselves, except one that is busy: it would keep the next
    # server from starting.
    _end(list(_processes_of(cluster, None)), cluster, (signal.SIGQUIT, 5), (signal.SIGKILL, 10))
    if lock is None or not _may_be_served_by(lock.pid):
        lock_file.unlink(missing_ok=True)
    if lock and lock.sockets.name.startswith(TEMPORARY_PREFIX):
        shutil.rmtree(lock.sockets, ignore_errors=True)


def _end(pids: Sequence[int], cluster: Path, *steps: tuple[signal.Signals, float]) -> None:
    left = list(pids)
    for step, patience in steps:
        for pid in left:
            _send(step, pid)
        deadline = time.monotonic() + patience
        while (left := [pid for pid in left if _name_of_process(pid) == "postgres"]) and (time.monotonic() < deadline):
            time.sleep(PAUSE_SECONDS)
    if left:
        numbers = ", ".join(str(pid) for pid in left)
        raise PostgresUnavailable(f"An old server of {cluster} doesn't end: process {numbers}.")


def _send(step: signal.Signals, pid: int) -> None:
    try:
        os.kill(pid, step)
    except ProcessLookupError:
        return


def _processes_of(cluster: Path, locked_by: int | None) -> Iterator[int]:
    """The postmaster by its command line, its children by their titles, both readable without privileges.

    The process that the lock file names counts by its folder too: somebody may have started it by hand.
    """
    title = f"postgres: {name_of(cluster)}: "
    for pid, command in _servers():
        ours = command.startswith(title) or f"postgres -D {cluster} -c " in command
        if ours or (pid == locked_by and _works_in(pid, cluster)):
            yield pid


def _works_in(pid: int, cluster: Path) -> bool:
    try:
        return (PROC / str(pid) / "cwd").samefile(cluster)
    except OSError:
        return False


def _may_be_served_by(pid: int) -> bool:
    """Whether a process that is no leftover of ours may still be a server of this cluster.

    The number may have been given to another program since; that mustn't keep us from starting. If it is
    some PostgreSQL whose folder we aren't allowed to see, then its lock file stays, and our server refuses.
    """
    if _name_of_process(pid) != "postgres":
        return False
    try:
        (PROC / str(pid) / "cwd").readlink()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _servers() -> Iterator[tuple[int, str]]:
    if not PROC.joinpath("self").exists():
        yield from _servers_by_ps()
        return
    for folder in PROC.iterdir():
        if folder.name.isdigit() and _name_of_process(int(folder.name)) == "postgres":
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            yield int(folder.name), os.fsdecode(command.replace(b"\0", b" "))


def _servers_by_ps() -> Iterator[tuple[int, str]]:
    listing = subprocess.run(["/bin/ps", "-axo", "pid=,ucomm=,command="], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        pid, name, command = line.split(maxsplit=2)
        if name == "postgres":
            yield int(pid), command


def _name_of_process(pid: int) -> str | None:
    """None for a process that has ended, also if its parent hasn't noticed yet."""
    if not PROC.joinpath("self").exists():
        return "postgres" if any(pid == server for server, _ in _servers_by_ps()) else None
    try:
        # `pid (name) state …`
        status = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    name, _, rest = status.partition("(")[2].rpartition(") ")
    return None if rest.startswith(("Z", "X")) else name
