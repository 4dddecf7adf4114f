"""Writes what a transaction announced into the journal and the outbox."""

from collections.abc import Sequence
from datetime import datetime

from karla.domain.subscribers.envelope import Entries, Entry, EntryKind
from karla.domain.subscribers.records.journal import AnnouncedEvent
from karla.domain.subscribers.rules.filters import event_tokens
from karla.infra.work import Fact, Work

# What entries of one kind have in common is given once, and each has the number of its kind.
# The payload's end is made here, as the slug is known here: that saves a round trip to ask for it.
# An event without a group notifies nobody, so it is journalled and goes no further; a test goes to its webhook alone.
_WRITE = """
    with tails as materialized (
        select id, convert_to(
            ',"shop_slug":' || to_json(slug)::text || ',"shop_id":"' || id::text || '"}', 'UTF8') as tail
        from shops where id = any ($3)
    ), journalled as (
        insert into events (shop_id, triggered_at, id, source, ref, event_name, event_group, order_id,
                            shipment_id, test, payload)
        select a.shop_id, a.triggered_at, a.id, ($9::text[])[a.kind], ($10::text[])[a.kind], ($11::text[])[a.kind],
               ($12::text[])[a.kind], a.order_id, a.shipment_id, ($13::bool[])[a.kind], a.head || s.tail
        from unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::int[], $5::uuid[], $6::uuid[], $7::bytea[])
          as a (triggered_at, id, shop_id, kind, order_id, shipment_id, head)
        join tails s on s.id = a.shop_id
    )
    insert into outbox (shop_id, event_id, triggered_at, ordering_key, filters)
    select shop_id, id, triggered_at, subject_id, string_to_array(($14::text[])[kind], ' ')
    from unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::int[], $8::uuid[])
      as a (triggered_at, id, shop_id, kind, subject_id)
    where ($12::text[])[kind] is not null and not ($13::bool[])[kind]
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
    kinds = list(dict.fromkeys(entry.kind for entry in written))
    numbers = {kind: number for number, kind in enumerate(kinds, 1)}
    return [
        [entry.triggered_at for entry in written],
        [entry.id for entry in written],
        [entry.shop_id for entry in written],
        [numbers[entry.kind] for entry in written],
        [entry.order_id for entry in written],
        [entry.shipment_id for entry in written],
        [entry.head for entry in written],
        [entry.subject_id for entry in written],
        [kind.source for kind in kinds],
        [kind.ref for kind in kinds],
        [kind.event_name for kind in kinds],
        [kind.event_group for kind in kinds],
        [kind.test for kind in kinds],
        [" ".join(_filters(kind)) for kind in kinds],
    ]


def _filters(kind: EntryKind) -> tuple[str, ...]:
    return event_tokens(AnnouncedEvent(kind.ref, kind.event_name, kind.event_group))
