"""How a shop's carriers are doing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from karla.domain.connections.records import ConnectionStatus
from karla.domain.tracking.records import CarrierHealth, Outcome, Span
from karla.domain.tracking.rules.health import AGE_BOUNDS, CALL_BOUNDS, LATELY, OVERDUE, RECENTLY, verdict_on
from karla.infra.work import Connection
from karla.vocabulary.scope import Scope


def _summed(column: str, bounds: Sequence[int]) -> str:
    """The buckets of many rows together, as SQL."""
    sums = [f"coalesce(sum(h.{column}[{place}]), 0)" for place in range(1, len(bounds) + 2)]
    return f"array[{', '.join(sums)}]::bigint[] as {column}"


# An hour belongs to a span that it reaches into. The condition on `$6`, the earliest of the three, is for the index.
_SPANS: Final = f"""
    select h.provider, h.carrier, s.span, {", ".join(f"sum(h.{o}) as {o}" for o in Outcome)},
           {_summed("call_buckets", CALL_BOUNDS)}, max(h.slowest_ms) as slowest_ms,
           sum(h.scans) as scans, {_summed("age_buckets", AGE_BOUNDS)}, max(h.oldest_seconds) as oldest_seconds
    from carrier_hours h
    join (values ('whole', $3::timestamptz), ('day', $4::timestamptz), ('recent', $5::timestamptz)) as s (span, since)
      on h.hour > s.since - interval '1 hour'
    where h.shop_id = $1 and h.shop_id = any ($2::uuid[]) and h.hour > $6::timestamptz - interval '1 hour'
    group by h.provider, h.carrier, s.span
"""  # noqa: S608 - no value is interpolated
_STANDING: Final = """
    with followed as (
        select provider, carrier, count(*) as followed, count(*) filter (where due_at <= $4) as due,
               count(*) filter (where due_at <= $5) as overdue
        from followed_parcels
        where shop_id = $1 and shop_id = any ($2::uuid[]) and due_at < 'infinity'
        group by provider, carrier
    ), listed as (
        select provider, carrier from followed
        union
        select provider, carrier from carrier_hours
        where shop_id = $1 and shop_id = any ($2::uuid[]) and hour > $3::timestamptz - interval '1 hour'
    )
    select l.provider, l.carrier, coalesce(f.followed, 0) as followed, coalesce(f.due, 0) as due,
           coalesce(f.overdue, 0) as overdue, asked.asked_at as last_asked_at, told.told_at as last_told_at,
           c.status as account
    from listed l
    left join followed f on f.provider = l.provider and f.carrier = l.carrier
    left join connections c on c.shop_id = $1 and c.kind = 'carriers' and c.slug = l.provider
    left join lateral (
        select h.asked_at from carrier_hours h
        where h.shop_id = $1 and h.provider = l.provider and h.carrier = l.carrier and h.asked_at is not null
        order by h.hour desc limit 1
    ) as asked on true
    left join lateral (
        select h.told_at from carrier_hours h
        where h.shop_id = $1 and h.provider = l.provider and h.carrier = l.carrier and h.told_at is not null
        order by h.hour desc limit 1
    ) as told on true
    order by l.provider, l.carrier
"""


async def health_of(
    scope: Scope, connection: Connection, shop_id: UUID, since: datetime, now: datetime
) -> list[CarrierHealth]:
    """How each carrier is doing of which the shop follows parcels, or asked since then, by provider and carrier.

    The verdict is on the last day at most, whatever `since` is. Counted by whole hours.
    """
    shops, earliest = list(scope.shops), min(since, now - LATELY)
    summed = await connection.fetch(_SPANS, shop_id, shops, since, now - LATELY, now - RECENTLY, earliest)
    spans = {(row["provider"], row["carrier"], row["span"]): _span(row) for row in summed}
    rows = await connection.fetch(_STANDING, shop_id, shops, earliest, now, now - OVERDUE)
    return [_health(row, spans) for row in rows]


def _span(row: asyncpg.Record) -> Span:
    return Span(
        outcomes={outcome: int(row[outcome]) for outcome in Outcome},
        call_buckets=row["call_buckets"],
        slowest_ms=row["slowest_ms"],
        scans=int(row["scans"]),
        age_buckets=row["age_buckets"],
        oldest_seconds=row["oldest_seconds"],
    )


def _health(row: asyncpg.Record, spans: Mapping[tuple[str, str, str], Span]) -> CarrierHealth:
    provider, carrier, account = row["provider"], row["carrier"], row["account"]
    recent, day, whole = (spans.get((provider, carrier, span), Span()) for span in ("recent", "day", "whole"))
    return CarrierHealth(
        provider=provider,
        carrier=carrier,
        verdict=verdict_on(ConnectionStatus(account) if account else None, recent, day),
        span=whole,
        last_asked_at=row["last_asked_at"],
        last_told_at=row["last_told_at"],
        followed=row["followed"],
        due=row["due"],
        overdue=row["overdue"],
    )
