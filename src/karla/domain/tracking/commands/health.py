"""What came of asking carriers, and how fresh their news were, is counted hour by hour."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from karla.domain.tracking.records import Heard, Outcome, Question
from karla.domain.tracking.rules.health import AGE_BOUNDS, CALL_BOUNDS, buckets_of
from karla.infra.work import Work

KEPT: Final = timedelta(days=90)
_PRUNED_AT_ONCE: Final = 10_000


def _added(column: str, bounds: Sequence[int]) -> str:
    """Two rows' buckets together, as SQL."""
    places = range(1, len(bounds) + 2)
    sums = [f"coalesce(h.{column}[{place}], 0) + coalesce(excluded.{column}[{place}], 0)" for place in places]
    return f"array[{', '.join(sums)}]"


_OUTCOMES: Final = [str(outcome) for outcome in Outcome]
_NOTE_QUESTIONS: Final = f"""
    insert into carrier_hours as h (shop_id, provider, carrier, hour, {", ".join(_OUTCOMES)}, asked_at, told_at,
                                    call_buckets, slowest_ms)
    select $1, $2, q.carrier, date_trunc('hour', $3::timestamptz, 'UTC'), {", ".join(f"q.{o}" for o in _OUTCOMES)},
           $3, case when q.told > 0 then $3::timestamptz end, q.call_buckets::integer[], q.slowest_ms
    from unnest($4::text[], $5::text[], $6::integer[], {", ".join(f"${n}::integer[]" for n in range(7, 14))})
      as q (carrier, call_buckets, slowest_ms, {", ".join(_OUTCOMES)})
    order by q.carrier
    on conflict (shop_id, provider, carrier, hour) do update set
        {", ".join(f"{o} = h.{o} + excluded.{o}" for o in _OUTCOMES)},
        asked_at = greatest(h.asked_at, excluded.asked_at), told_at = greatest(h.told_at, excluded.told_at),
        call_buckets = {_added("call_buckets", CALL_BOUNDS)},
        slowest_ms = greatest(h.slowest_ms, excluded.slowest_ms)
"""  # noqa: S608 - no value is interpolated
_NOTE_HEARD: Final = f"""
    insert into carrier_hours as h (shop_id, provider, carrier, hour, scans, told_at, age_buckets, oldest_seconds)
    select n.shop_id, n.provider, n.carrier, date_trunc('hour', $1::timestamptz, 'UTC'), n.scans,
           case when n.scans > 0 then $1::timestamptz end, n.age_buckets::integer[], n.oldest_seconds
    from unnest($2::uuid[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::bigint[])
      as n (shop_id, provider, carrier, scans, age_buckets, oldest_seconds)
    order by n.shop_id, n.provider, n.carrier
    on conflict (shop_id, provider, carrier, hour) do update set
        scans = h.scans + excluded.scans, told_at = greatest(h.told_at, excluded.told_at),
        age_buckets = {_added("age_buckets", AGE_BOUNDS)},
        oldest_seconds = greatest(h.oldest_seconds, excluded.oldest_seconds)
"""  # noqa: S608 - no value is interpolated


async def note_questions(work: Work, shop_id: UUID, provider: str, questions: Sequence[Question]) -> None:
    """Count what came of these questions in this hour.

    The rows are taken in the order of their carriers, so that two that count at once don't wait for each other.
    """
    if not questions:
        return
    of: defaultdict[str, list[Question]] = defaultdict(list)
    for question in questions:
        of[question.carrier].append(question)
    times = [[one.call_ms for one in asked if one.call_ms is not None] for asked in of.values()]
    await work.connection.execute(
        _NOTE_QUESTIONS,
        shop_id,
        provider,
        work.now,
        list(of),
        [_literal(buckets_of(some, CALL_BOUNDS)) for some in times],
        [max(some, default=None) for some in times],
        *([sum(one.outcome is outcome for one in asked) for asked in of.values()] for outcome in Outcome),
    )


async def note_heard(work: Work, heard: Sequence[Heard]) -> None:
    """Count new scans in this hour, and how old they were; also those that were told without being asked for."""
    of: defaultdict[tuple[UUID, str, str], list[Heard]] = defaultdict(list)
    for one in heard:
        if one.scans or one.ages:
            of[one.shop_id, one.provider, one.carrier].append(one)
    if not of:
        return
    ages = [[age for one in some for age in one.ages] for some in of.values()]
    await work.connection.execute(
        _NOTE_HEARD,
        work.now,
        [shop_id for shop_id, _, _ in of],
        [provider for _, provider, _ in of],
        [carrier for _, _, carrier in of],
        [sum(one.scans for one in some) for some in of.values()],
        [_literal(buckets_of(some, AGE_BOUNDS)) for some in ages],
        [round(max(some)) if some else None for some in ages],
    )


async def prune_hours(work: Work) -> int:
    """Forget some of the hours that are over for longer than `KEPT`; how many. Works for every shop."""
    count: int = await work.connection.fetchval(
        """
        with pruned as (
            delete from carrier_hours h using (
                select shop_id, provider, carrier, hour from carrier_hours where hour < $1 order by hour limit $2
            ) as old
            where (h.shop_id, h.provider, h.carrier, h.hour) = (old.shop_id, old.provider, old.carrier, old.hour)
            returning 1
        )
        select count(*) from pruned
        """,
        work.now - KEPT,
        _PRUNED_AT_ONCE,
    )
    return count


def _literal(counts: Sequence[int]) -> str:
    """As PostgreSQL writes an array: an array of arrays can't be unnested row by row."""
    return f"{{{','.join(map(str, counts))}}}"
