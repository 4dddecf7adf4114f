"""What benchmarks stand on: a database, a shop with a key, and servers as child processes."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import psycopg

from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.migrations import migrate
from karla.infra.settings import Settings, variable_of

SHOP = "bench"
CORES = len(os.sched_getaffinity(0))
"""One server process a core is what docs/guides/self-hosting.md advises."""

# A load generator is one caller with one key: what protects a real instance from such a one would be measured.
UNLIMITED = {variable_of(field): "10000000" for field in Settings.__struct_fields__ if field.endswith("_per_minute")}


class Stage:
    """A migrated database of its own, with one shop and an admin key for it."""

    def __init__(self, url: str, folder: Path, postgres_pid: int = 0) -> None:
        self.url = url
        self.folder = folder
        self.postgres_pid = postgres_pid
        self.environment = {
            **os.environ,
            **UNLIMITED,
            "KARLA_DATABASE_URL": url,
            "KARLA_DATA_DIR": str(folder),
            "KARLA_LOG_LEVEL": "warning",
            "KARLA_ALLOW_PRIVATE_TARGETS": "1",
        }
        self._karla("shop", "create", SHOP, "--org", "bench-org", "--json")
        issued = json.loads(
            self._karla("key", "create", "--org", "bench-org", "--shop", SHOP, "--role", "admin", "--json")
        )
        token = base64.b64encode(f"{issued['username']}:{issued['key']}".encode()).decode()
        self.authorization = f"Basic {token}"

    @property
    def shop_id(self) -> UUID:
        """The shop's."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("select id from shops where slug = %s", [SHOP]).fetchone()
        assert row is not None
        return UUID(str(row[0]))

    def _karla(self, *words: str) -> str:
        command = [sys.executable, "-m", "karla", *words]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        done.check_returncode()
        return done.stdout

    @contextlib.contextmanager
    def karla(
        self, *words: str, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """`karla serve`, `karla work` …, with these environment variables; with a port, from when it is ready."""
        environment = {**self.environment, **(settings or {})}
        if port is not None:
            environment["KARLA_PORT"] = str(port)
        with child([sys.executable, "-m", "karla", *words], environment) as process:
            if port is not None:
                wait_for(f"http://127.0.0.1:{port}/readyz")
            yield process


@contextlib.contextmanager
def processes(started: Callable[[int], contextlib.AbstractContextManager[object]], count: int) -> Iterator[list[int]]:
    """So many of the same server, each on a port of its own; the ports."""
    ports = [free_port() for _ in range(count)]
    with contextlib.ExitStack() as stack:
        for port in ports:
            stack.enter_context(started(port))
        yield ports


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Put it up, and take it down at the end."""
    folder = Path(tempfile.mkdtemp(prefix="karla-bench-"))
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres.start(folder) as postgres:
            migrate(postgres.url)
            yield Stage(postgres.url, folder, postgres.pid)
    finally:
        EmbeddedPostgres.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def child(
    command: list[str], environment: dict[str, str], log: BinaryIO | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended by SIGTERM when the block ends; what it says goes to `log`, if one is given."""
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str, deadline_seconds: float = 30) -> None:
    """Until the address answers 200."""
    deadline = time.monotonic() + deadline_seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
