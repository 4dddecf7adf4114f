"""Brings the database to the schema that this version of the code wants."""

import logging
import warnings
from pathlib import Path

import psycopg

import karla

# One number for all Karlas of a database, so that only one of them migrates at a time.
_ADVISORY_LOCK = 4_207_849_331


def folder() -> Path:
    """The numbered SQL files: beside the package when installed, else at the root of the checkout."""
    package = Path(karla.__file__).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent.parent / "migrations"


def migrate(url: str) -> list[str]:
    """Apply what is missing, in order, and return the names applied.

    psycopg.Error when the database refuses; each migration is one transaction.
    """
    with psycopg.connect(url, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [_ADVISORY_LOCK])
        return _apply(url)


def migrate_if_new(url: str) -> None:
    """Prepare a database that no Karla has used yet; any other is left to those who upgrade it.

    psycopg.OperationalError when the database can't be reached.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select to_regclass('_yoyo_migration') is null").fetchone()
    if row and row[0]:
        migrate(url)


def _apply(url: str) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import yoyo  # noqa: PLC0415 - its import warns, and is wanted by this command alone

    logging.getLogger("yoyo").setLevel(logging.WARNING)
    backend = yoyo.get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        wanted = backend.to_apply(yoyo.read_migrations(str(folder())))
        names = [migration.id for migration in wanted]
        backend.apply_migrations(wanted)
        return names
    finally:
        backend.connection.close()
