"""Tables are vacuumed and counted as fits what is done to them: old partitions, new ones, and those of a new shop."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.migrations import migrate
from tests.support.waiting import until

_PARTITIONS = """
select p.relname, c.relname, coalesce((
    select jsonb_object_agg(split_part(option, '=', 1), split_part(option, '=', 2)::float)
    from unnest(c.reloptions) as option where option like 'autovacuum%'
), '{}')
from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent and p.relkind = 'p'
"""
_CHANGED = {"autovacuum_vacuum_scale_factor": 0.05, "autovacuum_analyze_scale_factor": 0.02}
_APPENDED = {"autovacuum_vacuum_insert_scale_factor": 0.05, "autovacuum_analyze_scale_factor": 0.02}
SETTINGS = {
    "deliveries": _CHANGED,
    "events": _APPENDED,
    "page_visits": _APPENDED,
    "provider_answers": _APPENDED,
    "sightings": _APPENDED,
}

_DOCUMENTS = """
    select a.attrelid::regclass::text, a.attname, a.attstattarget from pg_attribute a
    where a.attnum > 0 and not a.attisdropped and a.atttypid in ('jsonb'::regtype, 'bytea'::regtype)
    and (a.attrelid in ('orders'::regclass, 'shipments'::regclass, 'shipment_events'::regclass) or a.attrelid in (
        select i.inhrelid from partitioned_tables p join pg_inherits i on i.inhparent = p.name::regclass))
"""


@pytest.fixture
def new_url(tmp_path: Path) -> Iterator[str]:
    """A database of a server that has just been made, as `karla up` makes it."""
    with EmbeddedPostgres.start(tmp_path) as server:
        migrate(server.url)
        yield server.url
    EmbeddedPostgres.remove(tmp_path)


def settings_of_partitions(connection: psycopg.Connection) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = {}
    for parent, name, settings in connection.execute(_PARTITIONS):
        found.setdefault(parent, {})[name] = settings
    return found


def test_each_partition_has_the_settings_of_its_table_also_one_that_is_made_later(own_database_url: str) -> None:
    with psycopg.connect(own_database_url) as connection:
        before = settings_of_partitions(connection)
        connection.execute("select karla_make_partitions(now() + interval '9 months')")
        after = settings_of_partitions(connection)
    assert after.keys() == SETTINGS.keys()
    for table, wanted in SETTINGS.items():
        assert f"{table}_default" in before[table]
        assert len(after[table]) > len(before[table]) > 2
        assert {name for name, settings in after[table].items() if settings != wanted} == set()


def test_nothing_is_counted_of_documents_also_in_a_partition_that_is_made_later(own_database_url: str) -> None:
    with psycopg.connect(own_database_url) as connection:
        connection.execute("select karla_make_partitions(now() + interval '9 months')")
        found = connection.execute(_DOCUMENTS).fetchall()
    assert {table for table, _, _ in found} >= {
        "orders",
        "shipments",
        "shipment_events",
        "events_default",
        "deliveries_default",
    }
    assert [(table, column) for table, column, target in found if target != 0] == []


def test_a_new_shops_first_rows_are_counted_within_seconds(new_url: str) -> None:
    with psycopg.connect(new_url, autocommit=True) as connection:
        connection.execute(
            """
            insert into organisations (id, slug, name, created_at)
            select gen_random_uuid(), n::text, 'One of many', now() from generate_series(1, 1000) n
            """
        )

        def counted() -> bool:
            row = connection.execute("select reltuples from pg_class where relname = 'organisations'").fetchone()
            return row == (1000,)

        until(counted, "autovacuum has counted the rows", seconds=30)
