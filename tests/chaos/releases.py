"""Releases that an upgrade starts from: wheels, unpacked, with the migrations that they bring."""

import os
import re
import zipfile
from pathlib import Path

from karla.infra import migrations

RELEASES = Path(__file__).parent / "releases"
_SAFE = re.compile(r"^-- Safe while old code runs", re.MULTILINE)


def last_release() -> Path:
    """The wheel of the last release, or the one that KARLA_CHAOS_RELEASE names."""
    if named := os.environ.get("KARLA_CHAOS_RELEASE"):
        return Path(named)
    wheels = sorted(RELEASES.glob("karla-*.whl"), key=lambda wheel: tuple(map(int, version(wheel).split("."))))
    assert wheels, f"{RELEASES} has the wheel of the last release (python -m hatchling build -t wheel)"
    return wheels[-1]


def version(wheel: Path) -> str:
    """The version in a wheel's name."""
    return wheel.name.split("-")[1]


def unpacked(wheel: Path, into: Path) -> Path:
    """A folder to import the release from; what it depends on is taken from where this Karla's is."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)
    return into


def newer_migrations(release: Path) -> list[Path]:
    """The migrations that this version has and the unpacked release hasn't, in their order."""
    known = {file.name for file in (release / "karla/migrations").glob("*.sql")}
    ours = sorted(migrations.folder().glob("*.sql"))
    return [file for file in ours if file.name not in known and not file.name.endswith(".rollback.sql")]


def last_migration(release: Path) -> str:
    """The number of the last migration of an unpacked release."""
    return max(file.name for file in (release / "karla/migrations").glob("*.sql"))[:4]


def is_safe(migration: Path) -> bool:
    """Whether old code may run on the schema after this migration."""
    return bool(_SAFE.search(migration.read_text(encoding="utf-8")))
