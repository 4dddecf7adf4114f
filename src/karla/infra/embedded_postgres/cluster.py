"""Makes clusters and writes their settings."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from karla.infra.embedded_postgres.account import Account
from karla.infra.embedded_postgres.binaries import Binaries
from karla.infra.embedded_postgres.errors import WAY_OUT, PostgresUnavailable
from karla.infra.embedded_postgres.home import CLUSTERS, RECORD, Home, make_passable_folder

FIRST_MAJOR_WITH_BUILTIN_LOCALES = 17

# `ALTER SYSTEM` overrides these; what must not be overridden is on the command line (launcher.py).
SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    # Each page that is changed for the first time since a checkpoint goes to the log whole. The package's binaries
    # know pglz alone, which took a quarter of PostgreSQL's time under load. As more is logged without it, the log may
    # be larger: checkpoints come no more often than before.
    "wal_compression": "off",
    "max_wal_size": "2GB",
    "jit": "off",  # our statements are short: compiling them costs more than it gives
    "timezone": "UTC",
    "log_timezone": "UTC",
    "track_io_timing": "on",
    # A new shop's first orders are planned for as if tables were empty until they are counted. To look six times as
    # often costs an idle server 2 ms of a core a second, as before.
    "autovacuum_naptime": "10s",
    # A failed statement is reported by the application, which knows what may be told. The server would
    # write values of shoppers into its log (in ERROR, DETAIL and STATEMENT lines).
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def make_cluster(data_dir: Path, account: Account, binaries: Binaries) -> Home:
    """Make a cluster with an empty database `karla`, in the data directory if the account can reach it."""
    if account.can_reach(data_dir):
        return _make_in(Home(data_dir), account, binaries)
    make_passable_folder(CLUSTERS)
    if not account.can_reach(CLUSTERS):
        message = f"The account {account.name}, which runs PostgreSQL for root, reaches neither {data_dir}"
        raise PostgresUnavailable(f"{message} nor {CLUSTERS}; open one of them (chmod o+x). {WAY_OUT}")
    home = Home(CLUSTERS / secrets.token_hex(8))
    make_passable_folder(home.path)
    try:
        write_whole(home.path / "data_dir", f"{data_dir}\n", None)  # tells an operator whose it is
        _make_in(home, account, binaries)
        write_whole(data_dir / RECORD, f"{home.path}\n", None)  # last: a record always names a whole cluster
    except BaseException:
        shutil.rmtree(home.path, ignore_errors=True)
        raise
    return home


def _make_in(home: Home, account: Account, binaries: Binaries) -> Home:
    # A start that is killed half-way leaves a draft, never half a cluster.
    shutil.rmtree(home.draft, ignore_errors=True)
    account.make_private_folder(home.draft)
    _initdb(home.draft, account, binaries)
    settings = home.draft / "postgresql.conf"
    include = "include_if_exists = 'karla.conf'  # rewritten by Karla at every start\n"
    write_whole(settings, f"{settings.read_text(encoding='utf-8')}\n{include}", account)
    # Twice as quick as a server that is started only for this. Without exit_on_error it would end well
    # whatever happens to the statement.
    single = ["--single", "-c", "exit_on_error=on", "-D", str(home.draft), "postgres"]
    done = account.run([binaries.bin / "postgres", *single], stdin="CREATE DATABASE karla;\n")
    if done.returncode != 0:
        raise PostgresUnavailable(f"Can't make the database in {home.draft}:\n{done.stderr.strip()}")
    home.draft.rename(home.cluster)
    _sync_folder(home.path)
    return home


def _initdb(folder: Path, account: Account, binaries: Binaries) -> None:
    # Without --no-sync, which would spare 0.05 of 0.6 s and the durability of a new shop's first hour.
    command: list[str | Path] = [binaries.bin / "initdb", "-D", folder, "-U", "karla"]
    command += ["--encoding=UTF8", "--no-instructions"]
    # Trust is sound because only the server's account and root get to the socket, whose directory has
    # mode 0700, and these two can read and write the database's files anyhow; a password, kept in a file
    # for the same two, would add nothing. Should anyone ever open a TCP port, it lets nobody in.
    command += ["--auth-local=trust", "--auth-host=reject"]
    if binaries.major >= FIRST_MAJOR_WITH_BUILTIN_LOCALES:
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    done = account.run([*command, "--locale=C.UTF-8"])
    if done.returncode != 0 and "locale" in done.stderr:  # not every system has it
        done = account.run([*command, "--locale=C"])
    if done.returncode != 0:
        raise PostgresUnavailable(f"Can't make a database cluster in {folder}:\n{done.stderr.strip()}")


def write_settings(cluster: Path, account: Account, binaries: Binaries) -> None:
    """Write the settings anew, so that a newer Karla brings its own."""
    settings = dict(SETTINGS)
    if binaries.has_library("pg_stat_statements"):
        settings["shared_preload_libraries"] = "pg_stat_statements"
    lines = ["# Written by Karla at every start. Use ALTER SYSTEM to set something else."]
    lines += [f"{name} = '{value}'" for name, value in settings.items()]
    write_whole(cluster / "karla.conf", "\n".join(lines) + "\n", account)


def write_whole(path: Path, text: str, owner: Account | None) -> None:
    """Replace a file at once; a link in its place is replaced, not followed."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
    if owner:
        owner.give(Path(draft.name))
    Path(draft.name).replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
