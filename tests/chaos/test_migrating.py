"""`karla migrate` beside others: it keeps nobody waiting for long, leaves no half, and says whom it waited for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from karla.infra.migrations import migrate, migrate_back
from tests.support.waiting import until

# 0007 gives api_keys columns, for which it needs the table for itself.
BEFORE, NEEDED = "0006", "select count(*) from api_keys"
WAITS = "select exists (select from pg_locks where not granted and relation = 'api_keys'::regclass)"
APPLIED = "select count(*) from _yoyo_migration where migration_id like '0007%'"
# Longer than a migration may be in the way, and far shorter than anybody would wait who queued up behind it for good.
AT_MOST = "set statement_timeout = '8s'"


@pytest.fixture
def older(own_database_url: str) -> str:
    """A database as it was before 0007."""
    assert migrate_back(own_database_url, BEFORE)
    return own_database_url


@contextmanager
def reading(url: str) -> Iterator[psycopg.Connection]:
    """A transaction, such as a report's, that holds what the migration needs."""
    with psycopg.connect(url, application_name="report") as reader:
        reader.execute(NEEDED)
        yield reader
        reader.rollback()


def asked(url: str, question: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(AT_MOST)
        row = connection.execute(question.encode()).fetchone()
    assert row
    return int(row[0])


def test_a_long_transaction_holds_up_the_migration_and_nobody_behind_it(older: str) -> None:
    with ThreadPoolExecutor(1) as aside:
        with reading(older):
            migrating = aside.submit(migrate, older)
            until(lambda: asked(older, WAITS), "the migration waits for the table")
            # It comes after the migration, which therefore has to step back.
            assert asked(older, NEEDED) == 0
            assert not migrating.done()
        assert migrating.result(timeout=20)
    assert asked(older, APPLIED) == 1


def test_it_gives_up_with_one_line_that_names_who_is_in_the_way(older: str) -> None:
    with reading(older) as reader:
        pid = reader.info.backend_pid
        with pytest.raises(psycopg.OperationalError) as gave_up:
            migrate(older, patience_seconds=0)
    told = str(gave_up.value)
    assert "\n" not in told
    assert told.startswith("The migration 0007.access gave up after 0 s, as another session holds a lock")
    assert f"report (pid {pid})" in told
    assert asked(older, APPLIED) == 0
    assert migrate(older)


def test_so_does_the_way_back(own_database_url: str) -> None:
    with reading(own_database_url), pytest.raises(psycopg.OperationalError, match="The way back gave up"):
        migrate_back(own_database_url, BEFORE, patience_seconds=0)
    assert asked(own_database_url, APPLIED) == 1


def test_of_a_deadlock_nobody_but_the_way_back_notices_anything(own_database_url: str) -> None:
    with ThreadPoolExecutor(1) as aside, psycopg.connect(own_database_url) as reader:
        reader.execute(NEEDED)
        going_back = aside.submit(migrate_back, own_database_url, BEFORE)
        until(lambda: asked(own_database_url, WAITS), "the way back waits for the table")
        # By then it holds what the last migrations are about.
        assert reader.execute("select count(*) from page_domains").fetchone() == (0,)
        reader.rollback()
        assert going_back.result(timeout=20)
    assert asked(own_database_url, APPLIED) == 0


def test_it_looks_for_a_deadlock_before_those_do_who_are_in_one_with_it(older: str) -> None:
    with psycopg.connect(older, autocommit=True) as connection:
        connection.execute("create table waited as select name, setting::int as ms from pg_settings where false")
        connection.execute(
            "create function tell() returns trigger language plpgsql as 'begin insert into waited "
            "select name, setting::int from pg_settings where name ~ ''^(deadlock|lock)_timeout$''; return new; end'"
        )
        connection.execute("create trigger tell before insert on _yoyo_migration execute function tell()")
        migrate(older)
        told: dict[str, int] = dict(connection.execute("select distinct name, ms from waited").fetchall())
        others = connection.execute("select setting::int from pg_settings where name = 'deadlock_timeout'").fetchone()
    assert others
    assert told["deadlock_timeout"] < told["lock_timeout"] < others[0]


def test_a_migration_is_entered_as_applied_or_did_not_happen(older: str) -> None:
    with psycopg.connect(older, autocommit=True) as connection:
        connection.execute("create function refuse() returns trigger language plpgsql as 'begin raise ''no''; end'")
        connection.execute("create trigger refuse before insert on _yoyo_migration execute function refuse()")
        with pytest.raises(psycopg.Error, match="no"):
            migrate(older)
        connection.execute("drop trigger refuse on _yoyo_migration")
    assert migrate(older)[0] == "0007.access"
