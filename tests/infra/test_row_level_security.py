"""The second lock by itself: what a session sees and may write of another shop, whatever its statements say."""

# ruff: noqa: S608 - what is interpolated are names of tables

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from karla.infra.access import EVERYWHERE, NOWHERE, scope_of
from karla.infra.db import Database
from karla.infra.errors import Unavailable
from karla.infra.migrations import migrate
from karla.infra.sessions import NotIsolated
from karla.infra.work import Connection, Silence, Work
from karla.vocabulary.scope import Scope
from tests.conftest import with_database
from tests.support.benches import cut_connections
from tests.support.filled import Filled, fill
from tests.support.karla import Karla

UNGUARDED = {
    "api_key_grants": "read before a shop is known: which ones may this key see?",
    "audit_entries": "an organisation's: an entry outlives its shop, and some concern none",
}


@pytest_asyncio.fixture(scope="module")
async def ours(karla: Karla) -> Filled:
    return await fill(karla)


@pytest_asyncio.fixture(scope="module")
async def theirs(karla: Karla) -> Scope:
    return scope_of([(await karla.shop()).shop.id])


@pytest_asyncio.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """With one connection, so that each read follows the one before it in the same session."""
    database = await Database.open(url, announce=Silence, pool_size=1)
    try:
        yield database
    finally:
        await database.close()


async def tenant_tables(connection: Connection) -> list[str]:
    rows = await connection.fetch(
        """
        select c.relname, c.relrowsecurity and c.relforcerowsecurity and exists (
                   select from pg_policy where polrelid = c.oid and polwithcheck is null and polcmd = '*') as guarded
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'shop_id'
        where c.relkind in ('r', 'p') and not c.relispartition and pg_table_is_visible(c.oid)
        order by c.relname
        """
    )
    assert {row["relname"] for row in rows if not row["guarded"]} == UNGUARDED.keys()
    return [row["relname"] for row in rows if row["guarded"]]


async def counts(connection: Connection, shop_id: UUID | None = None) -> dict[str, int]:
    """The rows of each tenant table, or a shop's."""
    return {
        table: await connection.fetchval(
            f"select count(*) from {table} where $1::uuid is null or shop_id = $1", shop_id
        )
        for table in await tenant_tables(connection)
    }


async def test_every_tenant_table_is_behind_the_lock(db: Database, ours: Filled, theirs: Scope) -> None:
    async with db.read(ours.scope) as connection:
        seen = await counts(connection)
        assert min(seen.values()) > 0, seen
        assert seen == await counts(connection, ours.shop_id)
    for scope in (theirs, NOWHERE):
        async with db.read(scope) as connection:
            assert set((await counts(connection, ours.shop_id)).values()) == {0}
    async with db.read(EVERYWHERE) as connection:
        assert await counts(connection, ours.shop_id) == seen
    async with db.read(scope_of([ours.shop_id, theirs.shop])) as connection:
        assert await counts(connection, ours.shop_id) == seen


async def test_a_transaction_sees_its_own_scope_also_in_a_session_of_another(
    db: Database, ours: Filled, theirs: Scope
) -> None:
    async def count(work: Work) -> int:
        return sum((await counts(work.connection, ours.shop_id)).values())

    for session in (ours.scope, EVERYWHERE, theirs):
        async with db.read(session) as connection:
            seen = await counts(connection)
        assert await db.write(theirs, count) == 0
        assert await db.write(ours.scope, count) > 0
        assert await db.write(NOWHERE, count) == 0
        async with db.read(session) as connection:
            assert await counts(connection) == seen


async def test_rows_of_another_shop_are_neither_changed_nor_deleted(db: Database, ours: Filled, theirs: Scope) -> None:
    async def change(work: Work) -> list[str]:
        done = []
        for table in await tenant_tables(work.connection):
            done.append(await work.connection.execute(f"update {table} set shop_id = shop_id"))
            done.append(await work.connection.execute(f"delete from {table} where shop_id = $1", ours.shop_id))
        return done

    assert set(await db.write(theirs, change)) == {"UPDATE 0", "DELETE 0"}


async def test_rows_are_written_to_no_other_shop(db: Database, ours: Filled, theirs: Scope) -> None:
    async with db.read(EVERYWHERE) as connection:
        tables = await tenant_tables(connection)

    async def give_away(table: str) -> None:
        await db.write(
            ours.scope, lambda work: work.connection.execute(f"update {table} set shop_id = $1", theirs.shop)
        )

    async def intrude(work: Work) -> None:
        await work.connection.execute(
            "insert into products (shop_id, product_id, variant_id, title, translations, created_at, updated_at)"
            " values ($1, 'p', 'v', 'Theirs', '{}', $2, $2)",
            theirs.shop,
            work.now,
        )

    for table in tables:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await give_away(table)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await db.write(ours.scope, intrude)


