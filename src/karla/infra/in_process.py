"""HTTP without a socket: a transport of `httpx` to an ASGI application of this very process.

What `httpx.ASGITransport` lacks is here: limits of time hold, and a call may be made for somebody, whose address the
application then sees as its client's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any

import httpx

Message = dict[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

_CALLER: ContextVar[str | None] = ContextVar("in_process_caller", default=None)
_NOBODY = "127.0.0.1"
_FAREWELL_SECONDS = 5.0


@contextmanager
def on_behalf_of(address: str | None) -> Iterator[None]:
    """Calls within are made for the client at this IP address; None is this machine itself.

    No header says it, so that nobody outside can.
    """
    token = _CALLER.set(address)
    try:
        yield
    finally:
        _CALLER.reset(token)


class InProcess(httpx.AsyncBaseTransport):
    """Answers requests by an application that is running already; whole answers, no streams.

    Of the limits of `httpx` that of reading holds for the whole call. An application that is cut off is cancelled and
    not waited for; one that fails answers 500.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._left_behind: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer; httpx.ReadTimeout."""
        answer = _Answer(await request.aread(), is_head=request.method == "HEAD")
        # A context of its own, as a request over a socket has: nothing of the caller's reaches in.
        call = self._run(_scope(request), answer)
        running = asyncio.get_running_loop().create_task(call, context=Context())
        try:
            done, _ = await asyncio.wait((running,), timeout=_limit(request))
        except asyncio.CancelledError:
            self._cut_off(running)
            raise
        if not done:
            self._cut_off(running)
            raise httpx.ReadTimeout("The application took too long.", request=request)
        failed = running.cancelled() or running.exception() is not None
        return httpx.Response(500) if failed else answer.response()

    async def aclose(self) -> None:
        """Wait some seconds for the calls that were cut off."""
        if self._left_behind:
            await asyncio.wait(self._left_behind, timeout=_FAREWELL_SECONDS)

    async def _run(self, scope: Message, answer: "_Answer") -> None:
        await self._application(scope, answer.receive, answer.send)

    def _cut_off(self, running: "asyncio.Task[None]") -> None:
        running.cancel()
        self._left_behind.add(running)
        running.add_done_callback(self._forget)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._left_behind.discard(task)
        if not task.cancelled():
            task.exception()  # nobody waits for it any more


class _Answer:
    """What goes in, and what the application says."""

    def __init__(self, body: bytes, *, is_head: bool) -> None:
        self._asked: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        self._is_head = is_head
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._over = asyncio.Event()

    async def receive(self) -> Message:
        """The request, and then that the client is gone, once it has its answer."""
        if self._asked:
            return self._asked.pop()
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """A part of the answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._body.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._over.set()

    def response(self) -> httpx.Response:
        """The whole answer, 500 where there is none."""
        if not self._over.is_set():
            return httpx.Response(500)
        return httpx.Response(
            self._status, headers=self._headers, content=None if self._is_head else b"".join(self._body)
        )


def _scope(request: httpx.Request) -> Message:
    url = request.url
    path, _, query = url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": (_CALLER.get() or _NOBODY, 0),
        "server": (url.host, url.port),
        "state": {},
    }


def _limit(request: httpx.Request) -> float | None:
    limits: dict[str, float | None] = request.extensions.get("timeout", {})
    return limits.get("read")
