"""Restores a backup: all of it, or nothing."""

import asyncio
from itertools import groupby, islice
from pathlib import Path

import msgspec
import psycopg

from karla.infra.backup import archive
from karla.infra.backup.contents import About, Sums
from karla.infra.backup.errors import BackupUnreadable, RestoreRefused
from karla.infra.backup.objects import put_objects
from karla.infra.backup.progress import Tell, tell_nobody
from karla.infra.backup.rebuilding import Loading, analyse, demand_known, rebuilt
from karla.infra.migrations import migrate
from karla.infra.storage import ObjectStore, StoreUnavailable


class Target(msgspec.Struct, frozen=True):
    """Where a backup goes. With `force` it replaces what is there."""

    url: str
    objects: ObjectStore
    force: bool = False


class Restored(msgspec.Struct, frozen=True):
    """What came back; `skipped` are tables that are none of Karla's, `migrated` what was applied afterwards."""

    rows: int
    objects: int
    skipped: list[str]
    migrated: list[str]


def checked(path: Path, tell: Tell) -> tuple[About, Sums]:
    """Read a backup from end to end, and whether this Karla can restore it. BackupUnreadable, RestoreRefused."""
    try:
        about = archive.about(path)
        demand_known(about)
        return about, archive.verify(path, tell)
    except OSError as error:
        raise BackupUnreadable(f"The backup can't be read: {error}") from error


def restore(path: Path, about: About, sums: Sums, target: Target, tell: Tell) -> Restored:
    """Put a backup, which was checked, in its place; after an error the database is as it was before.

    Objects that were put already stay: no row names them, and the next try overwrites them with the same bytes.
    RestoreRefused, BackupUnreadable.
    """
    rows = objects = 0
    try:
        with rebuilt(target.url, about.migrations, force=target.force) as connection:
            loading = Loading(connection, about, sums)
            with loading.prepared():
                for kind, members in groupby(archive.members(path, "restoring", tell), key=_kind):
                    if kind == archive.TABLES:
                        rows = loading.load(members)
                    elif kind == archive.OBJECTS:
                        objects = asyncio.run(put_objects(target.objects, members))
    except (psycopg.Error, StoreUnavailable, OSError) as error:
        raise RestoreRefused(f"The backup could not be restored: {str(error).strip()}") from error
    try:
        migrated = migrate(target.url)
        analyse(target.url)
    except psycopg.Error as error:
        message = f"The backup is restored with its own schema, {about.schema}. What this version changes in it failed:"
        raise RestoreRefused(f"{message} {str(error).strip()} Run `karla migrate` once the cause is gone.") from error
    return Restored(rows, objects, loading.skipped, migrated)


def secret_key_in(path: Path) -> str | None:
    """The secret key, if the backup was told to hold it. BackupUnreadable."""
    first = islice(archive.members(path, "reading", tell_nobody), 2)
    return next((member.content.decode() for member in first if member.name == archive.SECRET_KEY), None)


def _kind(member: archive.Member) -> str:
    return next((kind for kind in (archive.TABLES, archive.OBJECTS) if member.name.startswith(kind)), member.name)
