"""Single changes to an order and its parcels: update a parcel, cancel the order, have it go elsewhere."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from karla.domain.audit.commands import record
from karla.domain.audit.records import Action
from karla.domain.orders import commands as orders
from karla.domain.orders.records import Order, Reference, SavedOrder
from karla.domain.shipments.commands import writing
from karla.domain.shipments.commands.upsert import announce, made_ready, write
from karla.domain.shipments.queries.files import files_of
from karla.domain.shipments.records import OrderFile, Shipment
from karla.domain.shipments.rules.addresses import readdressed
from karla.domain.shipments.rules.fulfilment import Planner, cancellable, readdressable
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
        await writing.write(work, [writing.shipment_row(shipment)], [])
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
    await write(work, [made_ready(plan)])
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
    return await _decided(work, planner, order, Action.ORDER_CANCELLED)


async def change_address(work: Work, reference: Reference, said: Mapping[str, Any]) -> OrderFile:
    """Have an order go elsewhere within its country, while no parcel may have a label; `said` are members of it.

    Conflict once it may, or where the order is cancelled; Invalid with every fault of the new address. What changes
    nothing is not told to anybody.
    """
    file = await _locked_file(work, reference)
    if file.order.cancelled_at is not None:
        raise Conflict("order_cancelled", "This order is cancelled, so nothing of it goes anywhere.")
    if not readdressable(file):
        raise Conflict("order_shipped", "A parcel of this order is packed already, so its address can't be changed.")
    address, faults = readdressed(file.order.address, said)
    if faults:
        raise Invalid("address_invalid", "The address is not complete, or not right.", faults)
    if address == file.order.address:
        return file
    order = msgspec.structs.replace(file.order, address=address, updated_at=work.now)
    planner = Planner(SavedOrder(order, file.order), file, work.now, new_id)
    planner.readdress()
    return await _decided(work, planner, order, Action.ORDER_ADDRESS_CHANGED)


async def _decided(work: Work, planner: Planner, order: Order, action: Action) -> OrderFile:
    """Write and announce it. Where a shopper asked for it, the timeline and the shop's trail say so.

    The trail has nothing of the address: it outlives the order.
    """
    by_shopper = work.origin.kind == "shopper"
    if by_shopper:
        planner.asked_by("shopper")
    plan = planner.plan()
    await orders.save(work, [orders.row_of(order)])
    await write(work, [made_ready(plan)])
    announce(work, plan)
    if by_shopper:
        await record(work, action, order.id)
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
