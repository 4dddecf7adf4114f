"""Single changes to an order's parcels: update one, cancel the order."""

from typing import Any
from uuid import UUID

import msgspec

from karla.domain.orders import commands as orders
from karla.domain.orders.records import Reference, SavedOrder
from karla.domain.shipments.commands import writing
from karla.domain.shipments.commands.upsert import announce, write
from karla.domain.shipments.queries.files import files_of
from karla.domain.shipments.records import OrderFile, Shipment
from karla.domain.shipments.rules.fulfilment import Planner, cancellable
from karla.domain.shipments.rules.lessons import make_of
from karla.infra.errors import Conflict, Fault, Invalid, NotFound
from karla.infra.ids import new_id
from karla.infra.work import Work


async def update_shipment(
    work: Work,
    reference: Reference,
    shipment_id: UUID,
    *,
    tracking_url: str | None,
    products: list[dict[str, Any]] | None,
    carrier_reference: str | None = None,
) -> tuple[OrderFile, Shipment]:
    """Change a parcel's carrier, link or contents: None leaves, an empty list of products clears, a list replaces.

    Another carrier is learnt for parcels of the same make that are to come.
    """
    file = await _locked_file(work, reference)
    shipment = _shipment_in(file, shipment_id)
    said = {"tracking_url": tracking_url, "products": products}
    said = {name: value for name, value in said.items() if value is not None and getattr(shipment, name) != value}
    if said:
        shipment = msgspec.structs.replace(shipment, **said, updated_at=work.now)
        await writing.write(work, [shipment], [])
        shipments = tuple(shipment if s.id == shipment.id else s for s in file.shipments)
        file = msgspec.structs.replace(file, shipments=shipments)
    # The last: what it announces is the parcel with all of it.
    if carrier_reference is not None and carrier_reference != shipment.carrier_reference:
        file = await _entrusted(work, file, shipment, carrier_reference)
    return file, _shipment_in(file, shipment_id)


async def _entrusted(work: Work, file: OrderFile, shipment: Shipment, carrier_reference: str) -> OrderFile:
    if shipment.draft:
        fault = Fault(("body", "carrier_reference"), "Needs a tracking number on the shipment", "shipment_is_draft")
        raise Invalid("shipment_is_draft", "A shipment without a tracking number has no carrier.", [fault])
    planner = Planner(SavedOrder(file.order, file.order), file, work.now, new_id)
    planner.entrust(shipment, carrier_reference)
    plan = planner.plan()
    await write(work, [plan])
    announce(work, plan)
    make = make_of(shipment.tracking_company, shipment.tracking_number)
    await work.connection.execute(
        """
        insert into carrier_lessons (shop_id, company, form, carrier_reference, learnt_at) values ($1, $2, $3, $4, $5)
        on conflict (shop_id, company, form)
        do update set carrier_reference = excluded.carrier_reference, learnt_at = excluded.learnt_at
        """,
        shipment.shop_id,
        make.company,
        make.form,
        carrier_reference,
        work.now,
    )
    return plan.file


def _shipment_in(file: OrderFile, shipment_id: UUID) -> Shipment:
    for shipment in file.shipments:
        if shipment.id == shipment_id:
            return shipment
    raise NotFound("shipment_not_found", "The requested shipment does not exist.")


async def cancel_order(work: Work, reference: Reference) -> OrderFile:
    """Cancel an order while no parcel has left the merchant; Conflict after that. Twice is as once."""
    file = await _locked_file(work, reference)
    if file.order.cancelled_at is not None:
        return file
    if not cancellable(file):
        raise Conflict("order_shipped", "A parcel of this order is on its way, so it can't be cancelled.")
    order = msgspec.structs.replace(file.order, cancelled_at=work.now, updated_at=work.now)
    planner = Planner(SavedOrder(order, file.order), file, work.now, new_id)
    planner.cancel()
    plan = planner.plan()
    await orders.save(work, [order])
    await write(work, [plan])
    announce(work, plan)
    return plan.file


async def _locked_file(work: Work, reference: Reference) -> OrderFile:
    shop_id = work.scope.shop
    found = await orders.locked_by_references(work, [(shop_id, reference)])
    if not found:
        raise NotFound("order_not_found", "The requested order does not exist.")
    if len(found) > 1:
        raise Conflict("order_ambiguous", "Several orders have this name; use the order number or external id.")
    (file,) = await files_of(work.scope, work.connection, found)
    return file
