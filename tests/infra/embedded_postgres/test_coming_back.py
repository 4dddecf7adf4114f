"""What a cluster survives: killed processes, and what they leave behind."""

import os
import signal
from contextlib import closing
from pathlib import Path

import psycopg

from karla.infra.embedded_postgres import EmbeddedPostgres
from tests.infra.embedded_postgres.clusters import cluster_of, is_alive, python, remember, words


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
