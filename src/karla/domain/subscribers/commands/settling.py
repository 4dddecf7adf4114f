"""What came of attempts is written down, and what it means for their webhooks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.subscribers.commands.cancelling import AT_ONCE, cancel_undeliverable, release_next
from karla.domain.subscribers.queries.webhooks import lane_state_from
from karla.domain.subscribers.records.deliveries import AttemptResult, Outcome
from karla.domain.subscribers.records.lanes import LaneChange, LaneState, WebhookNotice
from karla.domain.subscribers.records.webhooks import WebhookStatus
from karla.domain.subscribers.rules.lanes import after_attempts, frees_its_shipment
from karla.infra.db import column
from karla.infra.ids import new_id
from karla.infra.work import Work
from karla.vocabulary.events import Notice

# Webhooks before lanes before deliveries, and each in the order of their ids: so that nobody waits in a circle.
_DISABLE = """
    with gone as materialized (
        select w.shop_id, w.id from webhooks w
        join unnest($1::uuid[], $2::uuid[], $3::text[]) as g (shop_id, id, url)
          on g.shop_id = w.shop_id and g.id = w.id and g.url = w.url
        where w.status = 'active' order by w.shop_id, w.id
        for no key update of w
    )
    update webhooks w set status = 'inactive', disabled_reason = 'gone', updated_at = $4
    from gone g where w.shop_id = g.shop_id and w.id = g.id
    returning w.id, (select s.organisation_id from shops s where s.id = w.shop_id) as organisation_id, w.shop_id
"""
_LANES = """
    select l.*, w.url, w.status = 'active' as active
    from webhook_lanes l join webhooks w on w.shop_id = l.shop_id and w.id = l.webhook_id
    where (l.shop_id, l.webhook_id) in (select * from unnest($1::uuid[], $2::uuid[]))
    order by l.shop_id, l.webhook_id
    for update of l
"""
# What could not be sent is tried every few seconds, for days at worst: of such a row of attempts the latest is kept.
_SETTLE = """
    with results as (
        select *
        from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::timestamptz[], $7::bool[], $8::jsonb[])
          as r (shop_id, delivery_id, triggered_at, status, due_at, sent, attempt)
    )
    update deliveries d
    set attempts = d.attempts + r.sent::int,
        attempt_log = case when not r.sent and d.attempt_log -> -1 -> 'sent' = 'false' then d.attempt_log - (-1)
                           else d.attempt_log end || r.attempt,
        status = case d.status when 'pending' then r.status else d.status end,
        due_at = case d.status when 'pending' then r.due_at else d.due_at end,
        finished_at = case when d.status <> 'pending' then d.finished_at
                           when r.status <> 'pending' then $1 end
    from results r
    where d.shop_id = r.shop_id and d.id = r.delivery_id and d.triggered_at = r.triggered_at
"""
# A lane's next moment only ever comes nearer here, but for its pause.
_MOVE = """
    update webhook_lanes l
    set paused_until = m.paused_until, failures = m.failures, failing_since = m.failing_since,
        reported_at = m.reported_at, last_success_at = m.last_success_at, last_failure = m.last_failure,
        next_due_at = greatest(least(l.next_due_at, m.due_at), m.paused_until)
    from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int[], $5::timestamptz[], $6::timestamptz[],
                $7::timestamptz[], $8::jsonb[], $9::timestamptz[])
      as m (shop_id, webhook_id, paused_until, failures, failing_since, reported_at, last_success_at, last_failure,
            due_at)
    where l.shop_id = m.shop_id and l.webhook_id = m.webhook_id
"""


async def finish(work: Work, results: Sequence[AttemptResult], chance: float) -> None:
    """Log attempts, settle their deliveries, move their lanes, and tell what the shops have to know.

    A delivery that was cancelled or settled meanwhile stays so, though its attempt is logged; one that was
    deleted with its webhook is passed over. An endpoint that is gone gets nothing more. `chance`, in [0, 1),
    spreads pauses.
    """
    disabled = await _disable_gone(work, results)
    by_webhook: defaultdict[UUID, list[AttemptResult]] = defaultdict(list)
    for result in results:
        by_webhook[result.webhook_id].append(result)
    shops = [several[0].shop_id for several in by_webhook.values()]
    lanes = await work.connection.fetch(_LANES, shops, list(by_webhook))
    await _settle(work, results)
    await release_next(
        work,
        {
            (result.shop_id, result.webhook_id, result.ordering_key)
            for result in results
            if result.ordering_key is not None and frees_its_shipment(result)
        },
    )
    moved: list[tuple[asyncpg.Record, LaneChange]] = []
    for lane in lanes:
        state = lane_state_from(lane)
        change = after_attempts(state, by_webhook[lane["webhook_id"]], work.now, chance)
        if change.due_at or change.state != state:
            moved.append((lane, change))
        told = [Notice.DISABLED] if lane["webhook_id"] in disabled else change.notices if lane["active"] else ()
        for notice in told:
            work.emit(_notice(lane, notice, change.state, work.now))
    if moved:
        await _move(work, moved)
    if disabled:
        # The rest is cancelled now and then, and gets no attempt until it is.
        await cancel_undeliverable(work, AT_ONCE)


async def _disable_gone(work: Work, results: Sequence[AttemptResult]) -> frozenset[UUID]:
    """Set inactive who answered 410 from where it still is; the ids of those that weren't already."""
    gone = [result for result in results if result.outcome is Outcome.GONE]
    if not gone:
        return frozenset()
    rows = await work.connection.fetch(
        _DISABLE,
        [result.shop_id for result in gone],
        [result.webhook_id for result in gone],
        [result.url for result in gone],
        work.now,
    )
    for row in rows:
        await record(
            work,
            Action.WEBHOOK_DISABLED,
            row["id"],
            before={"status": WebhookStatus.ACTIVE, "disabled_reason": None},
            after={"status": WebhookStatus.INACTIVE, "disabled_reason": "gone"},
            organisation_id=row["organisation_id"],
            shop_id=row["shop_id"],
        )
    return frozenset(row["id"] for row in rows)


async def _settle(work: Work, results: Sequence[AttemptResult]) -> None:
    await work.connection.execute(
        _SETTLE,
        work.now,
        [result.shop_id for result in results],
        [result.delivery_id for result in results],
        [result.triggered_at for result in results],
        [result.status for result in results],
        [result.due_at for result in results],
        [result.attempt.sent for result in results],
        column((result.attempt for result in results), "jsonb"),
    )


async def _move(work: Work, moved: "Sequence[tuple[asyncpg.Record, LaneChange]]") -> None:
    states = [change.state for _, change in moved]
    await work.connection.execute(
        _MOVE,
        [lane["shop_id"] for lane, _ in moved],
        [lane["webhook_id"] for lane, _ in moved],
        [state.paused_until for state in states],
        [state.failures for state in states],
        [state.failing_since for state in states],
        [state.reported_at for state in states],
        [state.last_success_at for state in states],
        column((state.last_failure for state in states), "jsonb"),
        [change.due_at for _, change in moved],
    )


def _notice(lane: "asyncpg.Record", notice: Notice, state: LaneState, now: datetime) -> WebhookNotice:
    return WebhookNotice(
        event_id=new_id(),
        shop_id=lane["shop_id"],
        notice=notice,
        webhook_id=lane["webhook_id"],
        url=lane["url"],
        lane=state,
        occurred_at=now,
    )
