"""One PostgreSQL a test run, one database a test process."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio

from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.migrations import migrate
from karla.infra.settings import Settings
from tests.support.karla import Karla, running_karla


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What could not run here is said in words, once."""
    for reason in sorted({report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])}):
        terminalreporter.write_line(reason.removeprefix("Skipped: "))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL for this test process: KARLA_TEST_DATABASE_URL, else an embedded one of its own."""
    given = os.environ.get("KARLA_TEST_DATABASE_URL")
    if given:
        yield given
        return
    data_dir = tmp_path_factory.mktemp("postgres")
    with EmbeddedPostgres.start(data_dir) as postgres:
        yield postgres.url
    EmbeddedPostgres.remove(data_dir)


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> Iterator[str]:
    """A migrated database that belongs to this test process alone."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with a_database(postgres_url, f"karla_test_{worker}_{os.getpid()}") as url:
        yield url


@pytest.fixture
def own_database_url(postgres_url: str) -> Iterator[str]:
    """A migrated database that belongs to one test alone, for what works over every shop."""
    with a_database(postgres_url, f"karla_own_{uuid4().hex}") as url:
        yield url


@contextmanager
def a_database(postgres_url: str, name: str) -> Iterator[str]:
    """A migrated database on this server, while the block lasts."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = with_database(postgres_url, name)
    migrate(url)
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    head, question, query = url.partition("?")
    return head.rpartition("/")[0] + "/" + name + question + query


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the Karla under test: private targets allowed, as receivers stand on loopback."""
    return Settings(
        data_dir=tmp_path_factory.mktemp("karla-data"),
        public_url="http://karla.test",
        secret_key="0" * 32,
        allow_private_targets=True,
        log_level="error",
    )


@pytest_asyncio.fixture(scope="session")
async def karla(settings: Settings, database_url: str) -> AsyncIterator[Karla]:
    """API and belt in this process. Tests keep apart by making a shop of their own."""
    async with running_karla(settings, database_url) as running:
        yield running
