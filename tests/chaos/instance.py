"""A whole Karla of real processes in a folder of its own, with one shop and an admin key for it."""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from karla.entrypoints.cli.supervising import answers
from karla.infra.ports import free_port
from karla.infra.settings import variable_of
from tests.chaos.processes import Part, Postgres, comes

SHOP = "chaos"
HOST = "127.0.0.1"
_READY_SECONDS = 60.0
_SETTINGS = {
    "allow_private_targets": "1",
    "log_level": "warning",
    "log_format": "json",
    # One caller with one key stands for many: what protects from such a one isn't what is tried here.
    "requests_per_minute": "10000000",
    "bulk_requests_per_minute": "10000000",
    # So that a receiver's refusals are over within the length of a test.
    "webhook_retry_base_seconds": "0.2",
}


class Instance:
    """PostgreSQL, and the ways to start parts of a Karla on it; `code` is where to import an older `karla` from."""

    def __init__(self, folder: Path, postgres: Postgres, code: Path | None = None) -> None:
        self.folder = folder
        self.postgres = postgres
        self.authorization = ""
        self.parts: list[Part] = []
        self._code = code

    def environment(self, code: Path | None = None) -> dict[str, str]:
        """That of a `karla` process, of this code if it isn't the repository's."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KARLA_")}
        settings = {variable_of(field): value for field, value in _SETTINGS.items()}
        places = {"KARLA_DATABASE_URL": self.postgres.url, "KARLA_DATA_DIR": str(self.folder)}
        return clean | settings | places | ({"PYTHONPATH": str(code)} if code else {})

    async def run(self, *words: str, code: Path | None = None) -> str:
        """What a `karla` command that goes well prints."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "karla",
            *words,
            env=self.environment(code),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await process.communicate()
        assert process.returncode == 0, f"karla {' '.join(words)}: {complained.decode()}"
        return said.decode()

    def serve(self, code: Path | None = None) -> "Server":
        """Start an API on a free port."""
        server = Server(self, free_port(HOST), code)
        self._keep(server)
        return server

    def work(self, code: Path | None = None, port: int | None = None) -> Part:
        """Start a worker, which answers on the port, if there is one."""
        environment = self.environment(code) | ({"KARLA_WORKER_PORT": str(port)} if port else {})
        part = Part(["work"], environment, self.folder / f"part-{len(self.parts)}.log")
        self._keep(part)
        return part

    async def settle_in(self) -> None:
        """Make the shop, which brings the new database to its schema, and its key."""
        await self.run("shop", "create", SHOP, "--org", SHOP, code=self._code)
        said = await self.run(
            "key", "create", "--org", SHOP, "--shop", SHOP, "--role", "admin", "--json", code=self._code
        )
        issued: Mapping[str, str] = json.loads(said)
        self.authorization = "Basic " + base64.b64encode(f"{issued['username']}:{issued['key']}".encode()).decode()

    def _keep(self, part: Part) -> None:
        self.parts.append(part)
        part.start()


class Server(Part):
    """A `karla serve` and its address."""

    def __init__(self, instance: Instance, port: int, code: Path | None) -> None:
        environment = {**instance.environment(code), "KARLA_PORT": str(port)}
        super().__init__(["serve"], environment, instance.folder / f"part-{len(instance.parts)}.log")
        self.url = f"http://{HOST}:{port}"
        self._port = port

    async def ready(self) -> None:
        """Wait until it is ready; TimeoutError after a minute."""
        async with asyncio.timeout(_READY_SECONDS):
            while not await asyncio.to_thread(answers, HOST, self._port, "/readyz"):
                await comes(asyncio.Event(), 0.05)


@contextlib.asynccontextmanager
async def instance(code: Path | None = None) -> AsyncIterator[Instance]:
    """One that has a shop and no part running yet; at the end everything is stopped and deleted."""
    folder = _folder()
    postgres = Postgres(folder)
    try:
        await postgres.start()
        made = Instance(folder, postgres, code)
        await made.settle_in()
        try:
            yield made
        finally:
            await asyncio.gather(*(part.stop() for part in made.parts))
    finally:
        await postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="karla-chaos-"))
    folder.chmod(0o711)  # the account that runs PostgreSQL for root passes through
    return folder
