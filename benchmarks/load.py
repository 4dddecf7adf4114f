"""A load generator that costs little: keep-alive connections, prepared bytes, one asyncio protocol each."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

CONNECTIONS = 32


class Outcome(NamedTuple):
    """What a run came to."""

    per_second: float
    p50_ms: float
    p99_ms: float


class Refused(Exception):
    """The server answered something other than 2xx."""


async def drive(
    ports: int | Sequence[int], requests: Iterator[bytes], seconds: float, connections: int = CONNECTIONS
) -> Outcome:
    """Send requests on all connections for so long, or while there are any; each has one under way at a time.

    Of several ports each gets its share of the connections, as by a load balancer.
    """
    ports = [ports] if isinstance(ports, int) else ports
    stop_at = time.perf_counter() + seconds
    times: list[float] = []
    started = time.perf_counter()
    await asyncio.gather(*(_one(ports[place % len(ports)], requests, stop_at, times) for place in range(connections)))
    took = time.perf_counter() - started
    times.sort()
    return Outcome(len(times) / took, 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)])


async def _one(port: int, requests: Iterator[bytes], stop_at: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while time.perf_counter() < stop_at:
            request = next(requests, None)
            if request is None:
                return
            began = time.perf_counter()
            writer.write(request)
            await answer(reader)
            times.append(time.perf_counter() - began)
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """Read one answer that has a Content-Length or no body; its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    place = lowered.find(b"content-length:") + 15
    length = int(lowered[place : lowered.index(b"\r\n", place)]) if place > 14 else 0
    body = await reader.readexactly(length) if length else b""
    if not head.startswith(b"HTTP/1.1 2"):
        raise Refused(head.split(b"\r\n")[0].decode() + " " + body[:500].decode())
    return body


async def ask(port: int, request: bytes) -> bytes:
    """The body that one request is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await answer(reader)
    finally:
        writer.close()


def request_bytes(method: str, path: str, authorization: str, body: bytes) -> bytes:
    """A whole request."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
