"""What a schema consists of, asked of PostgreSQL's own catalogue: nothing here knows a table of Karla by its name.

A schema is the one that new tables go to. What extensions brought is not ours.
"""

import re
from typing import Any, TypeAlias

import psycopg
from psycopg import sql

from karla.infra.backup.contents import Partition, Table

Connection: TypeAlias = psycopg.Connection[Any]

# The migration runner's own: its lock, and its account of what was applied.
RUNNERS_LOCK = "yoyo_lock"
_OF_THE_RUNNER = r"^(_yoyo_\w+|yoyo_lock)$"

# Filled by migrations, so that it holds rows also where no Karla has stored anything yet.
_FILLED_BY_MIGRATIONS = frozenset({"partitioned_tables"})

_OURS = """
    {0}.relnamespace = (select oid from pg_namespace where nspname = current_schema())
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = {0}.oid
                    and d.deptype = 'e')
"""

_TABLES = f"""
select c.relname, array_agg(a.attname::text order by a.attnum)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
where c.relkind in ('r', 'p') and not c.relispartition and c.relname !~ %s and {_OURS.format("c")}
group by c.relname order by c.relname
"""  # noqa: S608 - made of the constants above

_PARTITIONS = """
select p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid)
from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
where p.relkind = 'p' and p.relnamespace = (select oid from pg_namespace where nspname = current_schema())
order by p.relname, c.relname
"""
_RANGE = re.compile(r"FOR VALUES FROM \('([^']+)'\) TO \('([^']+)'\)")

_SEQUENCES = """
select sequencename, last_value from pg_sequences where schemaname = current_schema() order by sequencename
"""

_ESTIMATES = """
select c.relname, (select coalesce(sum(greatest(leaf.reltuples, 0)), 0)::bigint
                   from pg_partition_tree(c.oid) t join pg_class leaf on leaf.oid = t.relid where t.isleaf)
from pg_class c
where c.relkind in ('r', 'p') and not c.relispartition
  and c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
"""

_DROPS = f"""
select format('drop %%s if exists %%s cascade',
              case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
              else 'table' end, c.oid::regclass)
from pg_class c
where c.relkind in ('r', 'p', 'v', 'm', 'S') and not c.relispartition and c.relname <> %s and {_OURS.format("c")}
  and not (c.relkind = 'S' and exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                                       and d.objid = c.oid and d.deptype in ('a', 'i')))
union all
select format('drop routine if exists %%s cascade', p.oid::regprocedure) from pg_proc p
where p.pronamespace = (select oid from pg_namespace where nspname = current_schema())
  and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
union all
select format('drop type if exists %%s cascade', t.oid::regtype) from pg_type t
where t.typnamespace = (select oid from pg_namespace where nspname = current_schema())
  and (t.typtype in ('e', 'd') or (t.typtype = 'c' and (select relkind = 'c' from pg_class where oid = t.typrelid)))
  and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
"""  # noqa: S608 - made of the constants above

# What would check each row as it comes, and COPY may not meet: foreign keys, triggers, forced row-level security.
_CHECKS = f"""
select format('alter table %%s drop constraint %%I', k.conrelid::regclass, k.conname),
       format('alter table %%s add constraint %%I %%s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
from pg_constraint k join pg_class c on c.oid = k.conrelid
where k.contype = 'f' and k.conparentid = 0 and {_OURS.format("c")}
union all
select format('alter table %%s disable trigger %%I', g.tgrelid::regclass, g.tgname),
       format('alter table %%s enable trigger %%I', g.tgrelid::regclass, g.tgname)
from pg_trigger g join pg_class c on c.oid = g.tgrelid
where not g.tgisinternal and g.tgparentid = 0 and g.tgenabled = 'O' and {_OURS.format("c")}
union all
select format('alter table %%s no force row level security', c.oid::regclass),
       format('alter table %%s force row level security', c.oid::regclass)
from pg_class c
where c.relforcerowsecurity and {_OURS.format("c")}
"""  # noqa: S608 - made of the constants above


def applied_migrations(connection: Connection) -> list[str]:
    """The names of the migrations that were applied, in their order; none on a database that no Karla has used."""
    row = connection.execute("select to_regclass('_yoyo_migration') is not null").fetchone()
    if not row or not row[0]:
        return []
    return [name for (name,) in connection.execute("select migration_id from _yoyo_migration order by migration_id")]


def tables(connection: Connection) -> list[Table]:
    """The tables by name with the columns that hold something of their own, and with their partitions by range."""
    partitions: dict[str, list[Partition]] = {}
    for parent, name, bound in connection.execute(_PARTITIONS):
        if limits := _RANGE.fullmatch(bound):
            partitions.setdefault(parent, []).append(Partition(name, limits[1], limits[2]))
    found = connection.execute(_TABLES, [_OF_THE_RUNNER]).fetchall()
    return [Table(name, columns, partitions.get(name, [])) for name, columns in found]


def sequences(connection: Connection) -> dict[str, int | None]:
    """The last number that each sequence gave, or None."""
    return dict(connection.execute(_SEQUENCES).fetchall())


def estimates(connection: Connection) -> dict[str, int]:
    """About how many rows each table has, as of the last ANALYZE."""
    return dict(connection.execute(_ESTIMATES).fetchall())


def tables_with_rows(connection: Connection) -> list[str]:
    """Those that hold anything which no migration has put there."""
    names = [table.name for table in tables(connection) if table.name not in _FILLED_BY_MIGRATIONS]
    return [name for name in names if _holds_rows(connection, name)]


def _holds_rows(connection: Connection, table: str) -> bool:
    statement = sql.SQL("select exists (select from {})").format(sql.Identifier(table))
    row = connection.execute(statement).fetchone()
    return bool(row and row[0])


def statements_that_clear(connection: Connection) -> list[str]:
    """Statements that drop everything in the schema."""
    return [drop for (drop,) in connection.execute(_DROPS, [RUNNERS_LOCK]).fetchall()]


def checks(connection: Connection) -> list[tuple[str, str]]:
    """Pairs of statements: one that puts a check aside, and one that puts it back."""
    return connection.execute(_CHECKS, []).fetchall()
