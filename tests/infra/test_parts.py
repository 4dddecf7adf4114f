"""While PostgreSQL writes, the next is made ready."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import asyncpg
import pytest
import pytest_asyncio

from karla.infra.access import NOWHERE
from karla.infra.db import Database
from karla.infra.parts import in_parts, meanwhile
from karla.infra.work import Connection, Silence


@pytest_asyncio.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, announce=Silence)
    yield opened
    await opened.close()


@pytest.mark.parametrize("many", [0, 1, 25, 26, 125, 126, 250])
async def test_all_are_made_and_written_in_their_order(many: int) -> None:
    written: list[int] = []

    async def write(part: Sequence[int]) -> None:
        await asyncio.sleep(0)
        written.extend(part)

    made = await in_parts(range(many), lambda item: item * 2, write)
    assert made == written == [item * 2 for item in range(many)]


async def test_nothing_more_is_written_once_one_could_not_be_made() -> None:
    written: list[int] = []

    def make(item: int) -> int:
        return 100 // (150 - item)

    async def write(part: Sequence[int]) -> None:
        written.extend(part)

    with pytest.raises(ZeroDivisionError):
        await in_parts(range(500), make, write)
    assert len(written) == 125


class TestMeanwhile:
    """Something is computed while a statement is under way."""

    async def test_both_are_done(self, db: Database) -> None:
        async with db.read(NOWHERE) as connection:
            assert await meanwhile(connection.execute("select pg_sleep(0.01)"), iter([7, 8])) == [7, 8]
            assert await connection.fetchval("select 1") == 1

    async def test_a_statement_goes_out_as_soon_as_the_one_before_is_done(self, db: Database) -> None:
        done: list[str] = []
        second = asyncio.Event()

        async def statements(connection: Connection) -> None:
            await connection.execute("select 1")
            done.append("first statement")
            await connection.execute("select 2")
            second.set()

        def steps() -> Iterator[int]:
            while not second.is_set():
                yield len(done)

        async with db.read(NOWHERE) as connection:
            seen = await meanwhile(statements(connection), steps())
        assert set(seen) == {0, 1}

    async def test_the_error_of_the_statement_is_told(self, db: Database) -> None:
        async with db.read(NOWHERE) as connection:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await meanwhile(connection.execute("select 1 / 0"), iter([7]))

    async def test_the_statement_has_ended_when_computing_fails(self, db: Database) -> None:
        def fails() -> Iterator[int]:
            yield 7
            raise RuntimeError("no")

        async with db.read(NOWHERE) as connection:
            with pytest.raises(RuntimeError):
                await meanwhile(connection.execute("select pg_sleep(0.01)"), fails())
            assert await connection.fetchval("select 1") == 1

    async def test_the_statement_has_ended_when_the_task_is_cancelled_at_once(self, db: Database) -> None:
        async with db.read(NOWHERE) as connection:
            waiting = asyncio.create_task(meanwhile(connection.execute("select pg_sleep(0.01)"), iter([7])))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await connection.fetchval("select 1") == 1
