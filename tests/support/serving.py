"""Karla behind a real web server, in a thread of this process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from karla.entrypoints.api import app as api
from karla.infra.settings import Settings
from karla.main import open_services


@contextmanager
def served(settings: Settings, url: str, port: int = 0) -> Iterator[str]:
    """The address of a server on this port, or on a free one."""
    app = api.build(lambda: open_services(settings, url, ending=lambda: server.should_exit))
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    started = threading.Event()

    async def serve() -> None:
        serving = asyncio.create_task(server.serve())
        while not (server.started or serving.done()):
            await asyncio.wait([serving], timeout=0.01)
        started.set()
        await serving

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    started.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
