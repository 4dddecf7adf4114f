"""How long parcels took is learnt, one by one, and counted together now and then."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

from asyncpg import Record

from karla.domain.tracking.records import TransitSample
from karla.domain.tracking.rules.forecasting import SHARED_PARCELS, SHARED_SHOPS
from karla.infra.work import Work
from karla.vocabulary.carriers import SANDBOX

KEPT: Final = timedelta(days=180)
"""A parcel that arrived so long ago says nothing any more of those that are under way."""
LANES_AT_ONCE: Final = 200

# What went from the counts of all shops with a shop is found out so often.
_COUNTED_ANEW_AFTER: Final = timedelta(days=1)

_Lane: TypeAlias = tuple[str, str]
_ShopLane: TypeAlias = tuple[UUID, str, str]


async def learn(work: Work, samples: Sequence[TransitSample]) -> None:
    """Keep how long parcels took; of one that is told of again what was told last."""
    last = {(sample.journey.shop_id, sample.shipment_id): sample for sample in samples}
    told = [last[key] for key in sorted(last)]
    if not told:
        return
    await work.connection.execute(
        """
        insert into transit_samples (shop_id, shipment_id, origin, destination, carrier, service, weekday, days, steps,
                                     delivered_at)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                             $8::smallint[], $9::smallint[], $10::timestamptz[])
        on conflict (shop_id, shipment_id) do update set
            origin = excluded.origin, destination = excluded.destination, carrier = excluded.carrier,
            service = excluded.service, weekday = excluded.weekday, days = excluded.days, steps = excluded.steps,
            delivered_at = excluded.delivered_at, counted = false
        where (transit_samples.origin, transit_samples.destination, transit_samples.carrier, transit_samples.service,
               transit_samples.weekday, transit_samples.days, transit_samples.steps)
           is distinct from (excluded.origin, excluded.destination, excluded.carrier, excluded.service,
                             excluded.weekday, excluded.days, excluded.steps)
        """,
        [sample.journey.shop_id for sample in told],
        [sample.shipment_id for sample in told],
        [sample.journey.origin for sample in told],
        [sample.journey.destination for sample in told],
        [sample.journey.carrier for sample in told],
        [sample.journey.service for sample in told],
        [sample.journey.handed_on.isoweekday() for sample in told],
        [sample.days for sample in told],
        [sample.steps for sample in told],
        [sample.delivered_at for sample in told],
    )


async def count_transits(work: Work) -> int:
    """Count what was learnt since the last time, and drop what is too old; how many parcels that were.

    Works for every shop, and is one worker's at a time. A lane is counted as a whole, so that nothing is counted
    twice, whatever ended half-way.
    """
    expired = await _expired(work)
    new = await _taken(work)
    told = [*expired, *new]
    lanes = {lane for lane, _ in told} | {(lane[0], *was) for lane, was in told if was is not None}
    await _count_of_shops(work, lanes)
    await _count_of_all(work, {(origin, destination) for _, origin, destination in lanes} | await _stale(work))
    return len(told)


async def _expired(work: Work) -> list[tuple[_ShopLane, _Lane | None]]:
    rows = await work.connection.fetch(
        """
        delete from transit_samples t
        using (select shop_id, origin, destination from transit_samples where delivered_at < $1
               group by shop_id, origin, destination limit $2) l
        where t.shop_id = l.shop_id and t.origin = l.origin and t.destination = l.destination and t.delivered_at < $1
        returning t.shop_id, t.origin, t.destination, t.counted_origin, t.counted_destination
        """,
        work.now - KEPT,
        LANES_AT_ONCE,
    )
    return _lanes(rows)


async def _taken(work: Work) -> list[tuple[_ShopLane, _Lane | None]]:
    """The lanes of samples that aren't counted as they are: some, so that each lane is counted but once."""
    rows = await work.connection.fetch(
        """
        update transit_samples t set counted = true, counted_origin = t.origin, counted_destination = t.destination
        from (
            select s.shop_id, s.shipment_id, s.counted_origin, s.counted_destination
            from (select shop_id, origin, destination from transit_samples where not counted
                  group by shop_id, origin, destination order by origin, destination limit $1) l
            join transit_samples s
              on s.shop_id = l.shop_id and s.origin = l.origin and s.destination = l.destination
            where not s.counted for update of s skip locked
        ) n
        where t.shop_id = n.shop_id and t.shipment_id = n.shipment_id
        returning t.shop_id, t.origin, t.destination, n.counted_origin, n.counted_destination
        """,
        LANES_AT_ONCE,
    )
    return _lanes(rows)


