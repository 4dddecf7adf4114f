"""Turns of accounts, the parcels that they follow, and what they were told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from karla.domain.tracking.records import Answer, Ask, Asked, Place, Turn, Urgency
from karla.domain.tracking.rules import GIVEN_UP_AFTER
from karla.infra.ids import new_id
from karla.infra.work import Work
from karla.vocabulary.carriers import SANDBOX
from karla.vocabulary.events import TERMINAL

LEASE: Final = timedelta(minutes=2)
"""For so long a worker has an account for itself; one that died leaves it after that."""

# A transaction that was under way may commit what it wrote with an earlier time.
_OVERLAP: Final = timedelta(minutes=1)
ADOPTED_AT_ONCE: Final = 2_000
_FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


async def enrol(work: Work, providers: Collection[str]) -> int:
    """Give a turn to each account that was connected, and none to those that aren't any more; how many came or went.

    What an account followed that is gone can be followed by another one. Works for every shop.
    """
    came = await work.connection.fetchval(
        """
        with came as (
            insert into trackers (shop_id, provider, due_at, day)
            select shop_id, slug, $1, $2 from connections
            where kind = 'carriers' and status = 'active' and slug = any ($3::text[])
            on conflict do nothing
            returning 1
        )
        select count(*) from came
        """,
        work.now,
        work.now.astimezone(UTC).date(),
        list(providers),
    )
    went = await work.connection.fetchval(
        """
        with went as (
            delete from trackers t where not exists (
                select from connections c
                where c.shop_id = t.shop_id and c.kind = 'carriers' and c.slug = t.provider and c.status = 'active')
            returning t.shop_id, t.provider
        ), orphans as (
            delete from followed_parcels f using went where f.shop_id = went.shop_id and f.provider = went.provider
        ), others as (
            -- They look at all parcels anew, to take over what they can.
            update trackers t set adopted_until = null
            from went where t.shop_id = went.shop_id and t.provider <> went.provider
        )
        select count(*) from went
        """
    )
    return int(came) + int(went)


async def take_turns(work: Work, limit: int) -> list[Turn]:
    """Up to `limit` accounts whose turn it is, the one that waited longest first; the caller's until `LEASE` ends."""
    rows = await work.connection.fetch(
        """
        with due as (
            select shop_id, provider from trackers
            where due_at <= $1 and (leased_until is null or leased_until <= $1)
            order by due_at limit $2
            for update skip locked
        )
        update trackers t set leased_until = $3
        from due where t.shop_id = due.shop_id and t.provider = due.provider
        returning t.shop_id, t.provider, t.day, t.calls, t.adopted_until, t.leased_until
        """,
        work.now,
        limit,
        work.now + LEASE,
    )
    return [Turn(**row) for row in rows]


