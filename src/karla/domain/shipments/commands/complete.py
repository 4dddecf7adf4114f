"""More becomes known of an event that is on a timeline already."""

from collections.abc import Sequence

import msgspec

from karla.domain.shipments.records import Completion
from karla.infra.work import Work

# The second part doesn't go by what the first one changed: a distributed PostgreSQL can run it then.
_COMPLETE = """
    with completed as (
        update shipment_events e set additional_info = coalesce(e.additional_info, '{}') || w.info::jsonb
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) as w (shop_id, shipment_id, id, info)
        where e.shop_id = w.shop_id and e.shipment_id = w.shipment_id and e.id = w.id and e.shop_id = any ($5::uuid[])
    )
    update shipments s set updated_at = $6
    from unnest($1::uuid[], $2::uuid[]) as w (shop_id, id)
    where s.shop_id = w.shop_id and s.id = w.id and s.shop_id = any ($5::uuid[])
"""


async def complete(work: Work, completions: Sequence[Completion]) -> None:
    """Add to events what was told of them later; one of another shop stays as it is.

    Nothing is announced: nothing more has happened. Who looks at the order sees that it changed.
    """
    if completions:
        await work.connection.execute(
            _COMPLETE,
            [one.shop_id for one in completions],
            [one.shipment_id for one in completions],
            [one.event_id for one in completions],
            [msgspec.json.encode(one.info).decode() for one in completions],
            list(work.scope.shops),
            work.now,
        )
