"""Brings the database to the schema that this version of the code wants, and back to an earlier one."""

import contextlib
import io
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psycopg

import karla
from karla.infra.sessions import ROLE

# One number for all Karlas of a database, so that only one of them migrates at a time.
ADVISORY_LOCK = 4_207_849_331

# A lock that doesn't come within this time is given up for a moment: whoever uses the table queues up behind it. It is
# over before PostgreSQL looks whether one of those waits in a circle with the migration, and ends that one; the
# migration's own look comes first where it may say so (a superuser, or who was granted it).
_LOCK_MILLISECONDS = 800
_LOOK_MILLISECONDS = 100
_BE_BRIEF = f"""
    select set_config('karla.everywhere', 'on', false), set_config('lock_timeout', '{_LOCK_MILLISECONDS}ms', false);
    select set_config('deadlock_timeout', '{_LOOK_MILLISECONDS}ms', false)
    where has_parameter_privilege('deadlock_timeout', 'set')
"""
_PAUSE_SECONDS = 1.0
_PATIENCE_SECONDS = 300.0

_OLDEST = """
    select pid, coalesce(nullif(application_name, ''), backend_type), date_trunc('second', xact_start)::text
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
    order by xact_start limit 3
"""

# A deadlock is a lock that can't be had either: who is in the way wants one that the migration has.
_UNLOCKABLE = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)

Result = TypeVar("Result")

# Roles belong to the whole server: a migration of another database may be making this one just now. Who may not
# make it needs none, unless they bypass row-level security themselves; then the application says so when it starts.
_MAKE_ROLE = f"""
    do $role$
    declare
        version integer := current_setting('server_version_num');
    begin
        if to_regrole('{ROLE}') is null then
            create role {ROLE} nologin;
        end if;
        if (select rolbypassrls and not rolsuper from pg_roles where rolname = current_user)
           and not pg_has_role('{ROLE}', case when version >= 160000 then 'set' else 'member' end) then
            grant {ROLE} to current_user;
        end if;
    exception when duplicate_object or unique_violation or insufficient_privilege then
        null;
    end
    $role$
"""  # noqa: S608 - a name of our own

# Partitions are reached by their table alone, whose policy holds then.
_LEND = f"""
    do $lend$
    declare
        thing record;
    begin
        if to_regrole('{ROLE}') is null then
            return;
        end if;
        execute format('grant usage on schema %I to {ROLE}', current_schema());
        for thing in
            select oid::regclass as name from pg_class
            where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
              and relname !~ 'yoyo' and pg_has_role(relowner, 'usage')
        loop
            execute format('grant select, insert, update, delete on %s to {ROLE}', thing.name);
        end loop;
        for thing in
            select oid::regprocedure as name from pg_proc
            where pronamespace = current_schema()::regnamespace and prosecdef and pg_has_role(proowner, 'usage')
        loop
            execute format('grant execute on function %s to {ROLE}', thing.name);
        end loop;
    end
    $lend$
"""  # noqa: S608 - a name of our own


class MigrationUnknown(Exception):
    """This version of Karla doesn't know the schema that is meant."""


def folder() -> Path:
    """The numbered SQL files: beside the package when installed, else at the root of the checkout."""
    package = Path(karla.__file__).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent.parent / "migrations"


