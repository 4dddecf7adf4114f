"""Writes what a transaction announced into the journal and the outbox."""

from collections.abc import Sequence

from karla.domain.subscribers.envelope import entries
from karla.infra.work import Fact, Work
from karla.vocabulary.filters import filter_tokens

# The payload's end is made here, as the slug is known here: that saves a round trip to ask for it.
# An event without a group notifies nobody, so it is journalled and goes no further.
_WRITE = """
    with announced as (
        select *
        from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[],
                    $9::uuid[], $10::bytea[], $11::text[])
          as a (id, shop_id, source, ref, event_name, event_group, order_id, shipment_id, head, filters)
    ), journalled as (
        insert into events (shop_id, triggered_at, id, source, ref, event_name, event_group, order_id,
                            shipment_id, payload)
        select a.shop_id, $1, a.id, a.source, a.ref, a.event_name, a.event_group, a.order_id, a.shipment_id,
               a.head || convert_to(
                   ',"shop_slug":' || to_json(s.slug)::text || ',"shop_id":"' || s.id::text || '"}', 'UTF8')
        from announced a join shops s on s.id = a.shop_id
    )
    insert into outbox (shop_id, event_id, triggered_at, filters)
    select shop_id, id, $1, string_to_array(filters, ' ')
    from announced where event_group is not null
"""


async def announce(work: Work, facts: Sequence[Fact]) -> None:
    """Called by the transaction itself right before its commit: one statement, however many facts."""
    written = entries(facts, work.now)
    await work.connection.execute(
        _WRITE,
        work.now,
        [entry.id for entry in written],
        [entry.shop_id for entry in written],
        [entry.source for entry in written],
        [entry.ref for entry in written],
        [entry.event_name for entry in written],
        [entry.event_group for entry in written],
        [entry.order_id for entry in written],
        [entry.shipment_id for entry in written],
        [entry.head for entry in written],
        [" ".join(filter_tokens(entry.ref, entry.event_group)) for entry in written],
    )
