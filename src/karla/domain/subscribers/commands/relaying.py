"""Events of the outbox become deliveries."""

from karla.domain.subscribers.records.deliveries import FannedOut
from karla.infra.work import Work

# The lanes are moved whatever the snapshot says of them: another transaction may be moving one to later just now,
# and the row is looked at again once that has ended. They and the webhooks are locked in the order of their ids.
_FAN_OUT = """
    with turn as materialized (
        select pg_try_advisory_xact_lock(hashtextextended('relay', 0)) as ours
    ), taken as (
        delete from outbox
        where id = any (array(select id from outbox where (select ours from turn) order by id limit $1 for update))
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
        select shop_id, gen_random_uuid(), webhook_id, event_id, triggered_at, position, ordering_key, 'pending',
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
    select (select count(*) from taken) as events, (select count(*) from added) as deliveries
"""


async def fan_out(work: Work, limit: int) -> FannedOut:
    """Turn up to `limit` outbox rows, the oldest first, into one delivery a webhook that wants them.

    Works for every shop. One at a time, over all workers: that keeps the events of a shipment in their order.
    Whoever finds it under way has nothing to do: the one at it heard the same ring, and looks again after its
    turn. The lock on the webhooks lets a change of theirs come wholly before or wholly after: none that is being
    set inactive or deleted gets a delivery. No webhook is told of itself.
    """
    row = await work.connection.fetchrow(_FAN_OUT, limit, work.now)
    assert row is not None, "a select of two counts has one row"  # noqa: S101
    return FannedOut(events=row["events"], deliveries=row["deliveries"])
