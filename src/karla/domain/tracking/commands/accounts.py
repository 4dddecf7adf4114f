"""The turns of accounts."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from karla.domain.tracking.records import Turn
from karla.infra.work import Work

LEASE: Final = timedelta(minutes=2)
"""For so long a worker has an account for itself; one that died leaves it after that."""


async def enrol(work: Work, providers: Collection[str]) -> int:
    """Give a turn to each account that was connected, and none to those that aren't any more; how many came or went.

    What an account followed that is gone can be followed by another one; the calls that it made today are
    remembered. Works for every shop.
    """
    came = await work.connection.fetchval(
        """
        with came as (
            insert into trackers (shop_id, provider, due_at, day)
            select c.shop_id, c.slug, $1, $2 from connections c
            where c.kind = 'carriers' and c.status = 'active' and c.slug = any ($3::text[]) and not exists (
                select from trackers t
                where t.shop_id = c.shop_id and t.provider = c.slug and t.due_at < 'infinity')
            on conflict (shop_id, provider) do update set due_at = excluded.due_at, adopted_until = null
            where trackers.due_at = 'infinity'
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
            update trackers t set due_at = 'infinity', leased_until = null
            where t.due_at < 'infinity' and not exists (
                select from connections c
                where c.shop_id = t.shop_id and c.kind = 'carriers' and c.slug = t.provider and c.status = 'active')
            returning t.shop_id, t.provider
        ), orphans as (
            delete from followed_parcels f using went where f.shop_id = went.shop_id and f.provider = went.provider
        ), others as (
            -- They look at all parcels anew, to take over what they can.
            update trackers t set adopted_until = null
            where t.shop_id in (select shop_id from went)
              and (t.shop_id, t.provider) not in (select shop_id, provider from went)
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
