"""A webhook receiver on loopback: checks both signatures as real ones do, keeps a journal, misbehaves on demand."""

import asyncio
import base64
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from karla.infra.clock import SystemClock
from karla.infra.signing import verify_karla


class Received(msgspec.Struct, frozen=True):
    """One request, and whether its signatures were good."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    signed: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def event_id(self) -> str:
        return str(self.json["event_data"]["event_id"])


class Receiver:
    """Answers 200, or 401 to a bad signature, unless it was told to do otherwise."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.secrets: list[str] = []
        self.journal: list[Received] = []
        self.arrived = asyncio.Event()
        self._now = now
        self._answers: deque[web.Response | str] = deque()
        self._always: web.Response | str | None = None
        self._released = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where webhooks go; any path below it is received too."""
        return f"http://127.0.0.1:{self._port}/hooks"

    def answer(self, *codes: int, body: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Give the next requests these codes."""
        self._answers.extend(web.Response(status=code, text=body, headers=headers) for code in codes)

    def always(self, code: int | None) -> None:
        """Give all requests this code from now on; None: be good again."""
        self._always = None if code is None else web.Response(status=code)

    def hang(self, *, always: bool = False) -> None:
        """Take the next request, or all, and never answer."""
        self._misbehave("hang", always)

    def reset(self, *, always: bool = False) -> None:
        """Cut the connection of the next request, or of all."""
        self._misbehave("reset", always)

    def _misbehave(self, how: str, always: bool) -> None:
        if always:
            self._always = how
        else:
            self._answers.append(how)

    async def up(self) -> None:
        """Listen, on the same port as before."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def down(self) -> None:
        """Be gone: connections are refused."""
        self._released.set()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
        self._released = asyncio.Event()

    async def until(self, count: int, timeout_seconds: float = 10) -> None:
        """Wait until that many requests have come in all; TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            while len(self.journal) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        received = Received(request.path, dict(request.headers), body, self._signed(request.headers, body))
        self.journal.append(received)
        self.arrived.set()
        told = self._answers.popleft() if self._answers else self._always
        if told == "hang":
            await self._released.wait()
        elif told == "reset" and request.transport:
            request.transport.abort()
        elif isinstance(told, web.Response):
            return web.Response(status=told.status, text=told.text, headers=_own(told.headers))
        return web.Response(text="ok" if received.signed else "bad signature", status=200 if received.signed else 401)

    def _signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        karla = headers.get("Karla-Signature", "")
        return verify_karla(karla, body, self.secrets, self._now()) and self._standard(headers, body)

    def _standard(self, headers: Mapping[str, str], body: bytes) -> bool:
        timestamp = headers.get("webhook-timestamp", "0")
        signed = f"{headers.get('webhook-id')}.{timestamp}.".encode() + body
        good = {
            "v1," + base64.b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()
            for secret in self.secrets
        }
        fresh = abs(self._now() - int(timestamp)) <= 300
        return fresh and not good.isdisjoint(headers.get("webhook-signature", "").split())


def _own(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in ("Content-Type", "Content-Length")}


@asynccontextmanager
async def receiving(now: Callable[[], float] | None = None) -> AsyncIterator[Receiver]:
    """A receiver that is up; `now` is its clock, in seconds."""
    clock = SystemClock()
    receiver = Receiver(now or (lambda: clock.now().timestamp()))
    await receiver.up()
    try:
        yield receiver
    finally:
        await receiver.down()
