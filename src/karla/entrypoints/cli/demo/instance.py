"""The Karla that the demo plays on: `karla up` as a child process, in a temporary folder."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from karla.infra.embedded_postgres import EmbeddedPostgres
from karla.infra.http import Egress, EgressError
from karla.infra.lifeline import SUPERVISED
from karla.infra.ports import free_port
from karla.infra.settings import PREFIX

_READY_SECONDS = 40.0
_STOP_SECONDS = 25.0
_PAUSE_SECONDS = 0.03
_LINES_TOLD = 20


class DemoFailed(Exception):
    """The demo can't go on; the message says why."""


class OwnKarla:
    """A running Karla with an empty database of its own."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self._log = folder / "karla.log"
        self._port = free_port()
        self.base_url = f"http://127.0.0.1:{self._port}"
        # Nothing of the caller's settings: the demo must not play on their database.
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, egress: Egress) -> float:
        """Start it and wait until it is ready; how many seconds that took. DemoFailed."""
        began = time.monotonic()
        environment = {
            **self._environment,
            SUPERVISED: "1",  # should the demo be killed, its Karla ends too
            "KARLA_ALLOW_PRIVATE_TARGETS": "1",
            "KARLA_WEBHOOK_RETRY_BASE_SECONDS": "0.4",
            "KARLA_LOG_LEVEL": "warning",
        }
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "karla", "up", "--port", str(self._port), "--data-dir", str(self.data_dir)),
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not await self._ready(egress):
            if self._process.returncode is not None or time.monotonic() - began > _READY_SECONDS:
                raise DemoFailed(f"Karla didn't become ready:\n{self.log_end()}")
            await asyncio.sleep(_PAUSE_SECONDS)
        return time.monotonic() - began

    async def command(self, *words: str) -> Any:
        """The JSON that a `karla` command prints about this Karla; DemoFailed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "karla", *words, "--json", "--data-dir", str(self.data_dir)),
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if process.returncode != 0:
            raise DemoFailed(f"karla {' '.join(words)}: {errors.decode(errors='replace').strip()}")
        return json.loads(output)

    def log_end(self) -> str:
        """The last lines of what it said."""
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES_TOLD:])

    async def stop(self) -> None:
        """Stop it as an operator would, by SIGTERM."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _ready(self, egress: Egress) -> bool:
        try:
            return (await egress.request("GET", f"{self.base_url}/readyz", {}, timeout_seconds=2)).status == 200
        except (EgressError, TimeoutError):
            return False


@asynccontextmanager
async def own_karla() -> AsyncIterator[OwnKarla]:
    """One that isn't started yet; at the end it is stopped and leaves nothing behind."""
    folder = _temporary_folder()
    karla = OwnKarla(folder)
    try:
        yield karla
    finally:
        await karla.stop()
        if karla.data_dir.exists():
            EmbeddedPostgres.remove(karla.data_dir)
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="karla-demo-"))
    folder.chmod(0o711)  # root's database server runs under another account, which has to get through
    return folder
