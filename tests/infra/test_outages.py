"""A database that hangs or is gone: every door says so soon, and all goes on when it is back."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from karla.infra.access import NOWHERE
from karla.infra.db import Database
from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.errors import Unavailable
from karla.infra.migrations import migrate
from karla.infra.settings import Settings
from karla.infra.work import Silence, Work
from tests.support.benches import cut_connections
from tests.support.karla import Karla, running_karla
from tests.support.processes import descendants


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres.start(tmp_path) as server:
        migrate(server.url)
        yield server
    EmbeddedPostgres.remove(tmp_path)


def send(number: signal.Signals, postgres: EmbeddedPostgres) -> None:
    """To the postmaster first, so that it starts no process anew."""
    for pid in [postgres.pid, *descendants(postgres.pid)]:
        with suppress(ProcessLookupError):  # a backend may end by itself meanwhile
            os.kill(pid, number)


async def timed(karla: Karla, path: str, headers: dict[str, str]) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = await karla.http.get(path, headers=headers)
    return answer, time.monotonic() - began


def assert_unavailable(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    told = answer.json()
    assert (told["key"], told["type"], told["errors"]) == ("database_unavailable", "api_error", None)
    assert told["message"] == "The database can't be reached right now; try again in a moment."


async def test_a_database_that_hangs_or_is_gone_is_told_of_soon(postgres: EmbeddedPostgres, settings: Settings) -> None:
    own = msgspec.structs.replace(settings, database_url=postgres.url)
    async with running_karla(own, postgres.url) as karla:
        shop = await karla.shop()
        orders = f"/v1/shops/{shop.slug}/orders"
        assert (await karla.http.get(orders, headers=shop.headers)).status_code == 200
        send(signal.SIGSTOP, postgres)
        try:
            readiness, took = await timed(karla, "/readyz", {})
            assert (readiness.status_code, took < 4) == (503, True), took
            with capture_logs() as lines:
                *answers, (metrics, counting_took) = await asyncio.gather(
                    *(timed(karla, orders, shop.headers) for _ in range(3)), timed(karla, "/metrics", {})
                )
            for answer, took in answers:
                assert_unavailable(answer)
                assert took < 8
            told = [(line["event"], "exc_info" in line) for line in lines if line["log_level"] in {"warning", "error"}]
            times = [took for _, took in answers]
            assert set(told) == {("database unreachable", False)}
            assert len(told) <= 1 + max(times) - min(times), "a line a second"
            assert (metrics.status_code, counting_took < 8) == (200, True), counting_took
            assert "karla_outbox_events NaN" in metrics.text
        finally:
            send(signal.SIGCONT, postgres)
        assert (await karla.http.get("/readyz")).status_code == 200
        assert (await karla.http.get(orders, headers=shop.headers)).status_code == 200

        send(signal.SIGKILL, postgres)
        answer, took = await timed(karla, orders, shop.headers)
        assert_unavailable(answer)
        assert took < 4
        assert (await karla.http.get("/readyz")).status_code == 503


async def test_an_error_of_something_else_is_no_outage(database_url: str) -> None:
    db = await Database.open(f"{database_url}&application_name=ended", announce=Silence)
    missing = FileNotFoundError("an image")

    async def command(work: Work) -> None:
        raise missing

    with pytest.raises(FileNotFoundError):
        await db.write(NOWHERE, command)
    with pytest.raises(FileNotFoundError):
        async with db.read(NOWHERE):
            raise missing
    with pytest.raises(asyncpg.DataError):
        async with db.read(NOWHERE) as connection:
            await connection.fetchval("select $1::int", "no number")
    with pytest.raises(Unavailable):
        async with db.read(NOWHERE) as connection:
            await cut_connections(database_url, "ended")
            await connection.fetchval("select 1")
    with pytest.raises(Unavailable):
        await db.write(NOWHERE, lambda work: work.connection.fetchval("select pg_sleep(20)", timeout=0.1))
    await db.ping()
    await db.close()
