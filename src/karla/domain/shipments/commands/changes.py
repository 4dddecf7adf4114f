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
from karla.infra.errors import Conflict, NotFound
from karla.infra.ids import new_id
from karla.infra.work import Work


async def update_shipment(
    work: Work,
    reference: Reference,
    shipment_id: UUID,
    *,
    tracking_url: str | None,
    products: list[dict[str, Any]] | None,
) -> tuple[OrderFile, Shipment]:
    """Change a parcel's link or contents: None leaves, an empty list of products clears, a list replaces."""
    file = await _locked_file(work, reference)
    shipment = next((s for s in file.shipments if s.id == shipment_id), None)
    if shipment is None:
        raise NotFound("shipment_not_found", "The requested shipment does not exist.")
    said = {"tracking_url": tracking_url, "products": products}
    said = {name: value for name, value in said.items() if value is not None and getattr(shipment, name) != value}
    if not said:
        return file, shipment
    shipment = msgspec.structs.replace(shipment, **said, updated_at=work.now)
    await writing.write(work, [shipment], [])
    shipments = tuple(shipment if s.id == shipment.id else s for s in file.shipments)
    return msgspec.structs.replace(file, shipments=shipments), shipment


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
