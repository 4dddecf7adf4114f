"""The ceiling of the order read: a bare ASGI handler that answers what one select makes."""

import argparse
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import asyncpg
import uvicorn

from benchmarks.rows import SETTINGS

_SELECT = """
    select to_json(o)::text, (
        select json_agg(row) from (
            select s.*, (select json_agg(e order by e.event_time) from shipment_events e
                         where e.shop_id = s.shop_id and e.shipment_id = s.id) as events
            from shipments s where s.shop_id = o.shop_id and s.order_id = o.id order by s.position) row)::text
    from orders o where o.shop_id = $1 and o.order_number = $2
"""


class Bare:
    """The ASGI application."""

    def __init__(self, url: str, shop: UUID, size: int) -> None:
        self._url = url
        self._shop = shop
        self._size = size
        self._pool: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        name = unquote(scope["path"]).rpartition("/")[2]
        body = await self._read(name) if name else b"ready"
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _read(self, number: str) -> bytes:
        async with self._pool.acquire() as connection:
            order, parcels = await connection.fetchrow(_SELECT, self._shop, number)
        return f'{order[:-1]},"trackings":{parcels}}}'.encode().ljust(self._size)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._pool = await asyncpg.create_pool(
                    self._url, min_size=2, max_size=10, reset=_keep, server_settings=SETTINGS
                )
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._pool.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _keep(connection: Any) -> None:
    """As Karla does: no round trip at release."""


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("shop", type=UUID)
    parser.add_argument("port", type=int)
    parser.add_argument("size", type=int, help="bytes of an answer, filled up by spaces")
    given = parser.parse_args()
    app = Bare(given.url, given.shop, given.size)
    uvicorn.run(app, port=given.port, log_level="warning", access_log=False, server_header=False, lifespan="on")


if __name__ == "__main__":
    main()
