"""`karla up` as its operator sees it: real processes, killed and stopped in every way."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from karla.entrypoints.cli.supervising import answers
from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.ports import free_port
from tests.support.processes import alive, descendants, that_mention
from tests.support.waiting import until

HOST = "127.0.0.1"
AS_NOBODY = [
    *("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"),
    # The interpreter of these tests may lie where only root can read.
    *("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"),
]


class Up:
    """One `karla up`."""

    def __init__(self, data_dir: Path, port: int, before: list[str] | None = None) -> None:
        self.data_dir = data_dir
        self.port = port
        self._output = data_dir.with_name("output")
        settings = {name: value for name, value in os.environ.items() if not name.startswith("KARLA_")}
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [*(before or []), *command("up", port, data_dir)],
                env={**settings, "KARLA_LOG_LEVEL": "warning"},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def ready(self) -> bool:
        return answers(HOST, self.port, "/readyz")

    def wait_until_ready(self) -> None:
        # Not by /readyz: a predecessor on its port may answer yet.
        until(lambda: "Karla is up" in self.output or self.process.poll() is not None, "ready", 40)
        assert self.process.poll() is None, self.output

    def child(self, which: str) -> int:
        """The process id of `serve`, `work` or the `postgres` server."""
        wanted = {"serve": "-m karla serve", "work": "-m karla work", "postgres": "postgres -D"}[which]
        return until(lambda: next((p for p, c in descendants(self.process.pid).items() if wanted in c), 0), which)

    def stop(self, number: signal.Signals) -> str:
        """What it printed, once it has ended with code 0 and left nobody behind."""
        family = descendants(self.process.pid)
        self.process.send_signal(number)
        assert self.process.wait(15) == 0, self.output
        assert {pid: command for pid, command in family.items() if alive(pid)} == {}
        assert that_mention(str(self.data_dir)) == {}
        return self.output


def command(verb: str, port: int, data_dir: Path) -> list[str]:
    return [sys.executable, "-m", "karla", verb, "--port", str(port), "--data-dir", str(data_dir)]


def refused(port: int, data_dir: Path) -> str:
    """The one line with which a `karla up` gives up."""
    done = subprocess.run(command("up", port, data_dir), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@contextmanager
def folder() -> Iterator[Path]:
    """A data directory that every account can pass through to."""
    parent = Path(tempfile.mkdtemp(prefix="karla-up-"))
    parent.chmod(0o711)
    data_dir = parent / "data"
    data_dir.mkdir(mode=0o711)
    try:
        yield data_dir
    finally:
        EmbeddedPostgres.remove(data_dir)
        shutil.rmtree(parent)


@contextmanager
def up(data_dir: Path, port: int, before: list[str] | None = None) -> Iterator[Up]:
    """A Karla that is up; the test ends it."""
    karla = Up(data_dir, port, before)
    try:
        karla.wait_until_ready()
        yield karla
    finally:
        karla.process.kill()
        karla.process.wait()


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


def test_it_says_where_it_is_and_sigterm_stops_everything(data_dir: Path, port: int) -> None:
    with up(data_dir, port) as karla:
        output = karla.stop(signal.SIGTERM)
    assert f"http://{HOST}:{port}/v1" in output
    assert str(data_dir) in output
    assert output.endswith("Stopping …\nStopped.\n")


def test_ctrl_c_stops_everything_also_while_it_starts(data_dir: Path, port: int) -> None:
    karla = Up(data_dir, port)
    until(lambda: descendants(karla.process.pid), "its first child")
    assert karla.stop(signal.SIGINT).endswith("Stopped.\n")
    with up(data_dir, port) as karla:
        karla.stop(signal.SIGINT)


def test_one_data_directory_and_one_port_serve_one_karla(data_dir: Path, port: int, tmp_path: Path) -> None:
    with up(data_dir, port) as karla:
        line = refused(free_port(), data_dir)
        assert f"running already on http://{HOST}:{port} (process {karla.process.pid})" in line
        line = refused(port, tmp_path)
        assert f"Port {port} on {HOST} can't be used: another program listens there" in line
        assert "--port or KARLA_PORT" in line
        assert not EmbeddedPostgres.url_of_running(tmp_path)
        karla.stop(signal.SIGTERM)


def test_a_part_that_is_killed_is_started_again(data_dir: Path, port: int) -> None:
    with up(data_dir, port) as karla:
        for part in ("work", "serve", "postgres"):
            killed = karla.child(part)
            os.kill(killed, signal.SIGKILL)
            until(lambda gone=killed: not alive(gone), f"the end of {part}")  # type: ignore[misc]
            assert karla.child(part) != killed
            until(lambda: karla.ready, f"ready again after the end of {part}")
        output = karla.stop(signal.SIGTERM)
    assert "karla work ended with code -9; starting it again." in output
    assert "karla serve ended with code -9; starting it again." in output
    assert "PostgreSQL ended; starting it again." in output


def test_killed_itself_its_children_end_and_the_next_one_starts(data_dir: Path, port: int) -> None:
    with up(data_dir, port) as killed:
        children = [killed.child("serve"), killed.child("work")]
        killed.process.kill()
        # At once, as an init system would do it: on the same port, before the children have ended.
        with up(data_dir, port) as karla:
            until(lambda: not any(alive(pid) for pid in children), "the end of the children")
            karla.stop(signal.SIGTERM)


def test_its_children_end_without_it(data_dir: Path, port: int) -> None:
    with up(data_dir, port) as killed:
        children = [killed.child("serve"), killed.child("work")]
        killed.process.kill()
        until(lambda: not any(alive(pid) for pid in children), "the end of the children", 5)
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) != 0


def test_an_ordinary_user_runs_it() -> None:
    is_root = os.geteuid() == 0
    with folder() as data_dir:
        if is_root:
            account = pwd.getpwnam("nobody")
            os.chown(data_dir, account.pw_uid, account.pw_gid)
        with up(data_dir, free_port(), AS_NOBODY if is_root else None) as karla:
            owners = {Path(f"/proc/{karla.child(part)}").stat().st_uid for part in ("serve", "work", "postgres")}
            assert owners == {data_dir.stat().st_uid}
            assert 0 not in owners
            karla.stop(signal.SIGTERM)