async def test_partitions_are_reached_by_their_table_alone(db: Database) -> None:
    async with db.read(EVERYWHERE) as connection:
        rows = await connection.fetch("select oid::regclass::text as name from pg_class where relispartition")
        partitions = [row["name"] for row in rows if "idx" not in row["name"] and "pkey" not in row["name"]]
        assert "events_default" in partitions
        for name in partitions:
            if await connection.fetchval("select relkind = 'r' from pg_class where oid = $1::text::regclass", name):
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                    await connection.fetchval(f"select count(*) from {name}")


async def test_a_session_that_was_told_nothing_sees_nothing(database_url: str, ours: Filled) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("set role karla_app")
        assert await connection.fetchval("select count(*) from orders") == 0
        await connection.execute("begin; set local karla.everywhere = 'on'")
        assert await connection.fetchval("select count(*) from orders where shop_id = $1", ours.shop_id) > 0
        await connection.execute("commit")
        assert await connection.fetchval("select count(*) from orders") == 0
    finally:
        await connection.close()


class TestStatements:
    """The lock costs no round trip: what is sent is counted."""

    @asynccontextmanager
    async def sent(self, db: Database, scope: Scope) -> AsyncIterator[list[str]]:
        """The statements of the one connection while this lasts; it is left in a session of `scope`."""
        statements: list[str] = []

        def note(record: Any) -> None:
            statements.append(record.query)

        async with db.read(scope) as connection:
            logged = connection.query_logger(note)
            logged.__enter__()
        try:
            yield statements
        finally:
            logged.__exit__(None, None, None)

    async def test_a_read_of_the_same_shop_sends_its_query_alone(self, db: Database, ours: Filled) -> None:
        async with self.sent(db, ours.scope) as statements:
            for _ in range(3):
                async with db.read(ours.scope) as connection:
                    await connection.fetchval("select count(*) from orders")
        assert statements == ["select count(*) from orders"] * 3

    async def test_a_read_of_another_shop_sends_one_more(self, db: Database, ours: Filled, theirs: Scope) -> None:
        async with self.sent(db, ours.scope) as statements, db.read(theirs) as connection:
            await connection.fetchval("select count(*) from orders")
        assert statements == [f"set karla.shops = '{{{theirs.shop.hex}}}'", "select count(*) from orders"]

    async def test_a_write_is_told_its_scope_where_it_begins(self, db: Database, ours: Filled, theirs: Scope) -> None:
        async with self.sent(db, ours.scope) as statements:
            await db.write(theirs, lambda work: work.connection.fetchval("select 1"))
            await db.write(ours.scope, lambda work: work.connection.fetchval("select 2"))
        told = f"begin; set local karla.shops = '{{{theirs.shop.hex}}}'"
        assert statements == [told, "select 1", "commit", "begin; ", "select 2", "commit"]


class TestMishaps:
    """What the connection believes of its session stays true."""

    async def sees(self, db: Database, scope: Scope) -> int:
        async with db.read(scope) as connection:
            return int(await connection.fetchval("select count(distinct shop_id) from orders"))

    async def test_errors_and_rollbacks(self, db: Database, ours: Filled, theirs: Scope) -> None:
        assert await self.sees(db, ours.scope) == 1
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with db.read(theirs) as connection:
                await connection.fetchval("select 1 / 0")
        assert (await self.sees(db, theirs), await self.sees(db, ours.scope)) == (0, 1)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await db.write(theirs, lambda work: work.connection.fetchval("select 1 / 0"))
        assert (await self.sees(db, ours.scope), await self.sees(db, theirs)) == (1, 0)

    async def test_timeouts(self, db: Database, ours: Filled, theirs: Scope) -> None:
        with pytest.raises(Unavailable):
            await db.write(ours.scope, lambda work: work.connection.fetchval("select pg_sleep(20)", timeout=0.05))
        with pytest.raises(Unavailable):
            async with db.read(ours.scope) as connection:
                await connection.fetchval("select pg_sleep(20)", timeout=0.05)
        assert (await self.sees(db, theirs), await self.sees(db, ours.scope)) == (0, 1)

    @pytest.mark.parametrize("turns", range(6))
    async def test_cancellations(self, db: Database, ours: Filled, theirs: Scope, turns: int) -> None:
        assert await self.sees(db, ours.scope) == 1

        async def read() -> None:
            await self.sees(db, theirs)

        async def write() -> None:
            await db.write(theirs, lambda work: work.connection.fetchval("select pg_sleep(20)"))

        for doing in (read, write):
            task = asyncio.create_task(doing())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert (await self.sees(db, theirs), await self.sees(db, ours.scope)) == (0, 1)

    async def test_a_lost_connection(self, database_url: str, ours: Filled, theirs: Scope) -> None:
        async with opened(f"{database_url}&application_name=cut") as db:
            assert await self.sees(db, ours.scope) == 1
            with pytest.raises(Unavailable):
                async with db.read(ours.scope) as connection:
                    await cut_connections(database_url, "cut")
                    await connection.fetchval("select 1")
            assert (await self.sees(db, theirs), await self.sees(db, ours.scope)) == (0, 1)


