"""Running Karla: all in one (`up`), or part by part (`serve`, `work`, `migrate`)."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from karla.infra import migrations
from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.instance import database, held, running_database
from karla.infra.settings import Settings, secret_key_of, settings_from

Port = Annotated[int | None, typer.Option(help="The API's port.", show_default="8080")]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept.", show_default="./.karla")]

_RESTART_SECONDS = 1.0
_STOP_SECONDS = 15.0


def up(port: Port = None, data_dir: DataDir = None) -> None:
    """Run everything: PostgreSQL, API, worker. Ctrl-C or SIGTERM stops it all."""
    started = time.monotonic()
    settings = settings_from(port=port, data_dir=data_dir)
    console = Console(highlight=False)
    with held(settings.data_dir, settings.base_url), _database(settings) as url:
        secret_key_of(settings)
        applied = migrations.migrate(url)
        environment = {
            **os.environ,
            "KARLA_DATABASE_URL": url,
            "KARLA_DATA_DIR": str(settings.data_dir),
            "KARLA_PORT": str(settings.port),
        }
        supervisor = _Supervisor({"serve": environment, "work": environment})
        with supervisor.stopped_by_signals():
            supervisor.start()
            if supervisor.wait_until_ready(f"http://{settings.host}:{settings.port}/readyz"):
                _greet(console, settings, len(applied), time.monotonic() - started)
            supervisor.watch()
        console.print("Stopping …")
        supervisor.stop()
    console.print("Stopped.")
    raise typer.Exit(supervisor.exit_code)


def serve(ctx: typer.Context, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the API alone, on a database that is there already."""
    settings = settings_from(port=port, data_dir=data_dir)
    ctx.obj.serve(settings, running_database(settings))


def work(ctx: typer.Context, data_dir: DataDir = None) -> None:
    """Run the worker alone, on a database that is there already."""
    settings = settings_from(data_dir=data_dir)
    ctx.obj.work(settings, running_database(settings))


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to this version's schema."""
    with database(settings_from(data_dir=data_dir)) as url:
        applied = migrations.migrate(url)
    for name in applied:
        typer.echo(f"applied {name}")
    typer.echo(f"{len(applied)} migrations applied." if applied else "The schema is up to date.")


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    if settings.database_url:
        yield settings.database_url
        return
    with EmbeddedPostgres.start(settings.data_dir) as postgres:
        yield postgres.url


def _greet(console: Console, settings: Settings, migrated: int, seconds: float) -> None:
    database_place = "KARLA_DATABASE_URL" if settings.database_url else f"embedded, in {settings.data_dir}"
    console.print(f"[bold green]Karla is up[/] after {seconds:.1f} s.")
    console.print(f"  API        {settings.base_url}/v1")
    console.print(f"  API docs   {settings.base_url}/docs")
    console.print(f"  OpenAPI    {settings.base_url}/public/openapi.json")
    console.print(f"  Metrics    {settings.base_url}/metrics")
    console.print(f"  Database   {database_place}" + (f" ({migrated} migrations applied)" if migrated else ""))
    console.print("Ctrl-C stops everything.")


class _Supervisor:
    """Keeps the child processes running until told to stop."""

    def __init__(self, children: dict[str, dict[str, str]]) -> None:
        self._environments = children
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self.exit_code = 0

    @contextmanager
    def stopped_by_signals(self) -> Iterator[None]:
        def on_signal(number: int, frame: FrameType | None) -> None:
            self._stopping.set()

        previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number in previous:
                signal.signal(number, signal.SIG_IGN)

    def start(self) -> None:
        for verb in self._environments:
            self._spawn(verb)

    def _spawn(self, verb: str) -> None:
        # A session of its own, so that a terminal's Ctrl-C reaches us alone and we stop the rest in order.
        # The pipe on its standard input closes when we die, however we die: the child ends then too.
        self._processes[verb] = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "karla", verb],
            env={**self._environments[verb], "KARLA_SUPERVISED": "1"},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def wait_until_ready(self, url: str, deadline_seconds: float = 30.0) -> bool:
        deadline = time.monotonic() + deadline_seconds
        while not self._stopping.is_set() and time.monotonic() < deadline:
            if self._processes["serve"].poll() is not None:
                # A server that can't even start (a taken port) would not start better the next time.
                self.exit_code = 1
                self._stopping.set()
                return False
            try:
                with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own address
                    return True
            except OSError:
                self._stopping.wait(0.03)
        return False

    def watch(self) -> None:
        while not self._stopping.wait(0.2):
            for verb, process in list(self._processes.items()):
                code = process.poll()
                if code is not None:
                    Console(stderr=True).print(f"karla {verb} ended with code {code}; starting it again.")
                    self._stopping.wait(_RESTART_SECONDS)
                    if not self._stopping.is_set():
                        self._spawn(verb)

    def stop(self) -> None:
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
