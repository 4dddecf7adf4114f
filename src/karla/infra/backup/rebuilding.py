"""Makes a database anew, at a version of the schema and with a backup's rows: as a whole, or not at all."""

import io
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from itertools import groupby

import psycopg
from psycopg import sql

from karla.infra.backup import catalogue
from karla.infra.backup.archive import Member
from karla.infra.backup.catalogue import Connection
from karla.infra.backup.contents import About, Partition, Sums
from karla.infra.backup.errors import BackupUnreadable, RestoreRefused
from karla.infra.backup.snapshot import SESSION
from karla.infra.migrations import ADVISORY_LOCK, folder

# Sessions of processes that have just been stopped end a moment later.
_SESSIONS_PATIENCE_SECONDS = 3.0
_PAUSE_SECONDS = 0.1

_OTHER_SESSIONS = """
select count(*)::integer from pg_stat_activity
where datname = current_database() and usename = current_user and backend_type = 'client backend'
  and pid <> pg_backend_pid()
"""


def demand_known(about: About) -> None:
    """RestoreRefused when this Karla doesn't have the migrations that the backup's schema was made by."""
    known = [path.stem for path in sorted(folder().glob("*.sql")) if not path.stem.endswith(".rollback")]
    if known[: len(about.migrations)] != about.migrations:
        message = f"The backup has the schema {about.schema} of Karla {about.karla}; this Karla knows the schemas up to"
        raise RestoreRefused(f"{message} {known[-1]}. Restore it with Karla {about.karla} or a later one.")


@contextmanager
def rebuilt(url: str, migrations: Sequence[str], *, force: bool) -> Iterator[Connection]:
    """The database with these migrations and no rows of its own, in a transaction that ends with the block.

    After an error, or a kill, everything is as it was. RestoreRefused when others use the database, or when it
    holds rows and `force` is off; psycopg.Error.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import yoyo  # noqa: PLC0415 - its import warns, and is wanted by few commands
        import yoyo.internalmigrations  # noqa: PLC0415

    backend = yoyo.get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1))
    connection: Connection = backend.connection
    try:
        connection.execute(SESSION)
        _demand_alone(connection)
        with backend.transaction():
            connection.execute("select pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
            if not force:
                _demand_empty(connection)
            for drop in catalogue.statements_that_clear(connection):
                connection.execute(drop)
            yoyo.internalmigrations.upgrade(backend)
            for migration in yoyo.read_migrations(str(folder())):
                if migration.id in migrations:
                    with redirect_stdout(io.StringIO()):  # yoyo prints what a statement of a migration answers
                        migration.process_steps(backend, "apply")
                    backend.mark_one(migration)
            yield connection
    finally:
        connection.close()


def _demand_alone(connection: Connection) -> None:
    deadline = time.monotonic() + _SESSIONS_PATIENCE_SECONDS
    while others := _scalar(connection, _OTHER_SESSIONS):
        if time.monotonic() > deadline:
            message = f"{others} other sessions use this database. Stop every Karla that works on it, on all machines,"
            raise RestoreRefused(f"{message} and restore then.")
        time.sleep(_PAUSE_SECONDS)


def _scalar(connection: Connection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _demand_empty(connection: Connection) -> None:
    filled = catalogue.tables_with_rows(connection)
    if filled:
        named = ", ".join(filled[:5]) + (" and others" if len(filled) > 5 else "")
        message = f"The database holds data already (in {named}). With --force everything in it is dropped, and"
        raise RestoreRefused(f"{message} replaced by what the backup holds.")


class Loading:
    """Fills the tables of a database that was rebuilt; `skipped` are tables of the backup that it doesn't have."""

    def __init__(self, connection: Connection, about: About, sums: Sums) -> None:
        self._connection = connection
        self._about = about
        self._sums = sums
        self._columns = {table.name: table.columns for table in about.tables}
        here = {table.name: {p.name for p in table.partitions} for table in catalogue.tables(connection)}
        self.skipped = sorted(self._columns.keys() - here.keys())
        self._wanted = [table for table in about.tables if table.name in here]
        self._partitions = here

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Rows may come in any order in here; when it ends, everything that keeps them in order holds again."""
        for table in self._wanted:
            for partition in table.partitions:
                if partition.name not in self._partitions[table.name]:
                    self._make(table.name, partition)
        checks = catalogue.checks(self._connection)
        for aside, _ in checks:
            self._connection.execute(aside)
        names = sql.SQL(", ").join(sql.Identifier(table.name) for table in self._wanted)
        self._connection.execute(sql.SQL("truncate {}").format(names))
        yield
        for _, back in checks:
            self._connection.execute(back)
        here = catalogue.sequences(self._connection)
        for name, last in self._about.sequences.items():
            if name in here and last is not None:
                self._connection.execute("select setval(quote_ident(%s)::regclass, %s)", [name, last])

    def _make(self, parent: str, partition: Partition) -> None:
        statement = sql.SQL("create table {} partition of {} for values from ({}) to ({})")
        lower, upper = sql.Literal(partition.lower), sql.Literal(partition.upper)
        names = sql.Identifier(partition.name), sql.Identifier(parent)
        self._connection.execute(statement.format(*names, lower, upper))

    def load(self, members: Iterator[Member]) -> int:
        """Copy members that hold rows into their tables; how many rows that were."""
        total = 0
        for table, parts in groupby(members, key=lambda member: member.table):
            if table in self.skipped:
                continue
            statement = sql.SQL("copy {} ({}) from stdin").format(
                sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, self._columns[table]))
            )
            with self._connection.cursor() as cursor:
                with cursor.copy(statement) as copy:
                    for part in parts:
                        copy.write(part.content)
                if cursor.rowcount != self._sums.tables[table].count:
                    raise BackupUnreadable(f"The backup changed while it was read: {table} has {cursor.rowcount} rows.")
                total += cursor.rowcount
        return total


def analyse(url: str) -> None:
    """Let PostgreSQL count anew, so that it plans well from the first query on."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in catalogue.tables(connection):
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table.name)))
