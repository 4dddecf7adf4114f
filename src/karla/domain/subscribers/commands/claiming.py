"""Due deliveries are leased to a worker, lane by lane."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from karla.domain.subscribers.commands.cancelling import Unwanted, drop_unwanted, is_wanted, unwanted_of
from karla.domain.subscribers.records.deliveries import Claim, DueDelivery
from karla.domain.subscribers.records.lanes import Closed, DueLane, Rooms, SharedOut, Standing, Waiting
from karla.domain.subscribers.records.webhooks import PayloadFormat
from karla.domain.subscribers.rules.lanes import OPEN_AFTER
from karla.domain.subscribers.rules.turns import share_out
from karla.infra.work import Work

# What asyncpg makes `infinity` of.
FAR_FUTURE = datetime.max.replace(tzinfo=UTC)

# Of those that wait for another one many may come before one that doesn't.
_SEEN_BESIDES = 8

# Lanes that are passed over: there is no room for them, by themselves, their shop or how they have been doing.
_ROOM = """
    l.webhook_id <> all ($1) and l.shop_id <> all ($2)
    and case when l.failures > 0 then not $6 and not $5 and l.shop_id <> all ($4) and l.shop_id <> all ($3)
             when l.last_success_at is null then not $5 and l.shop_id <> all ($3)
             else true end
"""
# A lane that is locked is at work in another transaction: whoever that is looks at it again afterwards.
_LOCK = f"""
    select l.shop_id, l.webhook_id, l.failures >= $9 as open, w.ordering <> 'none' as ordered,
           l.failures > 0 as failing, l.last_success_at is null as new
    from webhook_lanes l join webhooks w on w.shop_id = l.shop_id and w.id = l.webhook_id and w.status = 'active'
    where l.next_due_at <= $8 and {_ROOM}
    order by l.next_due_at limit $7
    for update of l skip locked
"""  # noqa: S608 - what is put in is a constant
_NEXT = f"""
    select l.next_due_at
    from webhook_lanes l join webhooks w on w.shop_id = l.shop_id and w.id = l.webhook_id and w.status = 'active'
    where l.next_due_at < 'infinity' and {_ROOM}
    order by l.next_due_at limit 1
"""  # noqa: S608 - what is put in is a constant
# A statement of its own, so that it sees all that was committed before the lanes were locked. Of each lane one row
# more is looked at than may be taken: it tells when the lane is due again.
_WAITING = """
    select d.shop_id, d.webhook_id, d.id, d.triggered_at, d.due_at, e.due_at as behind,
           d.attempts > 0 as tried
    from unnest($1::uuid[], $2::uuid[], $3::int[]) as l (shop_id, webhook_id, seen)
    cross join lateral (
        select * from deliveries d
        where d.webhook_id = l.webhook_id and d.shop_id = l.shop_id and d.status = 'pending'
        order by d.due_at limit l.seen + 1
    ) d
    left join lateral (
        select e.due_at from deliveries e
        where e.webhook_id = d.webhook_id and e.ordering_key = d.ordering_key and e.shop_id = d.shop_id
          and e.status = 'pending' and (e.position, e.id) < (d.position, d.id)
        order by e.position, e.id limit 1
    ) e on d.ordering_key is not null
"""
# Rows are found by their keys alone, and each event on its own: of a partition that is new the planner knows nothing
# yet, and would rather read all that is pending, or all of a shop.
_LEASE = """
    with leased as (
        update deliveries d set due_at = case d.status when 'pending' then m.due_at else d.due_at end
        from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[], $6::bool[], $7::bool[])
          as m (shop_id, id, triggered_at, due_at, taken, probe)
        where d.shop_id = m.shop_id and d.id = m.id and d.triggered_at = m.triggered_at
        returning d.shop_id, d.id, d.webhook_id, d.event_id, d.triggered_at, d.created_at, d.ordering_key,
                  d.replay_id, d.attempts, m.probe, m.taken and d.status = 'pending' as ours
    ), turned as (
        update webhook_lanes l
        set paused_until = coalesce(t.probed_until, l.paused_until),
            next_due_at = greatest(t.due_at, t.probed_until, case when t.due_at < 'infinity' then l.paused_until end)
        from unnest($8::uuid[], $9::uuid[], $10::timestamptz[], $11::timestamptz[])
          as t (shop_id, webhook_id, due_at, probed_until)
        where l.shop_id = t.shop_id and l.webhook_id = t.webhook_id
    )
    select c.shop_id, c.id, c.webhook_id, c.event_id, c.triggered_at, c.created_at, c.ordering_key, c.replay_id,
           c.attempts, c.probe, w.url, w.secret,
           case when w.previous_secret_until > $1 then w.previous_secret end as previous_secret,
           w.payload_format, w.enabled_events, e.ref, e.event_name, e.event_group, e.shipment_id, e.test, e.payload
    from leased c
    join webhooks w on w.shop_id = c.shop_id and w.id = c.webhook_id
    cross join lateral (
        select * from events e
        where e.shop_id = c.shop_id and e.triggered_at = c.triggered_at and e.id = c.event_id limit 1
    ) e
    where c.ours and w.status = 'active'
