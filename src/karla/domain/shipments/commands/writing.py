"""How shipments and their timelines are written: set-based, in one statement."""

from collections.abc import Sequence
from uuid import UUID

from karla.domain.shipments.records import Observation, Shipment, TimelineEvent
from karla.infra.recordset import Row, recordset, row, row_of_shop, row_with, rows
from karla.infra.work import Work

_SHIPMENT = Shipment.__struct_fields__
_EVENT = ("shop_id", *TimelineEvent.__struct_fields__)
_STANDING = (
    "shop_id", "id", "phase", "state", "flag", "event_name", "event_time", "expected_from", "expected_to",
    "expected_confidence", "pickup", "updated_at",
)  # fmt: skip

_WRITE = f"""
    with written as (
        insert into shipments ({", ".join(_SHIPMENT)}) {recordset("shipments", _SHIPMENT, 1)}
        on conflict (shop_id, id) do update set
        {", ".join(f"{c} = excluded.{c}" for c in _SHIPMENT if c not in ("shop_id", "id", "order_id", "created_at"))}
    )
    insert into shipment_events ({", ".join(_EVENT)}) {recordset("shipment_events", _EVENT, 2)}
"""


def shipment_row(shipment: Shipment) -> Row:
    """The shipment as it is."""
    return row(shipment)


def event_row(shop_id: UUID, event: TimelineEvent) -> Row:
    """An event to append to a timeline of the shop."""
    return row_of_shop(shop_id, event)


async def write(work: Work, shipments: Sequence[Row], events: Sequence[Row]) -> None:
    """Write these shipments, and append these events to the timelines."""
    if shipments or events:
        await work.connection.execute(_WRITE, rows(shipments), rows(events))


_MOVE = f"""
    with moved as (
        update shipments s set {", ".join(f"{c} = n.{c}" for c in _STANDING[2:])}
        from ({recordset("shipments", _STANDING, 1)}) n
        where s.shop_id = n.shop_id and s.id = n.id
    )
    insert into shipment_events ({", ".join(_EVENT)}) {recordset("shipment_events", _EVENT, 2)}
"""  # noqa: S608 - no value is interpolated


def standing_row(shipment: Shipment) -> Row:
    """Where a shipment that is stored stands now."""
    return row_with(_STANDING, shipment)


async def move(work: Work, standings: Sequence[Row], events: Sequence[Row]) -> None:
    """Write where shipments stand, and append these events to the timelines."""
    if standings or events:
        await work.connection.execute(_MOVE, rows(standings), rows(events))


async def keep_sightings(work: Work, sightings: Sequence[tuple[TimelineEvent, Observation]]) -> None:
    """Keep what was told about events that are new, in the words it was told in."""
    told = [(event, observation, observation.raw) for event, observation in sightings if observation.raw is not None]
    if told:
        await work.connection.execute(
            """
            insert into sightings (shop_id, received_at, id, shipment_id, origin, raw)
            select shop_id, $1, id, shipment_id, origin, raw
            from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bytea[])
              as s (shop_id, id, shipment_id, origin, raw)
            """,
            work.now,
            [observation.shop_id for _, observation, _ in told],
            [event.id for event, _, _ in told],
            [event.shipment_id for event, _, _ in told],
            [event.origin for event, _, _ in told],
            [raw for _, _, raw in told],
        )


async def mark(work: Work, events: Sequence[tuple[UUID, TimelineEvent]]) -> None:
    """Write of events of timelines, each with its shop, whether they are withdrawn."""
    if events:
        await work.connection.execute(
            "update shipment_events e set withdrawn_at = w.withdrawn_at"
            " from unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::uuid[])"
            " as w (withdrawn_at, shop_id, shipment_id, id)"
            " where e.shop_id = w.shop_id and e.shipment_id = w.shipment_id and e.id = w.id",
            [event.withdrawn_at for _, event in events],
            [shop_id for shop_id, _ in events],
            [event.shipment_id for _, event in events],
            [event.id for _, event in events],
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
