"""Makes a backup: one moment of the database, and every uploaded file, into one archive."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
import psycopg

from karla.infra.backup import archive
from karla.infra.backup.contents import About, Sums
from karla.infra.backup.errors import BackupFailed
from karla.infra.backup.objects import write_objects
from karla.infra.backup.progress import Tell
from karla.infra.backup.snapshot import snapshot
from karla.infra.storage import ObjectStore, StoreUnavailable


class Source(msgspec.Struct, frozen=True):
    """What a backup is made of; without `objects` or `secret_key` it holds none."""

    url: str
    objects: ObjectStore | None
    secret_key: str | None


def back_up(source: Source, target: IO[bytes], now: datetime, tell: Tell) -> tuple[About, Sums]:
    """Write the archive; it is whole when this returns. BackupFailed."""
    try:
        with snapshot(source.url) as moment, archive.writing(target, now.timestamp()) as writer:
            about = moment.about(
                now, with_objects=source.objects is not None, with_secret_key=source.secret_key is not None
            )
            writer.add(archive.ABOUT, msgspec.json.encode(about))
            if source.secret_key is not None:
                writer.add(archive.SECRET_KEY, source.secret_key.encode())
            tables = moment.write(writer, tell)
            # After the rows: objects are written before the rows that name them, and never change.
            objects = archive.Counter().tally
            if source.objects is not None:
                objects = asyncio.run(write_objects(source.objects, writer, tell))
            sums = Sums(tables=tables, objects=objects)
            writer.add(archive.SUMS, msgspec.json.encode(sums))
    except (psycopg.Error, StoreUnavailable, OSError) as error:
        raise BackupFailed(f"The backup could not be made: {str(error).strip()}") from error
    return about, sums


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name, and the place of an older one, once it is whole and on the disk.

    Only its owner may read it: it holds what shoppers told a shop. BackupFailed.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise BackupFailed(f"The backup could not be made: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
