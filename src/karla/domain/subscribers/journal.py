"""Writes what a transaction announced into the journal and the outbox."""

from collections.abc import Sequence
from datetime import datetime

from karla.domain.subscribers.envelope import Entries, Entry
from karla.domain.subscribers.records.journal import AnnouncedEvent
from karla.domain.subscribers.rules.filters import event_tokens
from karla.infra.work import Fact, Work

# The payload's end is made here, as the slug is known here: that saves a round trip to ask for it.
# An event without a group notifies nobody, so it is journalled and goes no further; a test goes to its webhook alone.
_WRITE = """
    with journalled as (
        insert into events (shop_id, triggered_at, id, source, ref, event_name, event_group, order_id,
                            shipment_id, test, payload)
        select a.shop_id, a.triggered_at, a.id, a.source, a.ref, a.event_name, a.event_group, a.order_id,
               a.shipment_id, a.test, a.head || convert_to(
                   ',"shop_slug":' || to_json(s.slug)::text || ',"shop_id":"' || s.id::text || '"}', 'UTF8')
        from unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
                    $8::uuid[], $9::uuid[], $10::bool[], $11::bytea[])
          as a (triggered_at, id, shop_id, source, ref, event_name, event_group, order_id, shipment_id, test, head)
        join shops s on s.id = a.shop_id
    )
    insert into outbox (shop_id, event_id, triggered_at, ordering_key, filters)
    select shop_id, id, triggered_at, subject_id, string_to_array(filters, ' ')
    from unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $7::text[], $10::bool[], $12::uuid[], $13::text[])
      as a (triggered_at, id, shop_id, event_group, test, subject_id, filters)
    where event_group is not null and not test
    order by triggered_at
"""


class Journal:
    """The announcer: the facts of a transaction, from `now`, written by one statement however many they are."""

    def __init__(self, now: datetime) -> None:
        self._entries = Entries(now)

    def add(self, fact: Fact) -> None:
        """Make its entry; TypeError for a fact that has no envelope."""
        self._entries.add(fact)

    async def write(self, work: Work, count: int) -> None:
        """Write journal and outbox."""
        await work.connection.execute(_WRITE, *_columns(self._entries.taken(count)))


def _columns(written: Sequence[Entry]) -> list[list[object]]:
    return [
        [entry.triggered_at for entry in written],
        [entry.id for entry in written],
        [entry.shop_id for entry in written],
        [entry.source for entry in written],
        [entry.ref for entry in written],
        [entry.event_name for entry in written],
        [entry.event_group for entry in written],
        [entry.order_id for entry in written],
        [entry.shipment_id for entry in written],
        [entry.test for entry in written],
        [entry.head for entry in written],
        [entry.subject_id for entry in written],
        [" ".join(_filters(entry)) for entry in written],
    ]


def _filters(entry: Entry) -> tuple[str, ...]:
    return event_tokens(AnnouncedEvent(entry.ref, entry.event_name, entry.event_group))
