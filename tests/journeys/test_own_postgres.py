"""KARLA_DATABASE_URL: the main road on each PostgreSQL that this machine has beside the embedded one."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
import pytest

from karla.infra.migrations import migrate
from karla.infra.settings import Settings
from tests.support.karla import running_karla
from tests.support.receiver import receiving
from tests.support.samples import sample
from tests.support.waiting import until

INSTALLED = [
    folder
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if (folder / "initdb").exists() and int(folder.parent.name) >= 15
]


@contextmanager
def postgres(binaries: Path) -> Iterator[str]:
    """A server of its own on loopback that asks for a password."""
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="karla-own-postgres-"))
    password = folder / "password"
    password.write_text("a word@with/signs")
    if user:
        shutil.chown(folder, user)
        shutil.chown(password, user)
    cluster = folder / "cluster"
    subprocess.run(
        [binaries / "initdb", "--pgdata", cluster, "--username=karla", "--auth=scram-sha-256", f"--pwfile={password}",
         "--encoding=UTF8", "--locale=C.UTF-8"],
        user=user, check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    port = free_port()
    server = subprocess.Popen(
        [binaries / "postgres", "-D", cluster, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
         "-c", f"unix_socket_directories={folder}"],
        user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    url = f"postgresql://karla:a%20word%40with%2Fsigns@127.0.0.1:{port}/postgres"
    try:
        until(lambda: answers(url), "PostgreSQL to answer")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(folder)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if INSTALLED:

    @pytest.mark.parametrize("binaries", INSTALLED, ids=lambda folder: folder.parent.name)
    async def test_an_order_and_its_webhook(binaries: Path, settings: Settings) -> None:
        with postgres(binaries) as url:
            assert migrate(url)
            assert migrate(url) == []
            own = msgspec.structs.replace(settings, database_url=url)
            async with running_karla(own, url) as karla, receiving() as receiver:
                shop = await karla.shop()
                webhook = (await shop.post("/webhooks", {"url": receiver.url})).json()
                receiver.secrets.append(webhook["secret"])
                placed = await shop.put("/orders", sample("order_upsert.request.headless"))
                assert placed.status_code == 200, placed.text
                found = await shop.get("/orders", zip_code="10119", shipment_updated_since="2026-01-01T00:00:00Z")
                assert [order["uuid"] for order in found.json()] == [placed.json()["uuid"]]
                await karla.drain()
            assert len(receiver.journal) == 2
            assert all(got.signed for got in receiver.journal)
