"""`python -m benchmarks.receiver PORT`: a receiver of webhooks that costs next to nothing.

It answers every POST with 200, at once or after `?wait=SECONDS` of its target, and notes when each event came first
to each target. `GET /counts` and `GET /seen` tell of it, `GET /forget` begins anew.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import cast

import uvloop

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Seen:
    """What has come: requests by target, and the wall-clock time of the first one by target and event."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.requests: Counter[str] = Counter()
        self.first: dict[tuple[str, str], float] = {}
        self.last_at = 0.0

    def note(self, target: str, event: str) -> None:
        """A webhook came."""
        self.last_at = time.time()
        self.requests[target] += 1
        self.first.setdefault((target, event), self.last_at)

    def told(self, what: str) -> object:
        """The answer to a GET."""
        if what == "/seen":
            return [[*key, at] for key, at in self.first.items()]
        if what == "/forget":
            self.forget()
        began_at = next(iter(self.first.values()), 0.0)
        return {
            "requests": self.requests.total(),
            "distinct": len(self.first),
            "began_at": began_at,
            "last_at": self.last_at,
        }


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests are not pipelined."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].decode("latin-1")
        fields = head.lower()
        if len(self._buffer) < end + 4 + int(_field(fields, "content-length") or 0):
            return
        self._buffer = b""
        method, target, _ = head.split(" ", 2)
        if method == "POST":
            self._seen.note(target, _field(fields, "webhook-id"))
            wait = float(target.rpartition("wait=")[2]) if "wait=" in target else 0.0
            self._answer(_OK, wait)
        else:
            body = json.dumps(self._seen.told(target)).encode()
            self._answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body, 0.0)

    def _answer(self, answer: bytes, wait: float) -> None:
        if wait:
            asyncio.get_running_loop().call_later(wait, self._answer, answer, 0.0)
        elif self._transport and not self._transport.is_closing():
            self._transport.write(answer)


def _field(head: str, name: str) -> str:
    begin = head.find(f"\r\n{name}:")
    if begin < 0:
        return ""
    end = head.find("\r\n", begin + 2)
    return head[begin + len(name) + 3 : end if end >= 0 else len(head)].strip()


async def _serve(port: int) -> None:
    seen = Seen()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(seen), "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
