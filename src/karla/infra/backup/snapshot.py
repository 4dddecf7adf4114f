"""Reads a whole database as it is at one moment, while others go on writing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version

import psycopg
from psycopg import sql

from karla.infra.backup import archive, catalogue
from karla.infra.backup.catalogue import Connection
from karla.infra.backup.contents import About, Table, Tally
from karla.infra.backup.errors import BackupFailed
from karla.infra.backup.progress import Progress, Tell
from karla.infra.migrations import ADVISORY_LOCK

_MEMBER_BYTES = 4 * 1024 * 1024

# Values are written and read in one form wherever they go, and nothing cuts short what takes long.
SESSION = """
select set_config(name, value, false) from (values
    ('client_encoding', 'UTF8'), ('datestyle', 'ISO, YMD'), ('intervalstyle', 'postgres'), ('timezone', 'UTC'),
    ('extra_float_digits', '1'), ('statement_timeout', '0'), ('lock_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'), ('karla.everywhere', 'on')
) as settings (name, value)
"""


class Snapshot:
    """One moment of a database; the connection shows it as long as it is open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # The first statement of the transaction, and so the moment. What a sequence gave by the time that it is
        # asked below covers every number in here.
        self.migrations = catalogue.applied_migrations(connection)
        if not self.migrations:
            raise BackupFailed("There is nothing to back up: no Karla has used this database yet.")
        self.tables = catalogue.tables(connection)

    def about(self, created_at: datetime, *, with_objects: bool, with_secret_key: bool) -> About:
        """What stands at the beginning of its backup."""
        return About(
            karla=version("karla"),
            created_at=created_at,
            postgresql=self._connection.info.parameter_status("server_version") or "",
            migrations=self.migrations,
            tables=self.tables,
            sequences=catalogue.sequences(self._connection),
            with_objects=with_objects,
            with_secret_key=with_secret_key,
        )

    def write(self, writer: archive.Writer, tell: Tell) -> dict[str, Tally]:
        """Append every table's rows; what was written, by table."""
        estimates = catalogue.estimates(self._connection)
        total = sum(estimates.values())
        sums: dict[str, Tally] = {}
        done = 0
        for table in self.tables:
            counter = archive.Counter()
            for number, rows in enumerate(self._rows(table), 1):
                writer.add(f"{archive.TABLES}{table.name}/{number:06}.copy", rows)
                counter.rows(rows)
                so_far = done + counter.count
                tell(Progress("rows", so_far, max(total, so_far), table.name))
            sums[table.name] = counter.tally
            done += counter.count
        return sums

    def _rows(self, table: Table) -> Iterator[bytes]:
        # Not by the table's name alone: COPY reads no partitioned table, and would heed no policy.
        statement = sql.SQL("copy (select {} from {}) to stdout").format(
            sql.SQL(", ").join(map(sql.Identifier, table.columns)), sql.Identifier(table.name)
        )
        gathered = bytearray()
        with self._connection.cursor() as cursor, cursor.copy(statement) as rows:
            for row in rows:
                gathered += row
                if len(gathered) >= _MEMBER_BYTES:
                    yield bytes(gathered)
                    gathered.clear()
        if gathered:
            yield bytes(gathered)


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """The database as it is now. Migrations wait meanwhile, in a place where they keep nobody else waiting.

    BackupFailed when no Karla has used the database; psycopg.Error.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SESSION)
        connection.execute("select pg_advisory_lock_shared(%s)", [ADVISORY_LOCK])
        connection.execute("begin isolation level repeatable read, read only")
        yield Snapshot(connection)
