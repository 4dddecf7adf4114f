"""Where a cluster may lie and whose it is: paths, accounts, and what is in its place already."""

import os
import pwd
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from karla.infra.embedded_postgres import EmbeddedPostgres, PostgresUnavailable
from karla.infra.embedded_postgres.account import Account
from karla.infra.embedded_postgres.binaries import find_binaries, readable_to
from karla.infra.embedded_postgres.home import CLUSTERS, RECORD
from tests.infra.embedded_postgres.clusters import IS_ROOT, cluster_of, mode_of, python, remember, setting, words


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
