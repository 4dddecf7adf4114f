import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import psycopg
import pytest

from karla.infra.embedded_postgres import EmbeddedPostgres, PostgresUnavailable
from karla.infra.embedded_postgres.account import Account
from karla.infra.embedded_postgres.binaries import find_binaries, readable_to
from karla.infra.embedded_postgres.home import CLUSTERS, RECORD

IS_ROOT = os.geteuid() == 0


def remember(url: str, word: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])


def words(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY word")]


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def cluster_of(data_dir: Path) -> Path:
    record = data_dir / RECORD
    return Path(record.read_text().strip() if record.exists() else data_dir) / "postgres"


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    # An orphan that has ended may wait for init to take notice.
    return status.exists() and "State:\tZ" not in status.read_text()


def python(program: str, *arguments: Path | str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that every account can pass through."""
    with tempfile.TemporaryDirectory(prefix="karla-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def closed(passable: Path) -> Iterator[Path]:
    """A data directory below a folder that only we can enter."""
    parent = passable / "closed"
    parent.mkdir(mode=0o700)
    data_dir = parent / "data"
    yield data_dir
    if data_dir.exists():
        EmbeddedPostgres.remove(data_dir)


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """A data directory with a word in its database, whose server is stopped."""
    with tempfile.TemporaryDirectory(prefix="karla-test-") as folder:
        Path(folder).chmod(0o755)
        data_dir = Path(folder, "data")
        with EmbeddedPostgres.start(data_dir) as server:
            remember(server.url, "kept")
        yield data_dir
        EmbeddedPostgres.remove(data_dir)


def test_a_data_directory_begins_empty_and_keeps_what_is_written(passable: Path) -> None:
    data_dir = passable / "new" / "data"
    with EmbeddedPostgres.start(data_dir) as server:
        assert server.running
        remember(server.url, "bread")
    assert not is_alive(server.pid)
    assert cluster_of(data_dir) == data_dir / "postgres"
    with EmbeddedPostgres.start(data_dir) as server:
        remember(server.url, "butter")
        assert words(server.url) == ["bread", "butter"]
    EmbeddedPostgres.remove(data_dir)
    assert [path.name for path in data_dir.iterdir()] == ["log"]


def test_both_drivers_connect_by_the_url(used: Path) -> None:
    async def ask(url: str) -> list[str]:
        connection = await asyncpg.connect(url)
        try:
            return [row["word"] for row in await connection.fetch("SELECT word FROM words")]
        finally:
            await connection.close()

    with EmbeddedPostgres.start(used) as server:
        assert asyncio.run(ask(server.url)) == words(server.url)


def test_the_port_is_a_part_of_the_sockets_name(used: Path) -> None:
    with EmbeddedPostgres.start(used, port=6001) as server:
        assert "kept" in words(server.url)
        assert EmbeddedPostgres.url_of_running(used) == server.url
        assert (used / "run" / ".s.PGSQL.6001").is_socket()


def test_the_server_is_reached_by_its_private_socket_only(used: Path) -> None:
    with EmbeddedPostgres.start(used) as server:
        assert setting(server.url, "listen_addresses") == ""
        assert mode_of(used / "postgres") == mode_of(used / "run") == 0o700
        socket = used / "run" / ".s.PGSQL.5432"
        assert mode_of(socket) == 0o700
        assert socket.stat().st_uid == (used / "run").stat().st_uid != 0


def test_the_server_is_set_for_durability_and_for_utf8_everywhere(used: Path) -> None:
    with EmbeddedPostgres.start(used) as server:
        assert setting(server.url, "synchronous_commit") == "on"
        assert setting(server.url, "fsync") == "on"
        assert setting(server.url, "shared_buffers") == "128MB"
        assert setting(server.url, "shared_preload_libraries") == "pg_stat_statements"
        assert setting(server.url, "TimeZone") == "UTC"
        with psycopg.connect(server.url) as connection:
            row = connection.execute(
                "SELECT lower('ÄÉŻ'), 'ä' < 'z', encoding, collation_version FROM"
                " (SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collation_version"
                "  FROM pg_database WHERE datname = current_database()) AS own"
            ).fetchone()
        assert row is not None
        assert row[:3] == ("äéż", False, "UTF8")


def test_an_operators_setting_overrides_ours(used: Path) -> None:
    with EmbeddedPostgres.start(used) as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_connections = 50")
        connection.execute("ALTER SYSTEM SET listen_addresses = '*'")
    with EmbeddedPostgres.start(used) as server:
        assert setting(server.url, "max_connections") == "50"
        assert setting(server.url, "listen_addresses") == ""
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET ALL")


def test_no_value_of_a_failing_statement_reaches_the_log(used: Path) -> None:
    with EmbeddedPostgres.start(used) as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE shoppers (email text UNIQUE)")
        for statement in ("INSERT INTO shoppers VALUES ('jo@example.com')", "SELECT 'jo@example.com'::int"):
            with pytest.raises(psycopg.Error):
                connection.execute(f"{statement}; {statement}")
    assert "jo@example" not in (used / "log" / "postgres.log").read_text()


def test_a_large_log_is_put_aside(used: Path) -> None:
    log = used / "log" / "postgres.log"
    with log.open("ab") as file:
        file.truncate(21 * 1024 * 1024)
    with EmbeddedPostgres.start(used):
        assert log.stat().st_size < 100_000
    assert (used / "log" / "postgres.log.1").stat().st_size == 21 * 1024 * 1024


def test_another_process_finds_the_running_server(used: Path) -> None:
    assert EmbeddedPostgres.url_of_running(used) is None
    with EmbeddedPostgres.start(used) as server:
        assert EmbeddedPostgres.url_of_running(used) == server.url
    assert EmbeddedPostgres.url_of_running(used) is None
    assert EmbeddedPostgres.url_of_running(used / "nothing-here") is None


def test_under_a_folder_that_the_servers_account_cannot_enter(closed: Path) -> None:
    with EmbeddedPostgres.start(closed) as server:
        remember(server.url, "bread")
        assert EmbeddedPostgres.url_of_running(closed) == server.url
    home = cluster_of(closed).parent
    assert home == closed or (IS_ROOT and home.parent == CLUSTERS)
    assert mode_of(closed.parent) == 0o700
    with EmbeddedPostgres.start(closed) as server:
        assert words(server.url) == ["bread"]
    EmbeddedPostgres.remove(closed)
    assert not (home / "postgres").exists()
    assert not (closed / RECORD).exists()


def test_a_recorded_cluster_that_is_gone_is_not_replaced_by_an_empty_one(passable: Path) -> None:
    record = passable / RECORD
    record.write_text(f"{CLUSTERS / 'gone'}\n")
    with pytest.raises(PostgresUnavailable, match=f"delete {record} to begin with an empty one"):
        EmbeddedPostgres.start(passable)
    record.write_text("/etc\n")
    with pytest.raises(PostgresUnavailable, match="names /etc"):
        EmbeddedPostgres.start(passable)


AS_ORDINARY_USER = """
import asyncio, os, pwd, sys
from pathlib import Path
import psycopg
from karla.infra.embedded_postgres import EmbeddedPostgres

data_dir = Path(sys.argv[1])
if os.geteuid() == 0:
    # Dropped only here, because `nobody` may be unable to read the interpreter that root uses.
    user = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    sys.path.insert(0, sys.argv[2])
for word in ("bread", "butter"):
    with EmbeddedPostgres.start(data_dir) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])
        print(*(row[0] for row in connection.execute("SELECT word FROM words ORDER BY word")), flush=True)
