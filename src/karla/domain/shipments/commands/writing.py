"""How shipments and their timelines are written: set-based, in one statement."""

from collections.abc import Sequence
from uuid import UUID

from karla.domain.shipments.records import Shipment, TimelineEvent
from karla.infra.db import column
from karla.infra.work import Work

_SHIPMENT = {
    "shop_id": "uuid",
    "id": "uuid",
    "order_id": "uuid",
    "position": "integer",
    "tracking_number": "text",
    "external_shipment_id": "text",
    "carrier_reference": "text",
    "tracking_company": "text",
    "tracking_url": "text",
    "tracking_placed_at": "timestamptz",
    "direction": "text",
    "products": "jsonb",
    "phase": "text",
    "state": "text",
    "flag": "text",
    "event_name": "text",
    "event_time": "timestamptz",
    "expected_from": "timestamptz",
    "expected_to": "timestamptz",
    "pickup": "jsonb",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
}
_EVENT = {
    "shipment_id": "uuid",
    "id": "uuid",
    "origin": "text",
    "external_id": "text",
    "event_name": "text",
    "event_time": "timestamptz",
    "correction": "boolean",
    "timezone": "text",
    "location": "jsonb",
    "additional_info": "jsonb",
    "created_at": "timestamptz",
}


def _unnested(columns: dict[str, str], first: int) -> str:
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), first))


_WRITE = f"""
    with written as (
        insert into shipments ({", ".join(_SHIPMENT)})
        select * from unnest({_unnested(_SHIPMENT, 1)})
        on conflict (shop_id, id) do update set
        {", ".join(f"{c} = excluded.{c}" for c in _SHIPMENT if c not in ("shop_id", "id", "order_id", "created_at"))}
    )
    insert into shipment_events (shop_id, {", ".join(_EVENT)})
    select * from unnest(${len(_SHIPMENT) + 1}::uuid[], {_unnested(_EVENT, len(_SHIPMENT) + 2)})
"""  # noqa: S608 - column names of our own


async def write(work: Work, shipments: Sequence[Shipment], events: Sequence[tuple[UUID, TimelineEvent]]) -> None:
    """Write the shipments as they are, and append the events (each with its shop) to the timelines."""
    if shipments or events:
        await work.connection.execute(
            _WRITE,
            *(column((getattr(shipment, name) for shipment in shipments), kind) for name, kind in _SHIPMENT.items()),
            [shop_id for shop_id, _ in events],
            *(column((getattr(event, name) for _, event in events), kind) for name, kind in _EVENT.items()),
        )


async def remove(work: Work, shipments: Sequence[tuple[UUID, UUID]]) -> None:
    """Delete drafts that are no longer expected, by shop and id."""
    if shipments:
        await work.connection.execute(
            "delete from shipments s using unnest($1::uuid[], $2::uuid[]) as w (shop_id, id)"
            " where s.shop_id = w.shop_id and s.id = w.id",
            [shop_id for shop_id, _ in shipments],
            [shipment_id for _, shipment_id in shipments],
        )
