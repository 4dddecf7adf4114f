"""`python -m benchmarks.poller_ceiling URL FILE IN_FLIGHT`: sends the requests of FILE, so many at once, and ends.

They are those that a worker has sent, with the same headers; the answers are thrown away.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import msgspec
import uvloop

from karla.infra.http.standin import Asked

# These are the connection's, or follow from the body.
_NOT_SENT = frozenset({"host", "content-length"})


async def _send_all(session: aiohttp.ClientSession, url: str, waiting: Iterator[Asked]) -> None:
    for asked in waiting:
        headers = {name: value for name, value in asked.headers.items() if name not in _NOT_SENT}
        async with session.request(
            asked.method, url + asked.path, params=asked.query, headers=headers, data=asked.body or None
        ) as response:
            await response.read()
            if response.status != 200:
                raise RuntimeError(f"the stand-in answered {response.status}")


async def _run(url: str, held: list[Asked], in_flight: int) -> None:
    connector = aiohttp.TCPConnector(limit=2000)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        waiting = iter(held)
        await asyncio.gather(*(_send_all(session, url, waiting) for _ in range(in_flight)))


if __name__ == "__main__":
    uvloop.run(
        _run(sys.argv[1], msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=list[Asked]), int(sys.argv[3]))
    )
