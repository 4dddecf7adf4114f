"""What a process without an API answers over HTTP: is it alive, is it ready, how is it doing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def answering(
    host: str, port: int, *, ready: Callable[[], Awaitable[None]], metrics: Callable[[], Awaitable[bytes]]
) -> AsyncIterator[None]:
    """Answer /healthz, /readyz (503 while `ready` raises) and /metrics on a port; OSError when it is taken."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        try:
            await ready()
        except Exception:  # noqa: BLE001 - whatever it is, we are not ready
            return web.Response(text="database unreachable\n", status=503)
        return web.Response(text="ready\n")

    async def metrics_page(_: web.Request) -> web.Response:
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=await metrics(), headers=headers)

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics_page)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
