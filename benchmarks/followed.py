"""Shops with an account each and parcels that are due, ready for a poller time and again.

The parcels are copies of one that the API made; what a round has changed is put back as it was.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from benchmarks.api import api_of
from benchmarks.carrier import SLUG, credentials, number
from benchmarks.hooks import TooSlow
from benchmarks.rows import Connection, raw, table_of
from benchmarks.seeding import TEMPLATE, template
from benchmarks.stage import Stage, free_port
from karla.domain.connections.commands import connect
from karla.domain.connections.records import Wish
from karla.domain.connections.rules import SEALED_FOR
from karla.domain.subscribers.journal import Journal
from karla.domain.tenants.commands import create_shop
from karla.infra.access import EVERYWHERE, scope_of
from karla.infra.db import Database
from karla.infra.ids import new_id
from karla.infra.sealing import Seals
from karla.infra.settings import Settings, secret_keys_of
from karla.integrations.contract import Kind

# What differs between the copies.
_PARCELS = "create temporary table parcels (shop_id uuid, order_id uuid, shipment_id uuid, number text, carrier text)"
# By table, copies of the order $1.
_COPIES = {
    "orders": """
        select copy.* from orders o, parcels p, lateral jsonb_populate_record(o, jsonb_build_object(
            'shop_id', p.shop_id, 'id', p.order_id, 'order_number', p.number, 'external_id', p.number)) copy
        where o.order_number = $1
    """,
    "shipments": """
        select copy.* from shipments s join orders o on o.shop_id = s.shop_id and o.id = s.order_id, parcels p,
            lateral jsonb_populate_record(s, jsonb_build_object(
                'shop_id', p.shop_id, 'id', p.shipment_id, 'order_id', p.order_id, 'tracking_number', p.number,
                'carrier_reference', p.carrier, 'tracking_company', null, 'tracking_url', null)) copy
        where o.order_number = $1
    """,
    "shipment_events": """
        select copy.* from shipment_events e
            join shipments s on s.shop_id = e.shop_id and s.id = e.shipment_id
            join orders o on o.shop_id = s.shop_id and o.id = s.order_id, parcels p,
            lateral jsonb_populate_record(e, jsonb_build_object(
                'shop_id', p.shop_id, 'id', gen_random_uuid(), 'shipment_id', p.shipment_id)) copy
        where o.order_number = $1
    """,
}
_FOLLOWING = ("trackers", "followed_parcels", "provider_answers")
_NEWS = ("events", "outbox")
_READ = "select count(read_at), count(unreadable) from provider_answers"
_LOOK_SECONDS = 0.02


class Unread(Exception):
    """Answers could not be read."""


class Followed:
    """The parcels, `count` in all, of some shops."""

    def __init__(self, url: str, count: int) -> None:
        self.count = count
        self._url = url

    @classmethod
    async def prepare(cls, it: Stage, provider: str, shops: int, count: int) -> "Followed":
        """Make the shops, connect each with the stand-in at `provider`, and give them their parcels."""
        port = free_port()
        with it.karla("serve", port=port):
            await template(api_of(it, port), scans=0)
        made = await _shops(it, provider, shops)
        async with raw(it.url) as connection:
            await _copy(connection, made, count)
            for name in _COPIES:
                await connection.execute(f"create table bench_{name} as table {name}")
        return cls(it.url, count)

    async def renew(self, *, answered: bool = False) -> None:
        """Nothing has happened to any parcel; `answered`: all were asked about, and nobody has read the answers."""
        async with raw(self._url) as connection:
            # Nothing of what stays is deleted with what it belongs to.
            await connection.execute("set session_replication_role = replica")
            for name in (*_NEWS, *_COPIES, *(() if answered else _FOLLOWING)):
                await connection.execute(f"delete from {name}")
            for name in _COPIES:
                kept = await table_of(connection, name)
                await connection.execute(kept.insert_from(f"select * from bench_{name}"))
            await connection.execute("update provider_answers set read_at = null, unreadable = null")
            await connection.execute("vacuum analyze")

    async def until_read(self, seconds: float) -> None:
        """When the answers about all parcels were read; TooSlow after that long, Unread if one of them can't be."""
        deadline = time.monotonic() + seconds
        async with raw(self._url) as connection:
            while True:
                read, unreadable = await connection.fetchrow(_READ) or (0, 0)
                if unreadable:
                    raise Unread(f"{unreadable} of {read} answers could not be read")
                if read == self.count:
                    return
                if time.monotonic() > deadline:
                    raise TooSlow(f"{read} of {self.count} answers were read")
                await asyncio.sleep(_LOOK_SECONDS)

    async def scans(self) -> int:
        """How many things the provider's answers have put on the timelines."""
        async with raw(self._url) as connection:
            return int(await connection.fetchval("select count(*) from shipment_events where origin = $1", SLUG))


async def _shops(it: Stage, provider: str, count: int) -> list[UUID]:
    """New shops, each with its account."""
    seals = Seals(secret_keys_of(Settings(data_dir=it.folder)), SEALED_FOR)
    wish = Wish(kind=Kind.CARRIERS, slug=SLUG, name="bench", credentials=credentials(provider), settings={}, hints={})
    db = await Database.open(it.url, announce=Journal, pool_size=2)
    try:
        made = []
        for place in range(count):
            new = partial(create_shop, organisation="bench-org", slug=f"following-{place}", name=f"Shop {place}")
            shop = await db.write(EVERYWHERE, new)
            await db.write(scope_of([shop.id]), partial(connect, seals=seals, wish=wish))
            made.append(shop.id)
        return made
    finally:
        await db.close()


async def _copy(connection: Connection, shops: Sequence[UUID], count: int) -> None:
    """Give the shops, by turns, so many copies of the template."""
    parcels = [(shops[place % len(shops)], new_id(), new_id(), number(place), SLUG) for place in range(count)]
    await connection.execute(_PARCELS)
    await connection.copy_records_to_table("parcels", records=parcels)
    # The copies refer to each other rightly; checking it row by row takes longer than making them.
    await connection.execute("set session_replication_role = replica")
    for name, copies in _COPIES.items():
        await connection.execute((await table_of(connection, name)).insert_from(copies), TEMPLATE)
