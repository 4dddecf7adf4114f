"""The file of a backup: a tar of small members, compressed by gzip, written and read in one go from end to end.

`about.json`, then maybe `secret.key`, then `tables/<name>/<number>.copy` (text as COPY writes it, cut between rows),
then `objects/<key>`, and last `sums.json`.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from karla.infra.backup.contents import FORMAT, About, Sums, Tally
from karla.infra.backup.errors import BackupUnreadable
from karla.infra.backup.progress import Progress, Tell, tell_nobody

ABOUT, SECRET_KEY, SUMS = "about.json", "secret.key", "sums.json"
TABLES, OBJECTS = "tables/", "objects/"

# Beyond it the file gets hardly smaller, and the backup much slower.
_COMPRESSION = 3
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 16
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError)


class Member(msgspec.Struct, frozen=True):
    """One file of the archive."""

    name: str
    content: bytes

    @property
    def table(self) -> str:
        """The table that its rows are of."""
        return self.name.removeprefix(TABLES).rpartition("/")[0]

    @property
    def key(self) -> str:
        """The key of the object that it is."""
        return self.name.removeprefix(OBJECTS)


class Counter:
    """Counts one thing, and works out its checksum, while it goes by."""

    def __init__(self) -> None:
        self._count = 0
        self._bytes = 0
        self._hash = hashlib.sha256()

    def rows(self, content: bytes) -> None:
        """Add rows as COPY writes them: a line each, as a line feed within a value is written in two characters."""
        self._add(content, content.count(b"\n"))

    def object(self, key: str, content: bytes) -> None:
        """Add an object; its key is part of the checksum."""
        self._hash.update(f"{key}\0{len(content)}\0".encode())
        self._add(content, 1)

    def _add(self, content: bytes, count: int) -> None:
        self._count += count
        self._bytes += len(content)
        self._hash.update(content)

    @property
    def count(self) -> int:
        """So many so far."""
        return self._count

    @property
    def tally(self) -> Tally:
        """The sums so far."""
        return Tally(self._count, self._bytes, self._hash.hexdigest())


class Writer:
    """Writes an archive into a file that need not be seekable, such as a pipe."""

    def __init__(self, tar: tarfile.TarFile, modified_at: float) -> None:
        self._tar = tar
        self._modified_at = modified_at

    def add(self, name: str, content: bytes) -> None:
        """Append a member."""
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        entry.mode = 0o600
        entry.mtime = int(self._modified_at)
        self._tar.addfile(entry, io.BytesIO(content))


@contextmanager
def writing(target: IO[bytes], modified_at: float) -> Iterator[Writer]:
    """An archive that is whole when the block ends without an error. OSError from the target."""
    with (
        gzip.GzipFile(filename="", fileobj=target, mode="wb", compresslevel=_COMPRESSION, mtime=modified_at) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        yield Writer(tar, modified_at)


def members(path: Path, step: str, tell: Tell) -> Iterator[Member]:
    """Every member in its order. BackupUnreadable when the file is damaged; OSError when it can't be read."""
    size = path.stat().st_size
    begun = False
    with path.open("rb") as file:
        if file.read(2) != _GZIP:
            raise BackupUnreadable(f"{path} is no backup of a Karla.")
        file.seek(0)
        try:
            with gzip.GzipFile(fileobj=file) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
                for entry in tar:
                    content = tar.extractfile(entry)
                    if content is None:
                        raise BackupUnreadable(f"{path} is no backup of a Karla: {entry.name} in it is no file.")
                    yield Member(entry.name, content.read())
                    begun = True
                    tell(Progress(step, file.tell(), size))
                # The tar ends before gzip does, which compares its checksum of everything at its own end.
                while packed.read(_CHUNK):
                    pass
        except _DAMAGED as error:
            fault = "is damaged" if begun else "is damaged, or no backup of a Karla"
            raise BackupUnreadable(f"{path} {fault}: {error}.") from error


def about(path: Path) -> About:
    """What the archive says of itself; BackupUnreadable, also when only a newer Karla can read it."""
    first = next(members(path, "reading", tell_nobody), None)
    if first is None or first.name != ABOUT:
        raise BackupUnreadable(f"{path} is no backup of a Karla.")
    try:
        version = msgspec.json.decode(first.content, type=_Version)
        if version.format > FORMAT:
            message = f"{path} was made by Karla {version.karla}, in a form that this Karla doesn't know."
            raise BackupUnreadable(f"{message} Restore it with that version or a later one.")
        return msgspec.json.decode(first.content, type=About)
    except msgspec.MsgspecError as error:
        raise BackupUnreadable(f"{path} is damaged: {ABOUT} can't be read ({error}).") from error


class _Version(msgspec.Struct):
    format: int
    karla: str


def verify(path: Path, tell: Tell) -> Sums:
    """Read all of it, and compare what is there with what it says is there; BackupUnreadable names every difference."""
    told: Sums | None = None
    tables = {table.name: Counter() for table in about(path).tables}
    objects = Counter()
    for member in members(path, "verifying", tell):
        if told:
            raise BackupUnreadable(f"{path} is damaged: something follows its end.")
        if member.name.startswith(TABLES) and member.table in tables:
            tables[member.table].rows(member.content)
        elif member.name.startswith(OBJECTS):
            objects.object(member.key, member.content)
        elif member.name == SUMS:
            told = _sums(path, member)
        elif member.name not in (ABOUT, SECRET_KEY):
            raise BackupUnreadable(f"{path} is damaged: {member.name} doesn't belong there.")
    if told is None:
        raise BackupUnreadable(f"{path} is cut off: its end with the checksums is missing.")
    found = Sums(tables={name: counter.tally for name, counter in tables.items()}, objects=objects.tally)
    if found != told:
        names = [name for name in found.tables.keys() | told.tables.keys() if _differ(found, told, name)]
        wrong = sorted(names) + (["the objects"] if found.objects != told.objects else [])
        raise BackupUnreadable(f"{path} is damaged: the checksums differ of {', '.join(wrong)}.")
    return told


def _differ(found: Sums, told: Sums, table: str) -> bool:
    return found.tables.get(table) != told.tables.get(table)


def _sums(path: Path, member: Member) -> Sums:
    try:
        return msgspec.json.decode(member.content, type=Sums)
    except msgspec.MsgspecError as error:
        raise BackupUnreadable(f"{path} is damaged: {SUMS} can't be read ({error}).") from error
