"""`karla migrate --back-to`: the schema is the one that was there before, whichever migration is taken back."""

import os
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from karla.infra import migrations
from karla.infra.backup.rebuilding import rebuilt
from tests.conftest import with_database
from tests.support.places import Place

# All that a migration may make. Constraints and indexes go by what they say: many names are PostgreSQL's own choice.
SCHEMA = """
select 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '')
from pg_attribute a join pg_class c on c.oid = a.attrelid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
union all
select 'index', tablename, replace(indexdef, indexname, ''), '', '', '' from pg_indexes where schemaname = 'public'
union all
select 'constraint', conrelid::regclass::text, pg_get_constraintdef(oid), '', '', ''
from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
union all
select 'function', proname, '', pg_get_functiondef(oid), '', ''
from pg_proc where pronamespace = 'public'::regnamespace
union all
select 'policy', tablename, policyname, coalesce(qual, ''), coalesce(with_check, ''), cmd from pg_policies
union all
select 'settings', relname, option, '', '', '' from pg_class, unnest(reloptions) as option
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
union all
select 'lock', relname, relrowsecurity::text, relforcerowsecurity::text, '', ''
from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
"""
NAMES = [path.stem for path in sorted(migrations.folder().glob("*.sql")) if not path.stem.endswith(".rollback")]


@pytest.fixture(scope="module")
def place(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    name = f"karla_way_back_{os.getpid()}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    yield Place(with_database(postgres_url, name), tmp_path_factory.mktemp("data"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def said(place: Place, *words: str) -> str:
    done = subprocess.run(place.command(*words), env=place.environment, capture_output=True, text=True, check=True)
    return done.stdout


def schema(place: Place) -> set[tuple[str, ...]]:
    return {row for row in place.rows(SCHEMA) if "yoyo" not in row[1]}


def test_each_migration_taken_back_leaves_the_schema_as_it_was(place: Place) -> None:
    migrations.migrate(place.url)
    whole = schema(place)
    for count in range(len(NAMES) - 1, 0, -1):
        with rebuilt(place.url, NAMES[:count], force=True):
            pass
        before = schema(place)
        migrations.migrate(place.url)
        taken_back = migrations.migrate_back(place.url, NAMES[count - 1][:4])
        assert taken_back == NAMES[: count - 1 : -1]
        assert schema(place) == before, f"after {NAMES[count]} was taken back"
        migrations.migrate(place.url)
        assert schema(place) == whole, f"after {NAMES[count]} was taken back, and brought again"


def test_the_command_says_what_it_took_back_and_refuses_what_it_does_not_know(place: Place) -> None:
    migrations.migrate(place.url)

    assert said(place, "migrate", "--back-to", NAMES[-2][:4]) == f"took back {NAMES[-1]}\n1 migration taken back.\n"
    assert said(place, "migrate", "--back-to", NAMES[-2][:4]) == "There is nothing to take back.\n"
    assert place.refused("migrate", "--back-to", "0000") == (
        f"karla: There is no migration 0000; the last one is {NAMES[-1]}."
    )
    place.execute("insert into _yoyo_migration (migration_hash, migration_id) values ('x', '9999.of-a-newer-karla')")
    assert "A newer Karla has migrated this database" in place.refused("migrate", "--back-to", NAMES[-2][:4])