USERS = {"plain": "", "bypassing": "bypassrls"}


@pytest.fixture(scope="module")
def owned(postgres_url: str, database_url: str) -> Iterator[dict[str, str]]:
    """Migrated databases, by the kind of user that owns them and connects."""
    urls = {}
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for kind, attributes in USERS.items():
            name = f"{database_url.partition('?')[0].rpartition('/')[2]}_{kind}"
            user = sql.Identifier(name)
            connection.execute(sql.SQL("create role {} login password 'secret' {}").format(user, sql.SQL(attributes)))
            connection.execute(sql.SQL("create database {0} owner {0}").format(user))
            urls[kind] = with_user(with_database(postgres_url, name), name)
            migrate(urls[kind])
        yield urls
        for url in urls.values():
            user = sql.Identifier(url.partition("?")[0].rpartition("/")[2])
            connection.execute(sql.SQL("drop database {} with (force)").format(user))
            connection.execute(sql.SQL("drop role {}").format(user))


def with_user(url: str, user: str) -> str:
    scheme, _, place = url.partition("://")
    return f"{scheme}://{user}:secret@{place.rpartition('@')[2]}"


async def test_the_lock_holds_for_an_owner_who_is_no_superuser(owned: dict[str, str]) -> None:
    async with opened(owned["plain"]) as db:
        shop = await made_shop(db)
        async with db.read(NOWHERE) as connection:
            assert await connection.fetchval(
                "select current_user = tableowner from pg_tables where tablename = 'orders'"
            )
            assert await connection.fetchval("select count(*) from products") == 0
        async with db.read(shop) as connection:
            assert await connection.fetchval("select count(*) from products") == 1
        # The belt makes and drops partitions.
        async with db.read(EVERYWHERE) as connection:
            assert await connection.fetchval("select karla_make_partitions(now() + interval '9 months')") > 0
            assert await connection.fetchval("select karla_drop_partitions(now() - interval '9 months')") == 0
        # Deleting a shop deletes what is its own, though the one who does it sees none of that.
        await db.write(NOWHERE, lambda work: work.connection.execute("delete from shops where id = $1", shop.shop))
        async with db.read(EVERYWHERE) as connection:
            assert await connection.fetchval("select count(*) from products") == 0


async def made_shop(db: Database) -> Scope:
    async with db.read(NOWHERE) as connection:
        shop = scope_of([await connection.fetchval("select gen_random_uuid()")])

    async def make(work: Work) -> None:
        await work.connection.execute(
            """
            with organisation as (
                insert into organisations (id, slug, name, created_at) values ($1, 'own', 'Own', $2)
            ), shop as (
                insert into shops (id, organisation_id, slug, name, created_at, updated_at)
                values ($1, $1, 'own', 'Own', $2, $2)
            )
            insert into products (shop_id, product_id, variant_id, title, translations, created_at, updated_at)
            values ($1, 'p', 'v', 'Ours', '{}', $2, $2)
            """,
            shop.shop,
            work.now,
        )

    await db.write(shop, make)
    return shop


async def test_a_user_who_would_bypass_the_lock_is_refused(owned: dict[str, str], postgres_url: str) -> None:
    url = owned["bypassing"]
    with pytest.raises(NotIsolated, match=r"let a superuser run `create role karla_app nologin; grant karla_app to"):
        await Database.open(url, announce=Silence)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        user = url.partition("?")[0].rpartition("/")[2]
        connection.execute(sql.SQL("grant karla_app to {}").format(sql.Identifier(user)))
    async with opened(url) as db, db.read(NOWHERE) as connection:
        assert await connection.fetchval("select current_user::text") == "karla_app"


async def test_an_older_schema_is_refused(postgres_url: str) -> None:
    with pytest.raises(NotIsolated, match="`karla migrate`"):
        await Database.open(postgres_url, announce=Silence)
