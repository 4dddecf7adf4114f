"""Sends a made-up event to one webhook, to see whether its receiver takes it."""

from uuid import UUID

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.shipments.rules.timelines import unknown_event
from karla.domain.subscribers.commands.lanes import wake
from karla.domain.subscribers.envelope import entry_of
from karla.domain.subscribers.queries.deliveries import demand_delivery
from karla.domain.subscribers.queries.webhooks import demand_webhook
from karla.domain.subscribers.records.deliveries import Delivery
from karla.domain.subscribers.records.lanes import WebhookNotice
from karla.domain.subscribers.records.webhooks import Webhook
from karla.domain.subscribers.rules.samples import trial, trial_notice
from karla.domain.subscribers.rules.webhooks import demand_active
from karla.infra.errors import Fault, Invalid
from karla.infra.ids import new_id
from karla.infra.work import Fact, Work
from karla.vocabulary.events import CATALOGUE, WEBHOOKS, EventKind, Notice

_NOTICES = {notice.ref: notice for notice in Notice}


async def send_test(work: Work, webhook_id: UUID, event_name: str | None = None) -> Delivery:
    """A delivery of `webhooks/test`, or of a sample of the event named, whatever the webhook asks for.

    A name is one of the catalogue or, for what is told of webhooks, a ref such as `webhooks/failing`.

    It goes the way of all deliveries, marked as a test; the journal shows it to those alone who ask for tests.
    NotFound; Invalid for a name that no webhook is ever sent; Conflict for an inactive webhook.
    """
    webhook = await demand_webhook(work.scope, work.connection, webhook_id, lock="share")
    demand_active(webhook)
    entry = entry_of(_fact(work, webhook, event_name), work.now)
    delivery_id = new_id()
    await work.connection.execute(
        """
        with journalled as (
            insert into events (shop_id, triggered_at, id, source, ref, event_name, event_group, test, payload)
            select s.id, $2, $3, $4, $5, $6, $7, true, $8::bytea || convert_to(
                ',"shop_slug":' || to_json(s.slug)::text || ',"shop_id":"' || s.id::text || '"}', 'UTF8')
            from shops s where s.id = $1
            returning shop_id, id, triggered_at
        )
        insert into deliveries (shop_id, id, webhook_id, event_id, triggered_at, position, status, attempts, due_at,
                                created_at)
        select shop_id, $9, $10, id, triggered_at, 0, 'pending', 0, $11, $11 from journalled
        """,
        webhook.shop_id,
        entry.triggered_at,
        entry.id,
        entry.kind.source,
        entry.kind.ref,
        entry.kind.event_name,
        entry.kind.event_group,
        entry.head,
        delivery_id,
        webhook.id,
        work.now,
    )
    await record(work, Action.WEBHOOK_TESTED, webhook.id, after={"delivery_id": delivery_id, "ref": entry.kind.ref})
    await wake(work, webhook)
    return await demand_delivery(work.scope, work.connection, webhook.id, delivery_id)


def _fact(work: Work, webhook: Webhook, event_name: str | None) -> Fact:
    notice = Notice.TEST if event_name is None else _NOTICES.get(event_name)
    if notice is Notice.TEST:
        return WebhookNotice(
            event_id=new_id(),
            shop_id=webhook.shop_id,
            notice=Notice.TEST,
            webhook_id=webhook.id,
            url=webhook.url,
            lane=webhook.lane,
            occurred_at=work.now,
        )
    if notice:
        return trial_notice(notice, webhook.shop_id, new_id(), work.now)
    return trial(_kind(str(event_name)), webhook.shop_id, new_id(), work.now)


def _kind(event_name: str) -> EventKind:
    if event_name.partition("/")[0] == WEBHOOKS:
        raise Invalid(faults=[_fault(f"Must be one of {', '.join(_NOTICES)}")])
    if faults := unknown_event(event_name):
        raise Invalid(faults=faults)
    kind = CATALOGUE[event_name]
    if kind.group is None and kind.return_group is None:
        raise Invalid(faults=[_fault("Is an event that no webhook is sent")])
    return kind


def _fault(sentence: str) -> Fault:
    return Fault(("body", "event_name"), sentence, "event_name_invalid")
