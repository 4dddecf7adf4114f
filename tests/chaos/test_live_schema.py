"""A migration that is safe while old code runs is so for the statements, too, that a process has prepared already."""

from collections.abc import Iterator

import psycopg
import pytest

from karla.domain.subscribers.journal import Journal
from karla.infra.access import NOWHERE
from karla.infra.db import Database
from karla.infra.work import Work
from karla.vocabulary.scope import Scope


@pytest.fixture
def schema(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create table live (id integer)")
        connection.execute("insert into live values (1)")
        connection.execute("grant select on live to public")
        yield connection
        connection.execute("drop table live")


async def test_a_column_that_comes_or_goes_fails_no_write_and_no_read(
    schema: psycopg.Connection, database_url: str
) -> None:
    db = await Database.open(database_url, announce=Journal, pool_size=1)

    async def written(work: Work) -> list[str]:
        return list((await work.connection.fetch("select * from live"))[0].keys())

    async def read(scope: Scope) -> list[str]:
        async with db.read(scope) as connection:
            return list((await connection.fetch("select * from live"))[0].keys())

    try:
        assert await db.write(NOWHERE, written) == await read(NOWHERE) == ["id"]
        schema.execute("alter table live add column word text")
        assert await db.write(NOWHERE, written) == ["id", "word"]
        schema.execute("alter table live drop column word")
        assert await read(NOWHERE) == ["id"]
    finally:
        await db.close()