async def adopt(work: Work, turn: Turn, carriers: Collection[str], since: Place, *, any_carrier: bool) -> Place | None:
    """Begin to follow the parcels that changed after `since` and that the account's provider can track.

    Answers where to go on, None at the end. One that got another carrier or number is followed anew. A provider for
    any carrier takes what no other one follows, those of the sandbox aside; a carrier's own one takes over from such
    a one. Parcels at their end are left.
    """
    row = await work.connection.fetchrow(
        """
        with found as (
            select s.id, s.carrier_reference, s.tracking_number, s.updated_at
            from shipments s
            where s.shop_id = $1 and (s.updated_at, s.id) > ($2, $3) and s.tracking_number is not null
              and s.phase <> all ($4::text[])
              and (s.carrier_reference = any ($5::text[]) or ($6 and s.carrier_reference <> $11))
            order by s.updated_at, s.id limit $10
        ), adopted as (
            insert into followed_parcels (shop_id, shipment_id, provider, carrier, tracking_number, due_at, urgency,
                                          changed_at)
            select $1, id, $7, carrier_reference, tracking_number, $8, $9, $8 from found
            on conflict (shop_id, shipment_id) do update set
                provider = excluded.provider, carrier = excluded.carrier,
                tracking_number = excluded.tracking_number, due_at = excluded.due_at, urgency = excluded.urgency,
                changed_at = excluded.changed_at, registered = false, failures = 0, digest = null
            where (followed_parcels.carrier, followed_parcels.tracking_number)
                    is distinct from (excluded.carrier, excluded.tracking_number)
               or (followed_parcels.provider <> excluded.provider and excluded.carrier = any ($5::text[]))
        )
        select count(*) over () as looked_at, updated_at, id from found order by updated_at desc, id desc limit 1
        """,
        turn.shop_id,
        since.updated_at,
        since.shipment_id,
        [str(phase) for phase in TERMINAL],
        list(carriers),
        any_carrier,
        turn.provider,
        work.now,
        int(Urgency.MOVING),
        ADOPTED_AT_ONCE,
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
                                          tracking_number)
            select $1, $2, a.id, a.shipment_id, $3, a.content_type, a.body, a.carrier, a.tracking_number
            from unnest($4::uuid[], $5::uuid[], $6::text[], $7::bytea[], $8::text[], $9::text[])
              as a (id, shipment_id, content_type, body, carrier, tracking_number)
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
        )
    await work.connection.execute(
        """
        update followed_parcels f set
            due_at = case when n.ended then 'infinity' else n.due_at end, urgency = n.urgency, asked_at = $1,
            registered = f.registered or n.registered,
            changed_at = case when n.digest is null then f.changed_at else $1 end,
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


async def replan(work: Work, plans: Sequence[tuple[UUID, UUID, Ask]]) -> None:
    """Ask about these parcels, by shop and shipment, when their new standing says."""
    if not plans:
        return
    await work.connection.execute(
        """
        update followed_parcels f set
            due_at = case when n.ended then 'infinity' else n.due_at end, urgency = n.urgency
        from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bool[], $5::int[])
          as n (shop_id, shipment_id, due_at, ended, urgency)
        where f.shop_id = n.shop_id and f.shipment_id = n.shipment_id
        """,
        [shop_id for shop_id, _, _ in plans],
        [shipment_id for _, shipment_id, _ in plans],
        [plan.at or _FOREVER for _, _, plan in plans],
        [plan.at is None for _, _, plan in plans],
        [int(plan.urgency) for _, _, plan in plans],
    )


async def give_back(work: Work, turn: Turn, *, calls: int, due_at: datetime, adopted_until: datetime | None) -> None:
    """End an account's turn: how many calls it has made today, and when it is its turn again."""
    await work.connection.execute(
        """
        update trackers set leased_until = null, due_at = $3, day = $4, calls = $5,
            adopted_until = case when adopted_until is not distinct from $7::timestamptz then $6::timestamptz end
        where shop_id = $1 and provider = $2 and leased_until = $8
        """,
        turn.shop_id,
        turn.provider,
        due_at,
        work.now.astimezone(UTC).date(),
        calls,
        adopted_until,
        turn.adopted_until,
        turn.leased_until,
    )


async def mark_read(work: Work, read: Sequence[Answer], unreadable: Mapping[UUID, str]) -> None:
    """Note that these were read, and by which fault some could not be."""
    await work.connection.execute(
        """
        update provider_answers a set read_at = $1, unreadable = r.fault
        from unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[]) as r (shop_id, received_at, id, fault)
        where a.shop_id = r.shop_id and a.received_at = r.received_at and a.id = r.id
        """,
        work.now,
        [answer.shop_id for answer in read],
        [answer.received_at for answer in read],
        [answer.id for answer in read],
        [unreadable.get(answer.id) for answer in read],
    )


async def read_again(work: Work, since: datetime, provider: str | None) -> int:
    """Have what was answered since then read anew; how many answers. What is on the timelines already stays."""
    count: int = await work.connection.fetchval(
        """
        with again as (
            update provider_answers set read_at = null, unreadable = null, again = true
            where received_at >= $1 and ($2::text is null or provider = $2) and read_at is not null
              and ($3 or shop_id = any ($4::uuid[]))
            returning 1
        )
        select count(*) from again
        """,
        since,
        provider,
        work.scope.everywhere,
        list(work.scope.shops),
    )
    return count


def digest_of(body: bytes) -> bytes:
    """What tells an answer from any other."""
    return sha256(body).digest()