def migrate(url: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> list[str]:
    """Apply what is missing, in order, and return the names applied.

    Each migration is one transaction, in which it is entered as applied too. For a lock that it doesn't get it waits
    so that nobody else has to wait for more than a moment, and gives up after `patience_seconds`. psycopg.Error when
    the database refuses, LockNotAvailable among them. Afterwards the role of the application may do with the tables
    what it has to, also in a database that was restored on another server.
    """
    with psycopg.connect(url, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [ADVISORY_LOCK])
        names = _apply(url, _Patience(guard, patience_seconds))
        guard.execute(_MAKE_ROLE)
        guard.execute(_LEND)
        return names


def migrate_if_new(url: str) -> None:
    """Prepare a database that no Karla has used yet; any other is left to those who upgrade it.

    psycopg.OperationalError when the database can't be reached.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select to_regclass('_yoyo_migration') is null").fetchone()
    if row and row[0]:
        migrate(url)


def migrate_back(url: str, number: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> list[str]:
    """Take back all that was applied after migration `number` ("0006"), the last one first; return the names.

    One transaction. What only the schema that goes could hold is lost. MigrationUnknown for a number that this version
    doesn't have, and where a newer version has migrated: the way back is in that one. psycopg.Error, as `migrate`.
    """
    with psycopg.connect(url, autocommit=True) as guard, _backend(url) as (backend, known):
        guard.execute("select pg_advisory_lock(%s)", [ADVISORY_LOCK])
        if number not in {migration.id.partition(".")[0] for migration in known}:
            raise MigrationUnknown(f"There is no migration {number}; the last one is {known[-1].id}.")
        if set(backend.get_applied_migration_hashes()) - {migration.hash for migration in known}:
            raise MigrationUnknown("A newer Karla has migrated this database; take it back with that version.")
        unwanted = [one for one in backend.to_rollback(known) if one.id.partition(".")[0] > number]

        def take_back() -> None:
            with backend.transaction(), contextlib.redirect_stdout(io.StringIO()):
                for migration in unwanted:
                    migration.process_steps(backend, "rollback")
                    backend.unmark_one(migration)

        _Patience(guard, patience_seconds).until_unlocked(take_back, "The way back")
        guard.execute(_LEND)
        return [migration.id for migration in unwanted]


def _apply(url: str, patience: "_Patience") -> list[str]:
    applied = []
    with _backend(url) as (backend, known):
        for migration in backend.to_apply(known):

            def bring(migration: Any = migration) -> None:
                # yoyo prints what a statement of a migration answers. Its own `apply` would enter the migration in a
                # second transaction: who is killed between them could never migrate again.
                with backend.transaction(), contextlib.redirect_stdout(io.StringIO()):
                    migration.process_steps(backend, "apply")
                    backend.log_migration(migration, "apply")
                    backend.mark_one(migration, log=False)

            patience.until_unlocked(bring, f"The migration {migration.id}")
            applied.append(migration.id)
    return applied


class _Patience:
    """Tries again what met a lock, for so long; `guard` is a connection that can tell who is in the way."""

    def __init__(self, guard: psycopg.Connection, seconds: float) -> None:
        self._guard = guard
        self._seconds = seconds

    def until_unlocked(self, change: Callable[[], Result], what: str) -> Result:
        """What the change returns; psycopg.errors.LockNotAvailable, with who may be the reason, when time is over."""
        # What a long change does before it meets a lock doesn't count.
        waiting_since: float | None = None
        while True:
            try:
                return change()
            except _UNLOCKABLE as error:
                waiting_since = waiting_since or time.monotonic()
                if time.monotonic() - waiting_since + _PAUSE_SECONDS > self._seconds:
                    raise psycopg.errors.LockNotAvailable(self._told(what)) from error
            time.sleep(_PAUSE_SECONDS)

    def _told(self, what: str) -> str:
        oldest = ", ".join(f"{name} (pid {pid}) since {since}" for pid, name, since in self._guard.execute(_OLDEST))
        told = f"{what} gave up after {self._seconds:.0f} s, as another session holds a lock that it needs."
        told = f"{told} Transactions under way: {oldest or 'none that this user may see'}."
        return f"{told} Nothing of it is done; run it again."


@contextlib.contextmanager
def _backend(url: str) -> Iterator[tuple[Any, Any]]:
    """yoyo's connection to the database, and the migrations of this version in their order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import yoyo  # noqa: PLC0415 - its import warns, and is wanted by this command alone
        from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend  # noqa: PLC0415 - as above
        from yoyo.connections import parse_uri  # noqa: PLC0415 - as above

    logging.getLogger("yoyo").setLevel(logging.WARNING)

    class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
        def init_connection(self, connection: psycopg.Connection) -> None:
            """Migrations see every shop's rows, also those of an owner whom row-level security binds."""
            super().init_connection(connection)
            connection.execute(_BE_BRIEF)

    backend = Backend(parse_uri(url), yoyo.default_migration_table)
    backend.init_database()
    try:
        yield backend, yoyo.read_migrations(str(folder()))
    finally:
        backend.connection.close()
