"""The stand-in for a merchant's webhook endpoint: verifies, keeps a journal, and misbehaves on demand."""

import asyncio
import json
import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from karla.infra.signing import verify_karla, verify_standard

HOST = "127.0.0.1"
_OF_THE_BODY = frozenset({"Content-Type", "Content-Length"})


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One request, whether its signatures were good, and what it was answered: None where it wasn't.

    `headers` has its names in lower case.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    karla_signed: bool
    standard_signed: bool
    status: int | None

    @property
    def signed(self) -> bool:
        """Both signatures were good."""
        return self.karla_signed and self.standard_signed

    @property
    def delivery_id(self) -> str:
        """The same for every attempt at one delivery."""
        return self.headers.get("karla-delivery-id", "")

    @property
    def json(self) -> Any:
        """The body; ValueError when it isn't JSON."""
        return json.loads(self.body)

    @property
    def event_id(self) -> str:
        """The event's id as the envelope has it."""
        return str(self.json["event_data"]["event_id"])


class Receiver:
    """Answers as the vendor's receiver, 200 or 401 to a bad signature, unless it was told to do otherwise.

    Without `secrets` no signature is good, and none is asked for. `now` is its clock, in seconds since
    1970; `heard` is called with each request.
    """

    def __init__(
        self, now: Callable[[], float], *, port: int = 0, heard: Callable[[Received], None] | None = None
    ) -> None:
        self.secrets: list[str] = []
        self.journal: list[Received] = []
        self.arrived = asyncio.Event()
        self._now = now
        self._heard = heard
        self._answers: deque[web.Response | str] = deque()
        self._always: web.Response | str | None = None
        self._released = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._socket = _bound(port)
        self._port = int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Where webhooks go; any path below it is received too."""
        return f"http://{HOST}:{self._port}/hooks"

    def answer(self, *codes: int, body: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Give the next requests these codes."""
        self._answers.extend(web.Response(status=code, text=body, headers=headers) for code in codes)

    def always(self, code: int | None) -> None:
        """Give all requests this code from now on; None: be good again."""
        self._always = None if code is None else web.Response(status=code)

    def hang(self, *, always: bool = False) -> None:
        """Take the next request, or all, and never answer."""
        self._misbehave("hang", always)

    def release(self) -> None:
        """Answer those that hang."""
        self._released.set()

    def reset(self, *, always: bool = False) -> None:
        """Cut the connection of the next request, or of all."""
        self._misbehave("reset", always)

    def _misbehave(self, how: str, always: bool) -> None:
        if always:
            self._always = how
        else:
            self._answers.append(how)

    async def up(self) -> None:
        """Listen; until then connections are refused."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def down(self) -> None:
        """Be gone: connections are refused, but the port is kept for the next `up`."""
        self._released.set()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
            self._socket = _bound(self._port)
        self._released = asyncio.Event()

    async def close(self) -> None:
        """Be gone for good."""
        await self.down()
        self._socket.close()

    async def until(self, count: int, timeout_seconds: float = 10) -> None:
        """Wait until that many requests have come in all; TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            while len(self.journal) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        told = self._answers.popleft() if self._answers else self._always
        karla = verify_karla(request.headers.get("Karla-Signature", ""), body, self.secrets, self._now())
        standard = verify_standard(request.headers, body, self.secrets, self._now())
        response = None if isinstance(told, str) else self._response(told, good=karla and standard)
        received = Received(
            path=request.path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            karla_signed=karla,
            standard_signed=standard,
            status=response.status if response else None,
        )
        self.journal.append(received)
        self.arrived.set()
        if self._heard:
            self._heard(received)
        if told == "hang":
            await self._released.wait()
        elif told == "reset" and request.transport:
            request.transport.abort()
        return response or web.Response()

    def _response(self, told: web.Response | None, *, good: bool) -> web.Response:
        if told is not None:
            kept = {name: value for name, value in told.headers.items() if name not in _OF_THE_BODY}
            return web.Response(status=told.status, text=told.text, headers=kept)
        if self.secrets and not good:
            return web.json_response({"status": "error", "message": "bad signature"}, status=401)
        return web.json_response({"status": "success"})


def _bound(port: int) -> socket.socket:
    """A socket that has its port but doesn't listen yet, so that nobody else gets the port."""
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made