def _lanes(rows: Sequence[Record]) -> list[tuple[_ShopLane, _Lane | None]]:
    """Of each sample its lane, and the one that it was counted under before, if any."""
    return [
        ((shop_id, origin, destination), None if was is None else (was, to))
        for shop_id, origin, destination, was, to in rows
    ]


async def _count_of_shops(work: Work, lanes: Collection[_ShopLane]) -> None:
    """A sandbox's parcels go as their stories say: they count for the sandbox, and not for a lane."""
    told = [
        [shop_id for shop_id, _, _ in lanes],
        [origin for _, origin, _ in lanes],
        [destination for _, _, destination in lanes],
    ]
    await work.connection.execute(
        """
        delete from shop_transit_times t
        using unnest($1::uuid[], $2::text[], $3::text[]) as l (shop_id, origin, destination)
        where t.shop_id = l.shop_id and t.origin = l.origin and t.destination = l.destination
        """,
        *told,
    )
    await work.connection.execute(
        """
        with counted as (
            select t.shop_id, t.origin, t.destination, t.carrier, t.service, t.weekday, t.days, t.steps,
                   count(*) as samples
            from unnest($1::uuid[], $2::text[], $3::text[]) as l (shop_id, origin, destination)
            join transit_samples t
              on t.shop_id = l.shop_id and t.origin = l.origin and t.destination = l.destination
            group by t.shop_id, t.origin, t.destination, t.carrier, t.service, t.weekday, t.days, t.steps
        ), levels as (
            select shop_id, origin, destination, carrier, service, weekday, days as day, samples from counted
            union all
            select shop_id, origin, destination, carrier, service, 0, steps, samples from counted
            union all
            select shop_id, origin, destination, carrier, '*', 0, steps, samples from counted
            union all
            select shop_id, origin, destination, '*', '*', 0, steps, samples from counted where carrier <> $4
        ), by_day as (
            select shop_id, origin, destination, carrier, service, weekday, day, sum(samples)::integer as samples
            from levels group by shop_id, origin, destination, carrier, service, weekday, day
        )
        insert into shop_transit_times (shop_id, origin, destination, carrier, service, weekday, days, samples)
        select shop_id, origin, destination, carrier, service, weekday, array_agg(day order by day),
               array_agg(samples order by day)
        from by_day group by shop_id, origin, destination, carrier, service, weekday
        """,
        *told,
        SANDBOX,
    )


async def _stale(work: Work) -> set[_Lane]:
    rows = await work.connection.fetch(
        "select distinct origin, destination from transit_times where counted_at < $1 limit $2",
        work.now - _COUNTED_ANEW_AFTER,
        LANES_AT_ONCE,
    )
    return {(row["origin"], row["destination"]) for row in rows}


async def _count_of_all(work: Work, lanes: Collection[_Lane]) -> None:
    """Of all shops together, where they are enough."""
    told = [[origin for origin, _ in lanes], [destination for _, destination in lanes]]
    await work.connection.execute(
        """
        delete from transit_times t using unnest($1::text[], $2::text[]) as l (origin, destination)
        where t.origin = l.origin and t.destination = l.destination
        """,
        *told,
    )
    await work.connection.execute(
        """
        with told as (
            select t.shop_id, t.origin, t.destination, t.carrier, t.service, t.weekday, t.days, t.samples
            from unnest($1::text[], $2::text[]) as l (origin, destination)
            join shop_transit_times t on t.origin = l.origin and t.destination = l.destination
            where t.carrier <> $3
        ), by_day as (
            select t.origin, t.destination, t.carrier, t.service, t.weekday, d.day, sum(d.samples)::integer as samples
            from told t cross join lateral unnest(t.days, t.samples) as d (day, samples)
            group by t.origin, t.destination, t.carrier, t.service, t.weekday, d.day
        ), enough as (
            select origin, destination, carrier, service, weekday from told
            group by origin, destination, carrier, service, weekday having count(distinct shop_id) >= $4
        )
        insert into transit_times (origin, destination, carrier, service, weekday, days, samples, counted_at)
        select origin, destination, carrier, service, weekday, array_agg(day order by day),
               array_agg(samples order by day), $6
        from by_day join enough using (origin, destination, carrier, service, weekday)
        group by origin, destination, carrier, service, weekday having sum(samples) >= $5
        """,
        *told,
        SANDBOX,
        SHARED_SHOPS,
        SHARED_PARCELS,
        work.now,
    )