print(data_dir.joinpath("postgres").stat().st_uid, os.geteuid())
"""


def test_an_ordinary_user_runs_it_as_that_user(passable: Path) -> None:
    data_dir = passable / "data"
    data_dir.mkdir(mode=0o700)
    wheel = ""
    if IS_ROOT:
        account = pwd.getpwnam("nobody")
        os.chown(data_dir, account.pw_uid, account.pw_gid)
        nobody = Account("nobody", account.pw_uid, account.pw_gid)
        wheel = str(readable_to(nobody, find_binaries(None), passable / "binaries").bin.parents[2])
    with python(AS_ORDINARY_USER, data_dir, wheel) as user_process:
        output, _ = user_process.communicate()
    assert user_process.returncode == 0
    first, second, owners = output.splitlines()
    assert (first, second) == ("bread", "bread butter")
    cluster_owner, user = owners.split()
    assert cluster_owner == user != "0"
    # root, who comes later, serves the cluster under its owner
    with EmbeddedPostgres.start(data_dir) as server:
        assert words(server.url) == ["bread", "butter"]
        assert Path(f"/proc/{server.pid}").stat().st_uid == int(user)


def test_binaries_that_the_account_cannot_read_are_copied_once(passable: Path) -> None:
    found = find_binaries(None)
    assert found.package is not None
    hidden = passable / "hidden"
    hidden.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (hidden / name).symlink_to(found.package.with_name(name))
    package = hidden / "embedded_postgres"
    unreadable = type(found)(package / "pginstall/bin", found.major, package)
    account = Account.for_new_cluster()
    store = passable / "store"
    copied = readable_to(account, unreadable, store)
    if IS_ROOT:
        assert store in copied.bin.parents
        assert account.run([copied.bin / "postgres", "--version"]).stdout.startswith("postgres (PostgreSQL)")
    changed = (store.stat() if IS_ROOT else hidden.stat()).st_mtime_ns
    assert readable_to(account, unreadable, store) == copied
    assert (store.stat() if IS_ROOT else hidden.stat()).st_mtime_ns == changed


def test_it_comes_back_after_the_postmaster_was_killed(used: Path) -> None:
    with (
        EmbeddedPostgres.start(used) as killed,
        closing(psycopg.connect(killed.url, autocommit=True)) as busy,
    ):
        # A session in the middle of a computation doesn't notice that its postmaster is gone.
        busy.pgconn.send_query(b"DO 'BEGIN LOOP END LOOP; END'")
        os.kill(killed.pid, signal.SIGKILL)
        with EmbeddedPostgres.start(used) as server:
            assert not killed.running
            killed.stop()
            assert "kept" in words(server.url)
    assert EmbeddedPostgres.url_of_running(used) is None


LAUNCHER = """
import sys
from pathlib import Path
from karla.infra.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres.start(Path(sys.argv[1]))
print(server.pid, flush=True)
sys.stdin.read()
"""


def test_it_comes_back_after_karla_was_killed(used: Path) -> None:
    with python(LAUNCHER, used) as karla:
        assert karla.stdout is not None
        orphan = int(karla.stdout.readline())
        karla.kill()
    assert is_alive(orphan)
    url = EmbeddedPostgres.url_of_running(used)
    assert url is not None
    remember(url, "orphaned")
    with EmbeddedPostgres.start(used) as server:
        assert not is_alive(orphan)
        assert server.pid != orphan
        assert {"kept", "orphaned"} <= set(words(server.url))


def test_a_lock_file_that_names_another_program_does_not_block(used: Path, closed: Path) -> None:
    lock = used / "postgres" / "postmaster.pid"
    with EmbeddedPostgres.start(closed) as other:
        foreign = (cluster_of(closed) / "postmaster.pid").read_text()
        for left in (foreign, foreign.replace(str(other.pid), str(os.getpid()), 1), "", "no number"):
            lock.write_text(left)
            with EmbeddedPostgres.start(used) as server:
                assert "kept" in words(server.url)
            assert not lock.exists()
        assert other.running
        remember(other.url, "undisturbed")


def test_a_stale_socket_does_not_block(used: Path) -> None:
    (used / "run" / ".s.PGSQL.5432").touch()
    (used / "run" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with EmbeddedPostgres.start(used) as server:
        assert "kept" in words(server.url)


def test_a_start_that_was_killed_half_way_leaves_nothing_in_the_way(passable: Path) -> None:
    draft = passable / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    (passable / "postgres").mkdir()
    with EmbeddedPostgres.start(passable) as server:
        remember(server.url, "bread")
    assert not draft.exists()


def test_a_path_too_long_for_a_socket_and_full_of_odd_characters(passable: Path) -> None:
    data_dir = passable / ("long, \"odd\" & 100 % 'ünusual'" * 4) / "data"
    with EmbeddedPostgres.start(data_dir) as server:
        remember(server.url, "bread")
        assert EmbeddedPostgres.url_of_running(data_dir) == server.url
        sockets = Path(setting(server.url, "unix_socket_directories").strip('"'))
        assert sockets.parent == Path(tempfile.gettempdir())
        assert mode_of(sockets) == 0o700
        os.kill(server.pid, signal.SIGKILL)
    assert not sockets.exists()
    with EmbeddedPostgres.start(data_dir) as server:
        assert words(server.url) == ["bread"]


@pytest.mark.parametrize("name", ['a "b" & 5%+ü?#=\'c', "left,right"])
def test_odd_characters_in_a_short_path(passable: Path, name: str) -> None:
    with EmbeddedPostgres.start(passable / name) as server:
        remember(server.url, "bread")
        assert EmbeddedPostgres.url_of_running(passable / name) == server.url


def test_a_cluster_of_another_major_version_is_refused_with_both_versions(passable: Path) -> None:
    cluster = passable / "postgres"
    cluster.mkdir(mode=0o700)
    (cluster / "PG_VERSION").write_text("14\n")
    if IS_ROOT:
        shutil.chown(cluster, "nobody")
    here = find_binaries(None).major
    with pytest.raises(PostgresUnavailable, match=rf"by PostgreSQL 14, .* PostgreSQL {here}.*pg_dump"):
        EmbeddedPostgres.start(passable)


def test_something_else_in_the_clusters_place_is_left_alone(passable: Path) -> None:
    cluster = passable / "postgres"
    cluster.mkdir()
    (cluster / "notes.txt").write_text("mine")
    if IS_ROOT:
        shutil.chown(cluster, "nobody")
    with pytest.raises(PostgresUnavailable, match="something else than a PostgreSQL cluster"):
        EmbeddedPostgres.start(passable)
    assert (cluster / "notes.txt").read_text() == "mine"


def test_a_server_that_does_not_start_tells_the_end_of_its_log(used: Path) -> None:
    auto = used / "postgres" / "postgresql.auto.conf"
    before = auto.read_text()
    auto.write_text("no_such_setting = 1\n")
    try:
        with pytest.raises(PostgresUnavailable, match=r"(?s)ended with code 1.*no_such_setting"):
            EmbeddedPostgres.start(used)
    finally:
        auto.write_text(before)


def test_stopping_twice_or_after_a_crash_is_fine(used: Path) -> None:
    server = EmbeddedPostgres.start(used)
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    server.stop()
    assert not server.running


def test_stopping_without_patience_loses_nothing(used: Path) -> None:
    server = EmbeddedPostgres.start(used)
    remember(server.url, "late")
    server.stop(timeout=0)
    assert not server.running
    with EmbeddedPostgres.start(used) as again:
        assert {"kept", "late"} <= set(words(again.url))
