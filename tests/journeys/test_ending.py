"""How commands end: when they are told to, also where SIGINT was ignored by who started them; and on a full disk."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from karla.entrypoints.cli.supervising import answers
from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.ports import free_port
from tests.support.processes import IN_THE_BACKGROUND, that_mention
from tests.support.waiting import until

HOST = "127.0.0.1"


@contextmanager
def karla(verb: str, *before: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*before, sys.executable, "-m", "karla", verb],
        env={**os.environ, "KARLA_LOG_LEVEL": "warning", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize(("verb", "port_of"), [("serve", "KARLA_PORT"), ("work", "KARLA_WORKER_PORT")])
def test_api_and_worker_end_well(
    own_database_url: str, tmp_path: Path, verb: str, port_of: str, number: signal.Signals
) -> None:
    port = free_port()
    settings = {"KARLA_DATABASE_URL": own_database_url, "KARLA_DATA_DIR": str(tmp_path), port_of: str(port)}
    with karla(verb, *IN_THE_BACKGROUND, **settings) as process:
        until(lambda: answers(HOST, port, "/readyz") or process.poll() is not None, "ready", 40)
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output.decode()
    assert output == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_takes_the_server_along_that_it_started(
    tmp_path: Path, number: signal.Signals
) -> None:
    data_dir = tmp_path / "data"
    with karla("migrate", *IN_THE_BACKGROUND, KARLA_DATA_DIR=str(data_dir)) as process:
        until(lambda: EmbeddedPostgres.url_of_running(data_dir) or process.poll() is not None, "its database", 40)
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    left = that_mention(str(data_dir))
    EmbeddedPostgres.remove(data_dir)
    assert left == {}
    # It may have been quicker than the signal.
    assert process.returncode in {0, 128 + number}
    assert b"Traceback" not in output


def test_a_full_disk_is_told_of_in_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "karla", "carriers", "list"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr.decode()) == (1, "karla: No space left on device.\n")
