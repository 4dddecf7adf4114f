"""An API that answers what a test wrote down, one reply a request, over real sockets; and time that tests hold."""

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from karla.client import Retries


class Reply(NamedTuple):
    """A status with a body; `cut` ends the connection by a reset after it, `hangs` never answers."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = {}
    cut: bool = False
    hangs: bool = False


class Seen(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


RESET = Reply(status=0, cut=True)
HANGS = Reply(hangs=True)


def error(status: int, key: str, **headers: str) -> Reply:
    """An error as Karla writes it."""
    body = {"errors": [], "key": key, "message": "So it is.", "type": "api_error", "request_id": "req-12345678"}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), told)


def answer(body: Any, **headers: str) -> Reply:
    """A 200 with JSON."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(200, json.dumps(body).encode(), told)


class Api(NamedTuple):
    """The address of the stand-in, and what it was asked."""

    url: str
    seen: list[Seen]


@contextmanager
def scripted(*replies: Reply) -> Iterator[Api]:
    """Serves these replies in their order, and the last one for ever."""
    waiting, seen, over = list(replies), list[Seen](), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append(Seen(self.command, self.path, headers, self.rfile.read(length)))
            reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.close_connection = True
            if reply.hangs:
                over.wait(20)
                return
            if reply.status:
                self._say(reply)
            if reply.cut:
                # Lingering for no time makes the close a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def _say(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            headers = {"Content-Type": "application/json", "Connection": "close", **reply.headers}
            if not reply.cut and "text/event-stream" not in headers.values():
                headers["Content-Length"] = str(len(reply.body))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = reply  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Nothing: the test sees what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Api(f"http://127.0.0.1:{server.server_address[1]}", seen)
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join(20)


class HeldTime:
    """A clock that only waits move, and the waits that were asked for."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def retries(self, chance: float = 1.0, **options: Any) -> Retries:
        """A policy on this clock; chance stands still."""
        return Retries(
            chance=lambda: chance, clock=lambda: self.now, sleep=self.sleep, sleep_async=self.sleep_async, **options
        )
