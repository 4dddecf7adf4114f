"""`python -m benchmarks.deliveries_ceiling URL SCAN EVENTS CONCURRENCY`: signs and posts what a worker would.

It posts the newest events of this name to every webhook that wants their phase, and ends.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import NamedTuple

import aiohttp
import uvloop

from benchmarks.rows import raw
from karla.infra.ids import new_id
from karla.infra.signing import karla_signature, standard_headers

_HELD = """
    select w.url, w.secret, e.id::text as event, e.payload
    from (select * from events where event_name = $1 order by triggered_at desc limit $2) e
    join webhooks w on w.shop_id = e.shop_id and e.ref like w.enabled_events[1] || '/%'
"""


class Held(NamedTuple):
    """What a request is made of."""

    url: str
    secret: str
    event: str
    payload: bytes


async def _post_all(session: aiohttp.ClientSession, held: Iterator[Held]) -> None:
    for one in held:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "Karla-Signature": karla_signature([one.secret], timestamp, one.payload),
            "Karla-Delivery-Id": str(new_id()),
            **standard_headers([one.secret], one.event, timestamp, one.payload),
        }
        async with session.post(one.url, data=one.payload, headers=headers, allow_redirects=False) as response:
            await response.read()
            if response.status != 200:
                raise RuntimeError(f"the receiver answered {response.status}")


async def _run(url: str, scan: str, events: int, concurrency: int) -> None:
    async with raw(url) as connection:
        held = [Held(*row) for row in await connection.fetch(_HELD, scan, events)]
    connector = aiohttp.TCPConnector(limit=2000)
    headers = {"User-Agent": f"Karla/{version('karla')}", "Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        waiting = iter(held)
        await asyncio.gather(*(_post_all(session, waiting) for _ in range(concurrency)))


if __name__ == "__main__":
    uvloop.run(_run(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
