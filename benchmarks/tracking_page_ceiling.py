"""The ceiling of the tracking page: a bare ASGI handler that answers the same bytes, kept in memory."""

import argparse
from pathlib import Path
from typing import Any

import uvicorn


class Bare:
    """The ASGI application; whatever is asked for, it is this."""

    def __init__(self, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._headers = headers
        self._body = body

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._lifespan(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("answer", type=Path, help="a whole answer of HTTP/1.1: head, empty line, body")
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    head, _, body = given.answer.read_bytes().partition(b"\r\n\r\n")
    headers = [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:])]
    app = Bare(headers, body)
    uvicorn.run(
        app,
        port=given.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="on",
    )


if __name__ == "__main__":
    main()
