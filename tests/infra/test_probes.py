"""What a worker answers over HTTP, and how it follows its supervisor."""

import asyncio
import signal
import socket
import sys

import httpx

from karla.infra.probes import answering


async def test_a_worker_tells_how_it_is() -> None:
    healthy = True

    async def ready() -> None:
        if not healthy:
            raise ConnectionRefusedError

    async def metrics() -> bytes:
        return b"karla_outbox_events 0.0\n"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with (
        answering("127.0.0.1", port, ready=ready, metrics=metrics),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200
        healthy = False
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/healthz")).status_code == 200
        answer = await http.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert answer.text == "karla_outbox_events 0.0\n"


async def test_a_supervised_process_ends_with_its_supervisor() -> None:
    program = "import signal; from karla.infra.lifeline import end_with_supervisor as e; e(); signal.pause()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env={"KARLA_SUPERVISED": "1"}, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.close()
    async with asyncio.timeout(20):
        assert await process.wait() == -signal.SIGTERM
