"""Parcels begin to be followed, and when each is asked about."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from karla.domain.tracking.records import Asked, Interest, Place, Planned, Turn, Urgency
from karla.domain.tracking.rules.answers import digest_of
from karla.domain.tracking.rules.asking import GIVEN_UP_AFTER
from karla.infra.ids import new_id
from karla.infra.work import Work
from karla.vocabulary.carriers import SANDBOX
from karla.vocabulary.events import TERMINAL

# A transaction that was under way may commit what it wrote with an earlier time.
_OVERLAP: Final = timedelta(minutes=1)
ADOPTED_AT_ONCE: Final = 2_000
_FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)

_ADOPT: Final = """
    with found as (
        select s.id, s.carrier_reference, s.tracking_number, s.updated_at,
               -- Where nobody said when it was handed in, it is the moment at which it was written down.
               s.tracking_placed_at is null or s.tracking_placed_at in (s.created_at, s.updated_at) as unsaid,
               $11 <> '' and starts_with(upper(s.tracking_number), $11)
                   or s.carrier_reference = any ($5::text[]) as own
        from shipments s
        where s.shop_id = $1 and (s.updated_at, s.id) > ($2, $3) and s.tracking_number is not null
          and s.phase <> all ($4::text[]) and s.carrier_reference is not null
          and (($11 <> '' and starts_with(upper(s.tracking_number), $11))
               or ((s.carrier_reference = any ($5::text[]) or ($6 and s.carrier_reference <> $15)) and not exists (
                   select from unnest($12::text[]) as p (prefix)
                   where starts_with(upper(s.tracking_number), p.prefix))))
        order by s.updated_at, s.id limit $10
    ), adopted as (
        insert into followed_parcels (shop_id, shipment_id, provider, carrier, tracking_number, due_at, urgency,
                                      changed_at, began_at)
        select $1, id, $7, carrier_reference, tracking_number, $8, $9, $13,
               case when unsaid then $14::timestamptz end
        from found
        on conflict (shop_id, shipment_id) do update set
            provider = excluded.provider, carrier = excluded.carrier,
            tracking_number = excluded.tracking_number, due_at = excluded.due_at, urgency = excluded.urgency,
            changed_at = excluded.changed_at, began_at = excluded.began_at, registered = false, failures = 0,
            digest = null
        where (followed_parcels.carrier, followed_parcels.tracking_number)
                is distinct from (excluded.carrier, excluded.tracking_number)
           or (followed_parcels.provider <> excluded.provider
               and exists (select from found f where f.id = excluded.shipment_id and f.own))
    )
    select count(*) over () as looked_at, updated_at, id from found order by updated_at desc, id desc limit 1
"""


async def adopt(
    work: Work, turn: Turn, interest: Interest, since: Place, *, now: datetime, began_at: datetime | None
) -> Place | None:
    """Begin to follow the parcels that changed after `since` and that are of the account's interest.

    Answers where to go on, None at the end. One that got another carrier or number is followed anew. A provider for
    any carrier takes what no other one follows, those of the sandbox aside; a carrier's own one takes over from such
    a one. Parcels at their end are left. `now` is by the time that they live by; `began_at` is when those were handed
    in of which nobody says it, None: when they were written down.
    """
    row = await work.connection.fetchrow(
        _ADOPT,
        turn.shop_id,
        since.updated_at,
        since.shipment_id,
        [str(phase) for phase in TERMINAL],
        list(interest.carriers),
        interest.any_carrier,
        turn.provider,
        work.now,
        int(Urgency.MOVING),
        ADOPTED_AT_ONCE,
        interest.prefix,
        list(interest.other_prefixes),
        now,
        began_at,
        SANDBOX,
    )
    if row is None or row["looked_at"] < ADOPTED_AT_ONCE:
        return None
    return Place(row["updated_at"], row["id"])


def first_place(turn: Turn, now: datetime) -> Place:
    """Where an account's turn begins to look for parcels."""
    return Place((turn.adopted_until or now - GIVEN_UP_AFTER) - _OVERLAP, UUID(int=0))


async def settle(work: Work, turn: Turn, asked: Sequence[Asked]) -> None:
    """Keep what was told about parcels, and when each is due again."""
    told = [one for one in asked if one.body is not None]
    if told:
        await work.connection.execute(
            """
            insert into provider_answers (shop_id, received_at, id, shipment_id, provider, content_type, body, carrier,
                                          tracking_number, as_of)
            select $1, $2, a.id, a.shipment_id, $3, a.content_type, a.body, a.carrier, a.tracking_number, a.as_of
            from unnest($4::uuid[], $5::uuid[], $6::text[], $7::bytea[], $8::text[], $9::text[], $10::timestamptz[])
              as a (id, shipment_id, content_type, body, carrier, tracking_number, as_of)
            """,
            turn.shop_id,
            work.now,
            turn.provider,
            [new_id() for _ in told],
            [one.parcel.shipment_id for one in told],
            [one.content_type for one in told],
            [one.body for one in told],
            [one.parcel.carrier for one in told],
            [one.parcel.tracking_number for one in told],
            [one.at for one in told],
        )
    await work.connection.execute(
        """
        update followed_parcels f set
            due_at = case when n.ended then 'infinity' else n.due_at end, urgency = n.urgency, asked_at = $1,
            registered = f.registered or n.registered,
            digest = coalesce(n.digest, f.digest),
            failures = case when n.failed then f.failures + 1 else 0 end
        from unnest($3::uuid[], $4::timestamptz[], $5::bool[], $6::int[], $7::bool[], $8::bool[], $9::bytea[],
                    $10::text[], $11::text[])
          as n (shipment_id, due_at, ended, urgency, registered, failed, digest, tracking_number, carrier)
        where f.shop_id = $2 and f.shipment_id = n.shipment_id and f.provider = $12
          and f.tracking_number = n.tracking_number and f.carrier = n.carrier
        """,
        work.now,
        turn.shop_id,
        [one.parcel.shipment_id for one in asked],
        [one.next.at or _FOREVER for one in asked],
        [one.next.at is None for one in asked],
        [int(one.next.urgency) for one in asked],
        [one.registered for one in asked],
        [one.failed for one in asked],
        [None if one.body is None else digest_of(one.body) for one in asked],
        [one.parcel.tracking_number for one in asked],
        [one.parcel.carrier for one in asked],
        turn.provider,
    )


async def replan(work: Work, plans: Sequence[Planned]) -> None:
    """Ask about these parcels when their new standing says.

    What moves a parcel is a new scan, and not whatever else is new in an answer: counters and stamps change daily.
    """
    if not plans:
        return
    await work.connection.execute(
        """
        update followed_parcels f set
            due_at = case when n.ended then 'infinity' else n.due_at end, urgency = n.urgency,
            changed_at = coalesce(n.seen_at, f.changed_at)
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bool[], $5::int[], $6::timestamptz[])
          as n (shop_id, shipment_id, due_at, ended, urgency, seen_at)
        where f.shop_id = n.shop_id and f.shipment_id = n.shipment_id
        """,
        [plan.shop_id for plan in plans],
        [plan.shipment_id for plan in plans],
        [plan.next.at or _FOREVER for plan in plans],
        [plan.next.at is None for plan in plans],
        [int(plan.next.urgency) for plan in plans],
        [plan.seen_at for plan in plans],
    )
