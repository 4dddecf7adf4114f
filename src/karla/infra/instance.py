"""One Karla a data directory: the lock, and the database that goes with it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.settings import Settings


class Running(msgspec.Struct, frozen=True):
    """Who holds a data directory."""

    pid: int
    url: str


class AlreadyRunning(Exception):
    """Another Karla holds this data directory."""

    def __init__(self, data_dir: Path, holder: Running | None) -> None:
        self.holder = holder
        where = f" on {holder.url} (process {holder.pid})" if holder else ""
        super().__init__(f"Karla is running already{where}, with the data in {data_dir}.")


class NotRunning(Exception):
    """There is no database to talk to."""


@contextlib.contextmanager
def held(data_dir: Path, url: str) -> Iterator[None]:
    """Hold the data directory for this process; AlreadyRunning when another does.

    The lock is the kernel's: it goes with the process however that ends, so none can be stale.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "karla.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(data_dir, _holder(file)) from error
        file.seek(0)
        file.truncate()
        file.write(msgspec.json.encode(Running(os.getpid(), url)).decode())
        file.flush()
        yield
        file.truncate(0)


def _holder(file: IO[str]) -> Running | None:
    file.seek(0)
    with contextlib.suppress(msgspec.MsgspecError):
        return msgspec.json.decode(file.read(), type=Running)
    return None


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of the database: the configured one, that of a running Karla, or one started for the while."""
    if settings.database_url:
        yield settings.database_url
        return
    running = EmbeddedPostgres.url_of_running(settings.data_dir)
    if running:
        yield running
        return
    with held(settings.data_dir, settings.base_url), EmbeddedPostgres.start(settings.data_dir) as postgres:
        yield postgres.url


def running_database(settings: Settings) -> str:
    """The address of a database that is there already; NotRunning otherwise."""
    url = settings.database_url or EmbeddedPostgres.url_of_running(settings.data_dir)
    if url is None:
        raise NotRunning(
            f"No database: KARLA_DATABASE_URL is not set and no Karla is running on {settings.data_dir}. "
            "Start one with `karla up`."
        )
    return url
