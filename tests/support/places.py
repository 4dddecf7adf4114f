"""Places for a Karla: each a database and a data directory, worked on by the `karla` command as its operator does."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from karla.infra.settings import Settings
from tests.support.karla import Karla, running_karla

_TABLES = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname !~ 'yoyo'
order by relname
"""
_FINGERPRINT = "select count(*), md5(string_agg(md5(t::text), '' order by t::text)) from {} t"


class Place:
    """One of them."""

    def __init__(self, url: str, data_dir: Path) -> None:
        self.url = url
        self.data_dir = data_dir

    @property
    def environment(self) -> dict[str, str]:
        """For the command."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KARLA_")}
        return {**clean, "KARLA_DATABASE_URL": self.url, "KARLA_DATA_DIR": str(self.data_dir)}

    def command(self, *words: object) -> list[str]:
        """A command line."""
        return [sys.executable, "-m", "karla", *map(str, words)]

    def run(self, *words: object, **settings: str) -> dict[str, Any]:
        """The summary of a command that went well."""
        environment = self.environment | settings
        done = subprocess.run(self.command(*words, "--json"), env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return msgspec.json.decode(done.stdout, type=dict[str, Any])

    def told(self, *words: object) -> str:
        """What a command that went well says to a person."""
        done = subprocess.run(self.command(*words), env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def refused(self, *words: object) -> str:
        """The one line with which a command gives up."""
        done = subprocess.run(self.command(*words), env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stdout + done.stderr
        (line,) = done.stderr.splitlines()
        return line

    def execute(self, *statements: str) -> None:
        """Change the database, past every rule."""
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, statement: str) -> list[Any]:
        """What the database answers, across all shops."""
        with psycopg.connect(self.url) as connection:
            _see_everything(connection)
            return connection.execute(statement.encode()).fetchall()

    def fingerprints(self) -> dict[str, tuple[int, str]]:
        """Every table with the number of its rows and a hash of all that is in them."""
        with psycopg.connect(self.url) as connection:
            _see_everything(connection)
            names = [name for (name,) in connection.execute(_TABLES)]
            return {name: _fingerprint(connection, name) for name in names}

    def counts(self) -> dict[str, int]:
        """The rows of every table."""
        return {name: count for name, (count, _) in self.fingerprints().items()}

    @asynccontextmanager
    async def karla(self) -> AsyncIterator[Karla]:
        """A Karla that runs here, in this process."""
        settings = Settings(data_dir=self.data_dir, secret_key="0" * 32, public_url="http://karla.test")
        async with running_karla(settings, self.url) as running:
            yield running


def _see_everything(connection: psycopg.Connection[Any]) -> None:
    connection.execute("select set_config('timezone', 'UTC', false), set_config('karla.everywhere', 'on', false)")


def _fingerprint(connection: psycopg.Connection[Any], table: str) -> tuple[int, str]:
    row: Sequence[Any] | None = connection.execute(sql.SQL(_FINGERPRINT).format(sql.Identifier(table))).fetchone()
    assert row is not None
    return row[0], row[1]
