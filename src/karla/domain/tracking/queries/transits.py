"""How long parcels took, and which ones take longer than was said."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from karla.domain.tracking.queries.parcels import UP_TO_DATE
from karla.domain.tracking.records import History, Journey, Late, Likeness
from karla.domain.tracking.rules.answers import DELAYED, GRACE
from karla.domain.tracking.rules.clocks import EARLIEST, LATEST
from karla.infra.work import Connection
from karla.vocabulary.events import Phase
from karla.vocabulary.scope import Scope

ON_ITS_WAY: Final = (Phase.IN_TRANSIT, Phase.IN_DELIVERY)
"""A parcel in one of these can be late."""


async def histories_of(scope: Scope, connection: Connection, journeys: Sequence[Journey]) -> list[list[History]]:
    """What is known of parcels like each of these, in the order given: from their shop, and from several."""
    rows = await connection.fetch(
        """
        with asked as (
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[])
                with ordinality as j (shop_id, origin, destination, carrier, service, weekday, place)
            where j.shop_id = any ($7::uuid[])
        )
        select j.place, t.carrier, t.service, t.weekday, t.days, t.samples, false as shared
        from asked j join shop_transit_times t
          on t.shop_id = j.shop_id and t.origin = j.origin and t.destination = j.destination
         and t.carrier in (j.carrier, '*') and t.service in (j.service, '*') and t.weekday in (j.weekday, 0)
        union all
        select j.place, t.carrier, t.service, t.weekday, t.days, t.samples, true
        from asked j join transit_times t
          on t.origin = j.origin and t.destination = j.destination
         and t.carrier in (j.carrier, '*') and t.service in (j.service, '*') and t.weekday in (j.weekday, 0)
        """,
        [journey.shop_id for journey in journeys],
        [journey.origin for journey in journeys],
        [journey.destination for journey in journeys],
        [journey.carrier for journey in journeys],
        [journey.service for journey in journeys],
        [journey.handed_on.isoweekday() for journey in journeys],
        list(scope.shops),
    )
    known: list[list[History]] = [[] for _ in journeys]
    for place, carrier, service, weekday, days, samples, shared in rows:
        counts = tuple(zip(days, samples, strict=True))
        likeness = _likeness(carrier, service, weekday)
        known[place - 1].append(History(likeness=likeness, shared=shared, counts=counts))
    return known


def _likeness(carrier: str, service: str, weekday: int) -> Likeness:
    if carrier == "*":
        return Likeness.LANE
    if service == "*":
        return Likeness.CARRIER
    return Likeness.WEEKDAY if weekday else Likeness.SERVICE


async def late_parcels(
    scope: Scope, connection: Connection, now: datetime, limit: int, by_test_clock: Collection[str]
) -> list[Late]:
    """Up to `limit` parcels on their way whose window has passed: a forecast's at its end, a promise's a while later.

    It is `now` for them but where their provider goes by test clocks and their shop has one. Those are left out of
    which a delay was told since, and those of which the window had passed already when it was told. `scope` is
    everywhere, as the belt's is.
    """
    if not scope.everywhere:
        raise ValueError("late parcels of all shops are looked for by the belt alone")
    rows = await connection.fetch(
        f"""
        select f.shop_id, f.shipment_id, s.expected_to, t.now
        from followed_parcels f
        join shipments s on s.shop_id = f.shop_id and s.id = f.shipment_id and s.phase = any ($3::text[])
        left join test_clocks c on c.shop_id = f.shop_id and f.provider = any ($6::text[])
        cross join lateral (
            select case when c.shop_id is null then $1::timestamptz else least(c.showed_at + interval '1 second'
                * least(greatest(extract(epoch from $1 - c.set_at), 0) * c.factor, $7), $8) end as now) t
        where f.due_at < 'infinity' and {UP_TO_DATE}
          and s.expected_to < t.now - case when s.expected_confidence is null then $5::interval else interval '0' end
          and not exists (
            select from shipment_events e
            where e.shop_id = f.shop_id and e.shipment_id = f.shipment_id and e.event_name = $4
              and e.event_time >= s.expected_to and e.withdrawn_at is null)
          and exists (
            select from shipment_events e
            where e.shop_id = f.shop_id and e.shipment_id = f.shipment_id
              and e.additional_info ? 'expected_delivery' and e.event_time < s.expected_to)
        limit $2
        """,  # noqa: S608 - no value is interpolated
        now,
        limit,
        [str(phase) for phase in ON_ITS_WAY],
        DELAYED,
        GRACE,
        list(by_test_clock),
        (LATEST - EARLIEST).total_seconds(),
        LATEST,
    )
    return [Late(**row) for row in rows]
