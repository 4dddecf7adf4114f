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
from collections.abc import Iterator
from pathlib import Path

from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.migrations import migrate

SHOP = "bench"


class Stage:
    """A migrated database of its own, with one shop and an admin key for it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.environment = {
            **os.environ,
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

    def _karla(self, *words: str) -> str:
        command = [sys.executable, "-m", "karla", *words]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    @contextlib.contextmanager
    def karla(self, *words: str, port: int | None = None) -> Iterator[None]:
        """`karla serve`, `karla work` …; with a port, from when it is ready."""
        environment = self.environment if port is None else {**self.environment, "KARLA_PORT": str(port)}
        with child([sys.executable, "-m", "karla", *words], environment):
            if port is not None:
                wait_for(f"http://127.0.0.1:{port}/readyz")
            yield


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Put it up, and take it down at the end."""
    folder = Path(tempfile.mkdtemp(prefix="karla-bench-"))
    folder.chmod(0o755)
    try:
        with EmbeddedPostgres.start(folder) as postgres:
            migrate(postgres.url)
            yield Stage(postgres.url, folder)
    finally:
        EmbeddedPostgres.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def child(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended by SIGTERM when the block ends."""
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
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
