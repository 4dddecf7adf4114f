"""What providers tell by themselves is kept."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from karla.domain.tracking.records import Asked
from karla.domain.tracking.rules.answers import digest_of
from karla.domain.tracking.rules.pushes import SENT_AGAIN_WITHIN
from karla.infra import bell
from karla.infra.ids import new_id
from karla.infra.work import Work

_FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


async def take_pushed(work: Work, provider: str, told: Sequence[Asked]) -> frozenset[UUID]:
    """Keep what a provider told of parcels of the scope's one shop; the shipments of which that was new.

    Each parcel is there once and with a body. What was kept of it before, as the last answer or within the time in
    which a push is sent again, is not kept again and moves nothing. The belt hears of the rest.
    """
    rows = await work.connection.fetch(
        """
        with told as (
            select * from unnest($4::uuid[], $5::uuid[], $6::timestamptz[], $7::bool[], $8::int[], $9::bytea[],
                                 $10::text[], $11::bytea[], $12::text[], $13::text[])
              as t (shipment_id, id, due_at, ended, urgency, digest, content_type, body, carrier, tracking_number)
        ), fresh as (
            update followed_parcels f set
                due_at = case when t.ended then 'infinity' else t.due_at end, urgency = t.urgency, registered = true,
                digest = t.digest, failures = 0
            from told t
            where f.shop_id = $1 and f.shipment_id = t.shipment_id and f.provider = $2
              and f.carrier = t.carrier and f.tracking_number = t.tracking_number
              and f.digest is distinct from t.digest
              and not exists (
                  select from provider_answers a
                  where a.shop_id = $1 and a.shipment_id = t.shipment_id and a.received_at > $14 and a.provider = $2
                    and a.carrier = t.carrier and a.tracking_number = t.tracking_number
                    and sha256(a.body) = t.digest)
            returning f.shipment_id
        ), kept as (
            insert into provider_answers (shop_id, received_at, id, shipment_id, provider, content_type, body, carrier,
                                          tracking_number)
            select $1, $3, t.id, t.shipment_id, $2, t.content_type, t.body, t.carrier, t.tracking_number
            from told t join fresh on fresh.shipment_id = t.shipment_id
        )
        select shipment_id from fresh
        """,
        work.scope.shop,
        provider,
        work.now,
        [one.parcel.shipment_id for one in told],
        [new_id() for _ in told],
        [one.next.at or _FOREVER for one in told],
        [one.next.at is None for one in told],
        [int(one.next.urgency) for one in told],
        [digest_of(one.body or b"") for one in told],
        [one.content_type for one in told],
        [one.body for one in told],
        [one.parcel.carrier for one in told],
        [one.parcel.tracking_number for one in told],
        work.now - SENT_AGAIN_WITHIN,
    )
    if rows:
        await bell.ring(work.connection, bell.TRACKING)
    return frozenset(row["shipment_id"] for row in rows)