"""


async def claim_deliveries(work: Work, limit: int, rooms: Rooms | None = None) -> Claim:
    """Take up to `limit` due deliveries: the first of each lane that is due, then the second of each, and so on.

    They are the caller's for the time of a lease; what isn't finished by then is due again. Works for every shop.
    Without `rooms` there is room for all. A webhook whose breaker is open gives one row, and no other until that is
    finished. When fewer than asked for were due, the answer says when there may be more of the lanes that there is
    room for.
    """
    if rooms:
        rooms.begin()
    locked = await work.connection.fetch(_LOCK, *_passed_over(rooms), limit, work.now, OPEN_AFTER)
    # Where many lanes share, none will get many: what is not looked at need not be read.
    most = min(limit, _SEEN_BESIDES + 2 * limit // max(1, len(locked)))
    lanes = [_due_lane(lane, min(most, rooms.of(lane["webhook_id"])) if rooms else most) for lane in locked]
    leased: list[asyncpg.Record] = []
    if lanes:
        leased = await _lease(work, await _shared_out(work, lanes, limit, rooms))
    rows = await _wanted(work, leased)
    # What was dropped has used up room of this claim alone.
    if len(leased) == limit or len(rows) < len(leased):
        return Claim(rows, work.now)
    return Claim(rows, await work.connection.fetchval(_NEXT, *_passed_over(rooms)))


def _passed_over(rooms: Rooms | None) -> tuple[object, ...]:
    closed = rooms.closed() if rooms else Closed()
    return closed.lanes, closed.shops, closed.new_of, closed.failing_of, closed.new, closed.failing


async def _shared_out(work: Work, lanes: Sequence[DueLane], limit: int, rooms: Rooms | None) -> SharedOut:
    waiting = await work.connection.fetch(
        _WAITING,
        [lane.shop_id for lane in lanes],
        [lane.webhook_id for lane in lanes],
        [lane.seen for lane in lanes],
    )
    return share_out(lanes, [Waiting(*row) for row in waiting], limit, work.now, rooms)


async def _lease(work: Work, shared: SharedOut) -> list[asyncpg.Record]:
    return await work.connection.fetch(
        _LEASE,
        work.now,
        [move.row.shop_id for move in shared.moves],
        [move.row.id for move in shared.moves],
        [move.row.triggered_at for move in shared.moves],
        [move.due_at for move in shared.moves],
        [move.taken for move in shared.moves],
        [move.probe for move in shared.moves],
        [turn.shop_id for turn in shared.turns],
        [turn.webhook_id for turn in shared.turns],
        [turn.due_at or FAR_FUTURE for turn in shared.turns],
        [turn.probed_until for turn in shared.turns],
    )


async def _wanted(work: Work, leased: Sequence[asyncpg.Record]) -> list[DueDelivery]:
    """What is to be sent. The filters may be other ones than when it was relayed: what they leave out is dropped."""
    wanted: list[DueDelivery] = []
    dropped: list[Unwanted] = []
    webhooks: dict[tuple[UUID, UUID], bool] = {}
    for row in leased:
        if row["replay_id"] is not None or row["test"] or is_wanted(row):
            wanted.append(_due_delivery(row))
        else:
            dropped.append(unwanted_of(row))
            key = row["shop_id"], row["webhook_id"]
            webhooks[key] = webhooks.get(key, False) or row["probe"]
    if dropped:
        await drop_unwanted(work, webhooks, dropped)
    return sorted(wanted, key=lambda row: row.triggered_at)


def _due_lane(lane: "asyncpg.Record", room: int) -> DueLane:
    room = 1 if lane["open"] else room
    seen = 2 * room + 4 * _SEEN_BESIDES if lane["ordered"] else room
    standing = Standing.FAILING if lane["failing"] else Standing.NEW if lane["new"] else Standing.WELL
    return DueLane(lane["shop_id"], lane["webhook_id"], standing, room, seen, probe=lane["open"])


def _due_delivery(row: "asyncpg.Record") -> DueDelivery:
    values = dict(row)
    for name in ("enabled_events", "event_name", "event_group"):
        del values[name]
    values["payload_format"] = PayloadFormat(values["payload_format"])
    return DueDelivery(**values)
