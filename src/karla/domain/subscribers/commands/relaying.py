"""Events of the outbox become deliveries."""

from uuid import UUID

import asyncpg

from karla.domain.subscribers.records.relaying import FannedOut
from karla.infra.ids import id_sql, id_start
from karla.infra.work import Work

# How many shops that wait are looked for in a turn: each costs a look into the index.
_SHOPS = 100
_BEFORE_ALL_SHOPS = UUID(int=0)
_UNBOUNDED = 1_000_000

# A plan is kept, and is often made while the outbox is empty: PostgreSQL would read it whole and sort it, or sort
# all that one shop has there. Without those two it goes through the indexes, and stops where it has enough.
_BY_INDEX = "set local enable_seqscan = off; set local enable_bitmapscan = off"

# For update, so that what another worker took since this statement began is passed over for what comes after it.
_OLDEST = """
    turn as materialized (
        select pg_try_advisory_xact_lock(hashtextextended('relay', 0)) as ours
    ), oldest as materialized (
        select id, shop_id from outbox where (select ours from turn) order by id limit $1 for update
    )
"""

_ALONE = f"""
    with {_OLDEST}, shops (place, shop_id) as (
        select $5::int, $4::uuid where false
    ), waiting as materialized (
        select id, shop_id from oldest
    )
"""  # noqa: S608 - what is put in is a constant

# Beside the oldest of all shops, as many of each shop as it would get of a batch in equal parts. Both are where the
# shop's rows begin, so its events keep their order. The conditions on a row of both columns are ones that only the
# index by shop can answer: for `shop_id =` a plan may go through the rows of all shops by their id.
_BESIDE_OTHERS = f"""
    with recursive {_OLDEST}, shops (place, shop_id) as (
        select 1, (select shop_id from outbox where shop_id > $4 order by shop_id limit 1)
        where (select count(*) from oldest) = $1
        union all
        select s.place + 1, (select shop_id from outbox where shop_id > s.shop_id order by shop_id limit 1)
        from shops s where s.shop_id is not null and s.place < $5
    ), lacking as (
        select s.shop_id, (select max(id) from oldest) as last,
               greatest($1 / count(*) over (), 1) - coalesce(o.events, 0) as events
        from shops s
        left join (select shop_id, count(*) as events from oldest group by shop_id) o using (shop_id)
        where s.shop_id is not null
    ), waiting as materialized (
        select id, shop_id from oldest
        union all
        select o.id, o.shop_id from lacking l cross join lateral (
            select id, shop_id from outbox
            where (shop_id, id) > (l.shop_id, l.last) and shop_id <= l.shop_id
            order by shop_id, id limit greatest(l.events, 0)
        ) o
    )
"""  # noqa: S608 - what is put in is a constant

# An event counts as many deliveries as its shop has active webhooks, which is the most it can become, and no more
# than half a batch, so that there is always room beside it. A shop gets more when all have been given as many.
#
# The lanes are moved whatever the snapshot says of them: another transaction may be moving one to later just now,
# and the row is looked at again once that has ended. They and the webhooks are locked in the order of their ids.
_FAN_OUT = """
    {waiting}, shares as materialized (
        select s.shop_id, greatest(1, (
            select count(*)::int from (
                select from webhooks w where w.shop_id = s.shop_id and w.status = 'active' limit $3 / 2
            ) w
        )) as webhooks
        from (select distinct shop_id from waiting) s
    ), in_turn as (
        select id, sum(webhooks) over (order by given, id rows unbounded preceding) - webhooks as before
        from (
            select id, webhooks, webhooks * row_number() over (partition by shop_id order by id) - webhooks as given
            from waiting join shares using (shop_id)
        ) w
    ), taken as (
        delete from outbox
        where id = any (array(select id from in_turn where before < $3 order by before limit $1))
        returning id, shop_id, event_id, triggered_at, ordering_key, filters
    ), wanted as materialized (
        select t.shop_id, t.event_id, t.triggered_at, t.id as position, w.id as webhook_id,
               case w.ordering when 'shipment' then t.ordering_key end as ordering_key
        from taken t
        join webhooks w on w.shop_id = t.shop_id and w.enabled_events && t.filters
            and w.status = 'active' and w.active_from < t.id and w.id is distinct from t.ordering_key
        order by w.shop_id, w.id
        for share of w
    ), added as (
        insert into deliveries (shop_id, id, webhook_id, event_id, triggered_at, position, ordering_key, status,
                                attempts, due_at, created_at)
        select shop_id, {id}, webhook_id, event_id, triggered_at, position, ordering_key, 'pending',
               0, least(triggered_at, $2), $2
        from wanted order by position
        returning 1
    ), lanes as materialized (
        select l.shop_id, l.webhook_id from webhook_lanes l
        where (l.shop_id, l.webhook_id) in (select shop_id, webhook_id from wanted)
        order by l.shop_id, l.webhook_id
        for update
    ), woken as (
        update webhook_lanes l set next_due_at = least(l.next_due_at, greatest($2, l.paused_until))
        from lanes
        where l.shop_id = lanes.shop_id and l.webhook_id = lanes.webhook_id
    )
    select (select count(*) from taken) as events, (select count(*) from added) as deliveries,
           (select count(*) from oldest) = $1 or (select count(*) from waiting) > (select count(*) from taken) as more,
           (select shop_id from shops where place = $5) as after
"""
_FAN_OUT_ALONE = _FAN_OUT.format(waiting=_ALONE, id=id_sql("$6", "$7"))
_FAN_OUT_BESIDE_OTHERS = _FAN_OUT.format(waiting=_BESIDE_OTHERS, id=id_sql("$6", "$7"))


class BatchTooSlow(TimeoutError):
    """The statement was given up before its end, and is undone. `Database.write` makes it an Unavailable's cause."""


async def fan_out(work: Work, limit: int, *, deliveries: int = _UNBOUNDED, after: UUID | None = None) -> FannedOut:
    """Turn up to `limit` outbox rows into one delivery a webhook that wants them; BatchTooSlow.

    Works for every shop. Each has an equal part of about so many `deliveries`, though one event always goes; what
    one doesn't need goes to those that wait longest. While more wait than go into one batch, `after` is what the
    turn before answered: then one that has few doesn't wait for those of another. Without it, only the oldest of
    all shops may go.

    One at a time, over all workers: that keeps the events of a shipment in their order.
    Whoever finds it under way has nothing to do: the one at it heard the same ring, and looks again after its
    turn. The lock on the webhooks lets a change of theirs come wholly before or wholly after: none that is being
    set inactive or deleted gets a delivery. No webhook is told of itself.
    """
    if after is not None:
        await work.connection.execute(_BY_INDEX)
    try:
        row = await work.connection.fetchrow(
            _FAN_OUT_ALONE if after is None else _FAN_OUT_BESIDE_OTHERS,
            limit,
            work.now,
            deliveries,
            after or _BEFORE_ALL_SHOPS,
            _SHOPS,
            *id_start(),
        )
    except (TimeoutError, asyncpg.QueryCanceledError) as error:
        raise BatchTooSlow from error
    assert row is not None, "a select of counts has one row"  # noqa: S101
    following = (row["after"] or _BEFORE_ALL_SHOPS) if row["more"] else None
    return FannedOut(events=row["events"], deliveries=row["deliveries"], after=following)
