"""The ceiling of the upsert: a bare ASGI handler, the same validation, one asyncpg transaction, the same rows.

`--statements many` writes one statement a table, as one would at first; `one` writes them as a single one.
"""

import argparse
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import uvicorn

from karla.entrypoints.api.orders.requests import OrderUpsert
from karla.infra.validation import Shape

_SHAPE = Shape(OrderUpsert)

_ORDER = """insert into orders (shop_id, id, order_number, external_id, order_placed_at, total_order_price,
    shipping_price, sub_total_price, discount_price, currency, email_id, external_customer_id,
    expected_number_of_shipments, segments, address, products, discounts, order_analytics, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15, $16, '{}', $17, $17)"""
_SHIPMENT = """insert into shipments (shop_id, id, order_id, position, direction, phase, state, flag, event_name,
    event_time, created_at, updated_at) values ($1, $2, $3, 0, 'merchant_customer', 'order_created', 'pending',
    'normal', 'ORDER_CREATED', $4, $5, $5)"""
_SCAN = """insert into shipment_events (shop_id, shipment_id, id, origin, external_id, event_name, event_time,
    created_at) values ($1, $2, $3, 'order', 'order_created', 'ORDER_CREATED', $4, $5)"""
_EVENT = """insert into events (shop_id, triggered_at, id, source, ref, event_name, event_group, order_id,
    shipment_id, payload) values ($1, $2, $3, 'shipments', 'shipments/order_created/ORDER_CREATED', 'ORDER_CREATED',
    'shipment_pre_transit', $4, $5, $6)"""
_OUTBOX = """insert into outbox (shop_id, event_id, triggered_at, filters) values ($1, $2, $3,
    array['*', 'shipments', 'shipments/order_created', 'shipments/order_created/ORDER_CREATED',
          'shipment_pre_transit'])"""
_ALL = f"""with o as ({_ORDER}),
    s as (insert into shipments (shop_id, id, order_id, position, direction, phase, state, flag, event_name,
        event_time, created_at, updated_at) values ($1, $18, $2, 0, 'merchant_customer', 'order_created', 'pending',
        'normal', 'ORDER_CREATED', $5, $17, $17)),
    t as (insert into shipment_events (shop_id, shipment_id, id, origin, external_id, event_name, event_time,
        created_at) values ($1, $18, $19, 'order', 'order_created', 'ORDER_CREATED', $5, $17)),
    e as (insert into events (shop_id, triggered_at, id, source, ref, event_name, event_group, order_id, shipment_id,
        payload) values ($1, $17, $19, 'shipments', 'shipments/order_created/ORDER_CREATED', 'ORDER_CREATED',
        'shipment_pre_transit', $2, $18, $20))
    insert into outbox (shop_id, event_id, triggered_at, filters) values ($1, $19, $17,
    array['*', 'shipments', 'shipments/order_created', 'shipments/order_created/ORDER_CREATED',
          'shipment_pre_transit'])"""


class Bare:
    """The ASGI application."""

    def __init__(self, url: str, shop: UUID, one_statement: bool) -> None:
        self._url = url
        self._shop = shop
        self._one = one_statement
        self._pool: Any = None
        self._payload = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["method"] == "GET":
            await self._answer(send, b"ready")
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        upsert = _SHAPE.decode(body)
        async with self._pool.acquire() as connection, connection.transaction():
            await (self._write_one(connection, upsert) if self._one else self._write_many(connection, upsert))
        await self._answer(send, b'{"ok":true}')

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._pool = await asyncpg.create_pool(self._url, min_size=2, max_size=10, init=_prepare, reset=_keep)
                # An envelope as Karla makes it, so that it is as long and as easy to compress.
                self._payload = await self._pool.fetchval("select payload from events limit 1")
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._pool.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, send: Any, body: bytes) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _order(self, upsert: OrderUpsert, order_id: UUID, now: datetime) -> list[object]:
        order = upsert.order
        assert order is not None
        members = order.members()
        return [
            self._shop, order_id, members.order_number, members.external_id, members.order_placed_at,
            members.total_order_price, members.shipping_price, members.sub_total_price, members.discount_price,
            members.currency, members.email_id, members.external_customer_id, members.segments,
            members.address, members.products and members.products.text,
            members.discounts and members.discounts.text, now,
        ]  # fmt: skip

    async def _write_many(self, connection: Any, upsert: OrderUpsert) -> None:
        now = datetime.now(UTC)
        order_id, shipment_id, event_id = uuid4(), uuid4(), uuid4()
        order = self._order(upsert, order_id, now)
        placed_at = order[4]
        await connection.execute(_ORDER, *order)
        await connection.execute(_SHIPMENT, self._shop, shipment_id, order_id, placed_at, now)
        await connection.execute(_SCAN, self._shop, shipment_id, event_id, placed_at, now)
        await connection.execute(_EVENT, self._shop, now, event_id, order_id, shipment_id, self._payload)
        await connection.execute(_OUTBOX, self._shop, event_id, now)

    async def _write_one(self, connection: Any, upsert: OrderUpsert) -> None:
        order = self._order(upsert, uuid4(), datetime.now(UTC))
        await connection.execute(_ALL, *order, uuid4(), uuid4(), self._payload)


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
        format="binary",
    )


async def _keep(connection: Any) -> None:
    """As Karla does: no round trip at release."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("shop", type=UUID)
    parser.add_argument("port", type=int)
    parser.add_argument("--statements", choices=["one", "many"], required=True)
    given = parser.parse_args()
    app = Bare(given.url, given.shop, given.statements == "one")
    uvicorn.run(app, port=given.port, log_level="warning", access_log=False, server_header=False, lifespan="on")


if __name__ == "__main__":
    main()
