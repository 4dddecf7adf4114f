"""`karla backup` and `karla restore`: a whole Karla in one file."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from karla.entrypoints.cli.failures import object_store
from karla.infra import backup as backups
from karla.infra.backup import secret_key
from karla.infra.clock import SystemClock
from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.embedded_postgres.home import find_home
from karla.infra.instance import AlreadyRunning, NotRunning, database, held
from karla.infra.settings import Settings, settings_from

STDOUT = Path("-")
_WITHOUT_KEY = (
    "The secret key is not in it: credentials of connections and links to tracking pages need the KARLA_SECRET_KEY, or "
    "secret.key, of the Karla that it was made of."
)

Json = Annotated[bool, typer.Option("--json", help="Print a summary as JSON, for programs.")]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept.", show_default="./.karla")]


def backup(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file to write, `-` for standard output.",
            show_default="karla-DATE-TIME.tar.gz in this folder",
        ),
    ] = None,
    without_objects: Annotated[bool, typer.Option("--without-objects", help="Leave uploaded files out.")] = False,
    with_secret_key: Annotated[
        bool, typer.Option("--with-secret-key", help="Put the secret key in: who has the file has the key.")
    ] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Write the database and the uploaded files, as they are now, into one file; Karla may go on working.

    The file holds what shoppers told the shops, and the hashes of keys. Only you may read it; keep it so.
    """
    began, now = time.monotonic(), SystemClock().now()
    settings = settings_from(data_dir=data_dir)
    output = output or Path(f"karla-{now:%Y%m%d-%H%M%S}.tar.gz")
    if output == STDOUT and sys.stdout.isatty():
        raise typer.BadParameter("A backup is no text for a terminal: send it to a file or a program.")
    key = secret_key.key_to_back_up(settings) if with_secret_key else None
    with _database_there(settings) as url, _target(output) as file, _bars() as tell:
        source = backups.Source(url, None if without_objects else object_store(settings), key)
        about, sums = backups.back_up(source, file, now, tell)
    summary = {
        "file": None if output == STDOUT else str(output.absolute()),
        "bytes": None if output == STDOUT else output.stat().st_size,
        **_contents(about, sums),
        "seconds": round(time.monotonic() - began, 3),
    }
    if as_json:
        typer.echo(msgspec.json.encode(summary).decode(), err=output == STDOUT)
        return
    size = "" if output == STDOUT else f", {output.stat().st_size / 1e6:.1f} MB"
    console = Console(highlight=False, soft_wrap=True, stderr=output == STDOUT)
    console.print(f"{sums.rows} rows and {sums.objects.count} objects{size}.", markup=False)
    if output != STDOUT:
        console.print(f"Written to {output}.", markup=False)


def restore(
    file: Annotated[Path, typer.Argument(help="What `karla backup` wrote.", exists=True, dir_okay=False)],
    force: Annotated[
        bool, typer.Option("--force", help="Drop what the database holds, and put the backup in its place.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only verify the file; change nothing.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Put a backup into an empty database and bring it to this version's schema; Karla must not be running.

    The file is verified first. After an error, or a kill, the database is as it was before.
    """
    began = time.monotonic()
    settings = settings_from(data_dir=data_dir)
    with _bars() as tell:
        about, sums = backups.checked(file, tell)
        summary: dict[str, object] = _contents(about, sums)
        if not check:
            restored = _restored(file, about, sums, settings, force=force, tell=tell)
            summary |= {"skipped": restored.skipped, "migrated": restored.migrated}
    summary["seconds"] = round(time.monotonic() - began, 3)
    if as_json:
        typer.echo(msgspec.json.encode(summary).decode())
        return
    console = Console(highlight=False, soft_wrap=True)
    what = f"{sums.rows} rows and {sums.objects.count} objects, of {about.created_at:%Y-%m-%d %H:%M:%S} UTC"
    console.print(f"{'The backup is sound' if check else 'Restored'}: {what}.", markup=False)
    if not about.with_secret_key:
        console.print(_WITHOUT_KEY, style="yellow", markup=False)
    if not check:
        _tell_of(console, restored)


def _restored(
    file: Path,
    about: backups.About,
    sums: backups.Sums,
    settings: Settings,
    *,
    force: bool,
    tell: Callable[[backups.Progress], None],
) -> backups.Restored:
    key = backups.secret_key_in(file) if about.with_secret_key else None
    if key:
        secret_key.demand_room(key, settings, force=force)
    with _database_alone(settings) as url:
        target = backups.Target(url, object_store(settings), force)
        restored = backups.restore(file, about, sums, target, tell)
    if key:
        secret_key.put_back(key, settings)
    return restored


def _tell_of(console: Console, restored: backups.Restored) -> None:
    if restored.migrated:
        console.print(f"Brought to this version's schema by {', '.join(restored.migrated)}.", markup=False)
    if restored.skipped:
        names = ", ".join(restored.skipped)
        console.print(f"Not restored, since they are no tables of Karla's: {names}.", style="yellow", markup=False)


def _contents(about: backups.About, sums: backups.Sums) -> dict[str, object]:
    return {
        "karla": about.karla,
        "schema": about.schema,
        "created_at": about.created_at,
        "rows": {name: tally.count for name, tally in sums.tables.items()},
        "objects": sums.objects.count if about.with_objects else None,
        "object_bytes": sums.objects.bytes if about.with_objects else None,
        "secret_key": about.with_secret_key,
    }


@contextlib.contextmanager
def _database_there(settings: Settings) -> Iterator[str]:
    # Else one would be made, only to be found empty.
    if settings.database_url is None and not find_home(settings.data_dir.resolve()).cluster.exists():
        raise NotRunning(f"There is no database in {settings.data_dir}, and KARLA_DATABASE_URL is not set.")
    with database(settings) as url:
        yield url


@contextlib.contextmanager
def _database_alone(settings: Settings) -> Iterator[str]:
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(held(settings.data_dir, settings.base_url))
            yield settings.database_url or stack.enter_context(EmbeddedPostgres.start(settings.data_dir)).url
    except AlreadyRunning as error:
        raise backups.RestoreRefused(f"{error} Stop it first: a restore replaces what it works on.") from error


@contextlib.contextmanager
def _target(output: Path) -> Iterator[IO[bytes]]:
    if output == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with backups.replacing(output) as file:
        yield file


@contextlib.contextmanager
def _bars() -> Iterator[Callable[[backups.Progress], None]]:
    """A bar a step, on a terminal."""
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description:<12}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, TextColumn("{task.fields[at]}"), console=console, disable=not console.is_terminal) as bars:

        def tell(progress: backups.Progress) -> None:
            if progress.step not in tasks:
                tasks[progress.step] = bars.add_task(progress.step, at="")
            bars.update(tasks[progress.step], completed=progress.done, total=progress.total, at=progress.at)

        yield tell
