"""A server that plays a third party: it keeps a journal and misbehaves on demand; what it answers is its player's."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

HOST = "127.0.0.1"
CONTROL = "/_standin/"
_BODY_LIMIT = 8 * 1024 * 1024


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came; names of headers in lower case, of a repeated one the last; `path` without the query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer; `json` makes one of a value."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""

    @classmethod
    def json(cls, value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> "Reply":
        """An answer of JSON."""
        told = {"Content-Type": "application/json", **(headers or {})}
        return cls(status=status, headers=told, body=msgspec.json.encode(value))


class Entry(msgspec.Struct, frozen=True):
    """A line of the journal; `status` None: it was given no answer."""

    asked: Asked
    status: int | None


class _Told(msgspec.Struct, frozen=True):
    """How to misbehave: hang or be cut off where there is no reply, else wait and reply."""

    reply: Reply | None = None
    cut: bool = False
    seconds: float = 0.0


class Server:
    """Plays on 127.0.0.1; `player` answers each request that it isn't told to answer otherwise.

    `busy` is how the third party says that there were too many calls. `controls` are more verbs of the control
    address `POST /_standin/VERB`, beside `answer`, `busy`, `hang`, `cut`, `slow`, `good`, and `GET /_standin/journal`:
    each takes the JSON that was sent; a ValueError is answered by 400.
    """

    def __init__(
        self,
        player: Callable[[Asked], Reply],
        *,
        port: int = 0,
        busy: Reply | None = None,
        controls: Mapping[str, Callable[[Any], object]] | None = None,
        heard: Callable[[Entry], None] | None = None,
    ) -> None:
        self.journal: list[Entry] = []
        self.most_at_once = 0
        self._player = player
        self._busy = busy or Reply(status=429)
        self._controls = {**self._own_controls(), **(controls or {})}
        self._heard = heard
        self._next: deque[_Told] = deque()
        self._always: _Told | None = None
        self._at_once = 0
        self._arrived = asyncio.Event()
        self._released = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._socket = bound_socket(port)
        self._port = int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    def answer(self, reply: Reply, *, times: int | None = 1) -> None:
        """Give this to the next requests; `times` None: to all from now on."""
        self._tell(_Told(reply), times)

    def be_busy(self, *, times: int | None = 1) -> None:
        """Say that there were too many calls, as the third party does."""
        self.answer(self._busy, times=times)

    def hang(self, *, times: int | None = 1) -> None:
        """Take requests and never answer."""
        self._tell(_Told(), times)

    def cut(self, *, times: int | None = 1) -> None:
        """Take requests and hang up."""
        self._tell(_Told(cut=True), times)

    def slow(self, seconds: float, *, times: int | None = 1) -> None:
        """Answer well, but late."""
        self._tell(_Told(seconds=seconds), times)

    def be_good(self) -> None:
        """Forget how to misbehave, and answer those that hang."""
        self._next.clear()
        self._always = None
        self._release()

    async def up(self) -> None:
        """Listen; until then connections are refused."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_route("*", CONTROL + "{verb}", self._control)
        app.router.add_route("*", "/{path:.*}", self._receive)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def down(self) -> None:
        """Be gone: connections are refused, but the port is kept for the next `up`."""
        self._release()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
            self._socket = bound_socket(self._port)

    async def close(self) -> None:
        """Be gone for good."""
        await self.down()
        self._socket.close()

    async def until(self, count: int, timeout_seconds: float = 10) -> None:
        """Wait until that many requests are with it or were answered; TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            while len(self.journal) + self._at_once < count:
                self._arrived.clear()
                await self._arrived.wait()

    def _tell(self, told: _Told, times: int | None) -> None:
        if times is None:
            self._always = told
        else:
            self._next.extend([told] * times)

    def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self._arrived.set()
        asked, reply, cut = await _asked(request), None, False
        try:
            told = self._next.popleft() if self._next else self._always
            if told is None or told.seconds:
                await asyncio.sleep(told.seconds if told else 0)
                reply = self._player(asked)
            else:
                reply, cut = told.reply, told.cut
            if reply is None and not cut:
                await self._released.wait()
        finally:
            self._at_once -= 1
            self._note(Entry(asked, reply.status if reply else None))
        if cut and request.transport:
            request.transport.abort()
        return _response(reply or Reply())

    def _note(self, entry: Entry) -> None:
        self.journal.append(entry)
        self._arrived.set()
        if self._heard:
            self._heard(entry)

    async def _control(self, request: web.Request) -> web.StreamResponse:
        verb = request.match_info["verb"]
        if request.method == "GET" and verb == "journal":
            return _response(Reply.json([_line(entry) for entry in self.journal]))
        if request.method != "POST" or verb not in self._controls:
            known = ", ".join(sorted(self._controls))
            return _response(Reply.json({"error": f"POST one of {known}, or GET journal"}, 404))
        try:
            told = msgspec.json.decode(await request.read() or b"{}")
            outcome = self._controls[verb](told)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return _response(Reply.json({"error": f"{type(error).__name__}: {error}"}, 400))
        return _response(Reply.json({"ok": True} if outcome is None else outcome))

    def _own_controls(self) -> dict[str, Callable[[Any], object]]:
        def answer(told: dict[str, Any]) -> None:
            reply = Reply(
                status=int(told["status"]), headers=told.get("headers", {}), body=str(told.get("body", "")).encode()
            )
            self.answer(reply, times=told.get("times", 1))

        return {
            "answer": answer,
            "busy": lambda told: self.be_busy(times=told.get("times", 1)),
            "hang": lambda told: self.hang(times=told.get("times", 1)),
            "cut": lambda told: self.cut(times=told.get("times", 1)),
            "slow": lambda told: self.slow(float(told["seconds"]), times=told.get("times", 1)),
            "good": lambda _: self.be_good(),
        }


def bound_socket(port: int) -> socket.socket:
    """A socket that has its port but doesn't listen yet, so that nobody else gets the port; OSError."""
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made


async def _asked(request: web.Request) -> Asked:
    return Asked(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.read(),
    )


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, headers=reply.headers, body=reply.body)


def _line(entry: Entry) -> dict[str, object]:
    asked = entry.asked
    return {"method": asked.method, "path": asked.path, "query": asked.query, "status": entry.status}
