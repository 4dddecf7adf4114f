"""Many rows quickly: one order made by the API is the template, set-based copies of its rows differ in their names.

The copies are whole rows of the tables as they are, so they follow the schema.
"""

import json
import time

from benchmarks.api import Api
from benchmarks.orders import bodies
from benchmarks.rows import raw, table_of

TEMPLATE = "template-0"
SCANS = ("ARRIVAL_AT_TRANSPORT_HUB", "DEPARTURE_FROM_TRANSPORT_HUB", "OUT_FOR_DELIVERY", "SUCCESSFULLY_DELIVERED")
_CHUNK = 50_000

# Of the form of Karla's own, one millisecond after the other up to an hour ago.
_ID = """
    create or replace function bench_id(salt text, n bigint) returns uuid immutable language sql as $$
        select (lpad(to_hex({first} + n), 12, '0') || '4' || substr(md5(salt || n), 14, 3)
                || '8' || substr(md5(salt || n), 18))::uuid $$
"""
# By table, the copies `n` from $1 to $2 of the order $3. Two orders have one e-mail address and twenty one ZIP code,
# however many there are: answers are of one size.
_COPIES = {
    "orders": """
        select copy.* from orders o, generate_series($1::bigint, $2::bigint) n, lateral jsonb_populate_record(o,
            jsonb_build_object('id', bench_id('order', n), 'order_number', 'copy-' || n,
                'external_id', 'ext-copy-' || n, 'email_id', 'buyer-' || n / 2 || '@mail.example',
                'order_placed_at', o.order_placed_at - n * interval '1 s',
                'address', o.address || jsonb_build_object('zip_code', 'Z' || n / 20))) copy
        where o.order_number = $3
    """,
    "shipments": """
        select copy.* from shipments s join orders o on o.shop_id = s.shop_id and o.id = s.order_id,
            generate_series($1::bigint, $2::bigint) n, lateral jsonb_populate_record(s,
            jsonb_build_object('id', bench_id('shipment', n), 'order_id', bench_id('order', n),
                'tracking_number', 'copy-parcel-' || n, 'updated_at', s.updated_at - n * interval '1 s')) copy
        where o.order_number = $3
    """,
    "shipment_events": """
        select copy.* from shipment_events e
            join shipments s on s.shop_id = e.shop_id and s.id = e.shipment_id
            join orders o on o.shop_id = s.shop_id and o.id = s.order_id,
            generate_series($1::bigint, $2::bigint) n, lateral jsonb_populate_record(e,
            jsonb_build_object('id', bench_id(e.id::text, n), 'shipment_id', bench_id('shipment', n))) copy
        where o.order_number = $3
    """,
}


async def template(api: Api, scans: int = 2) -> str:
    """Make the template: an order with one parcel and so many scans; the parcel's id."""
    order = json.loads(next(bodies("template-")))
    order["trackings"] = [{"tracking_number": "00340434161094000000", "carrier_reference": "dhl"}]
    placed = await api.call("PUT", "/orders", order)
    shipment = str(placed["trackings"][0]["id"])
    for place in range(scans):
        await api.scan(shipment, SCANS[place], f"template-{place}")
    return shipment


async def fill(url: str, count: int) -> None:
    """Copy the template so many times, numbered from 0, and let PostgreSQL take stock."""
    async with raw(url) as connection:
        await connection.execute(_ID.format(first=time.time_ns() // 1_000_000 - 3_600_000 - count))
        # The copies refer to each other rightly; checking it row by row takes longer than making them.
        await connection.execute("set session_replication_role = replica")
        statements = [(await table_of(connection, name)).insert_from(copies) for name, copies in _COPIES.items()]
        for first in range(0, count, _CHUNK):
            last = min(first + _CHUNK, count) - 1
            for statement in statements:
                await connection.execute(statement, first, last, TEMPLATE)
            if count > _CHUNK:
                print(f"  filled {last + 1:,} orders", flush=True)
        await connection.execute("vacuum analyze")
