"""Writes what was done on pages."""

from collections.abc import Sequence
from typing import Final

from karla.domain.insights.records import Visit, VisitKind
from karla.infra.work import Work

# A parcel that isn't named is meant where the order has but one.
_VISITS: Final = """
    insert into page_visits (shop_id, at, id, kind, page, phase, language, slot, campaign, after_ms)
    select v.shop_id, v.at, v.id, v.kind, v.page, (
               select s.phase from (
                   select p.phase, row_number() over (order by p.position) as number, count(*) over () as parcels
                   from shipments p where p.shop_id = v.shop_id and p.order_id = v.order_id
               ) as s
               where s.number = coalesce(v.shipment_number, case when s.parcels = 1 then 1 end)
           ), v.language, v.slot, v.campaign, v.after_ms
    from unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::integer[],
                $9::text[], $10::text[], $11::text[], $12::integer[])
      as v (shop_id, at, id, kind, page, order_id, shipment_number, language, slot, campaign, after_ms)
    join shops on shops.id = v.shop_id
    where v.shop_id = any ($1::uuid[])
    on conflict do nothing
"""
# Orders are taken in an order, so that two that count at once don't wait for each other.
_OPENINGS: Final = """
    with seen as (
        select v.shop_id, v.order_id, min(v.at) as first, max(v.at) as last,
               count(*) filter (where v.kind = $6) as openings, bool_or(v.kind <> $6) as engaged
        from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[]) as v (shop_id, order_id, at, kind)
        where v.shop_id = any ($1::uuid[])
        group by v.shop_id, v.order_id
    ), there as (
        select o.shop_id, o.id from orders o join seen s on s.shop_id = o.shop_id and s.order_id = o.id
        order by o.shop_id, o.id for key share of o
    )
    insert into page_openings as p (shop_id, order_id, first_opened_at, last_opened_at, openings, engaged)
    select s.shop_id, s.order_id, s.first, s.last, s.openings, s.engaged
    from there t join seen s on s.shop_id = t.shop_id and s.order_id = t.id
    order by s.shop_id, s.order_id
    on conflict (shop_id, order_id) do update set
        first_opened_at = least(p.first_opened_at, excluded.first_opened_at),
        last_opened_at = greatest(p.last_opened_at, excluded.last_opened_at),
        openings = p.openings + excluded.openings, engaged = p.engaged or excluded.engaged
"""


async def record_visits(work: Work, visits: Sequence[Visit]) -> None:
    """Count these, of whichever shops of the scope; those of shops and orders that are gone are left out.

    A visit that is recorded twice under one id and time is one; its order's openings would count twice.
    """
    shops = list(work.scope.shops)
    await work.connection.execute(
        _VISITS,
        shops,
        [visit.shop_id for visit in visits],
        [visit.at for visit in visits],
        [visit.id for visit in visits],
        [str(visit.kind) for visit in visits],
        [str(visit.page) for visit in visits],
        [visit.order_id for visit in visits],
        [visit.shipment_number for visit in visits],
        [visit.language for visit in visits],
        [visit.slot for visit in visits],
        [visit.campaign for visit in visits],
        [visit.after_ms for visit in visits],
    )
    of_orders = [visit for visit in visits if visit.order_id is not None]
    if of_orders:
        await work.connection.execute(
            _OPENINGS,
            shops,
            [visit.shop_id for visit in of_orders],
            [visit.order_id for visit in of_orders],
            [visit.at for visit in of_orders],
            [str(visit.kind) for visit in of_orders],
            VisitKind.OPENED,
        )
