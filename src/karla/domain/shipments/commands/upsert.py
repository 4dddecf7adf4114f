"""The most used command: orders with their parcels, one or five hundred at a time, by one implementation."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, TypeAlias
from uuid import UUID

from karla.domain.orders import commands as orders
from karla.domain.orders import rules as order_rules
from karla.domain.orders.records import Order, OrderMembers, Reference, ReferenceKind, SavedOrder
from karla.domain.shipments.commands import writing
from karla.domain.shipments.queries.files import files_of
from karla.domain.shipments.queries.habits import habits_of
from karla.domain.shipments.records import OrderCommand, OrderFile, ShipmentEvent
from karla.domain.shipments.rules.fulfilment import Plan, Planner
from karla.domain.shipments.rules.lessons import NONE, Habits
from karla.infra.errors import Conflict, KarlaError, NotFound
from karla.infra.ids import new_id
from karla.infra.parts import in_parts
from karla.infra.recordset import Row
from karla.infra.work import Work

Outcome = OrderFile | KarlaError

_Resolved: TypeAlias = tuple[int, OrderCommand, Order | None]


class _Asked(NamedTuple):
    """A command with its place among all, and by what its order may be known."""

    place: int
    command: OrderCommand
    references: list[Reference]


class Ready(NamedTuple):
    """What becomes of an order's parcels, with the rows that are to be written of it."""

    plan: Plan
    shipments: list[Row]
    events: list[Row]


async def upsert_orders(work: Work, commands: Sequence[OrderCommand]) -> list[Outcome]:
    """Carry out the commands in the order given; a bad one fails alone, as an error in its place.

    Commands that concern the same order are done one after another, all others together.
    """
    outcomes: dict[int, Outcome] = {}
    waiting = [
        _Asked(place, command, order_rules.references_of(command.reference, command.names))
        for place, command in enumerate(commands)
    ]
    while waiting:
        waiting = await _round(work, waiting, outcomes)
    return [outcomes[place] for place in range(len(commands))]


async def _round(work: Work, waiting: list[_Asked], outcomes: dict[int, Outcome]) -> list[_Asked]:
    """Do what can be done at once, and return what has to wait for it."""
    wanted = {(asked.command.shop_id, reference) for asked in waiting for reference in asked.references}
    found = _Found(await orders.locked_by_references(work, wanted))
    taken: set[object] = set()
    later: list[_Asked] = []
    resolved: list[_Resolved] = []
    for asked in waiting:
        keys = found.keys_of(asked)
        waits = not taken.isdisjoint(keys)
        taken |= keys  # also of one that waits: what comes after it waits for it in turn
        if waits:
            later.append(asked)
            continue
        try:
            resolved.append((asked.place, asked.command, _resolved(asked, found)))
        except KarlaError as error:
            outcomes[asked.place] = error
    # In one order everywhere, so that two batches that make the same orders wait for each other only one way.
    resolved.sort(key=_by_number)
    plans = await _carried_out(work, resolved)
    for (place, _, _), plan in zip(resolved, plans, strict=True):
        outcomes[place] = plan.file
    return later


def _by_number(one: _Resolved) -> tuple[UUID, str]:
    _, command, before = one
    return command.shop_id, command.names.order_number or (before.order_number if before else command.reference.value)


async def _carried_out(work: Work, resolved: Sequence[_Resolved]) -> list[Plan]:
    """Plan, write and announce, each order's parcels put into words while they are still in the cache."""
    existing = [before for _, _, before in resolved if before]
    files = {file.order.id: file for file in await files_of(work.scope, work.connection, existing)}
    unsaid = {command.shop_id for _, command, _ in resolved for told in command.trackings if not told.carrier_reference}
    habits = await habits_of(work.scope, work.connection, unsaid) if unsaid else {}

    def planned(one: _Resolved) -> tuple[orders.OrderRow | None, Ready]:
        _, command, before = one
        saved = _saved(work, command, before)
        plan = _planned(work, command, saved, files.get(saved.now.id), habits.get(command.shop_id, NONE))
        announce(work, plan)
        return orders.row_of(saved.now) if saved.changed else None, made_ready(plan)

    done = await in_parts(resolved, planned, partial(_save_and_write, work))
    return [ready.plan for _, ready in done]


def _planned(work: Work, command: OrderCommand, saved: SavedOrder, file: OrderFile | None, habits: Habits) -> Plan:
    """What becomes of the order's parcels."""
    planner = Planner(saved, file, work.now, new_id, habits)
    planner.readdress()
    planner.attach(command.trackings)
    planner.expect()
    return planner.plan()


async def _save_and_write(work: Work, part: Sequence[tuple[orders.OrderRow | None, Ready]]) -> None:
    await orders.save(work, [order for order, _ in part if order])
    await write(work, [ready for _, ready in part])
    await work.tell(sum(len(ready.plan.happenings) for _, ready in part))


def made_ready(plan: Plan) -> Ready:
    """The plan with its rows."""
    shop_id = plan.file.order.shop_id
    return Ready(
        plan,
        [writing.shipment_row(shipment) for shipment in plan.written],
        [writing.event_row(shop_id, happening.event) for happening in plan.happenings],
    )


async def write(work: Work, made: Sequence[Ready]) -> None:
    """Write what becomes of the parcels."""
    plans = [ready.plan for ready in made]
    await writing.mark(work, [(plan.file.order.shop_id, event) for plan in plans for event in plan.withdrawn])
    await writing.remove(work, [(plan.file.order.shop_id, gone) for plan in plans for gone in plan.removed])
    await writing.write(
        work,
        [row for ready in made for row in ready.shipments],
        [row for ready in made for row in ready.events],
    )


def announce(work: Work, plan: Plan) -> None:
    """Announce what happens to the parcels of an order."""
    shipments = {shipment.id: shipment for shipment in plan.file.shipments}
    for happening in plan.happenings:
        work.emit(
            ShipmentEvent(
                event_id=happening.event.id,
                shop_id=plan.file.order.shop_id,
                kind=happening.kind,
                shipment=shipments[happening.event.shipment_id],
                consignment=plan.file,
                occurred_at=happening.event.event_time,
            )
        )


class _Found:
    """The stored orders of a round, by each way to name them."""

    def __init__(self, found: Sequence[Order]) -> None:
        self._by_name: dict[tuple[UUID, Reference], list[Order]] = {}
        for order in found:
            for kind, value in (
                (ReferenceKind.UUID, str(order.id)),
                (ReferenceKind.ORDER_NUMBER, order.order_number),
                (ReferenceKind.EXTERNAL_ID, order.external_id),
                (ReferenceKind.ORDER_NAME, order.order_name),
            ):
                if value is not None:
                    self._by_name.setdefault((order.shop_id, Reference(kind, value)), []).append(order)

    def named(self, shop_id: UUID, reference: Reference) -> list[Order]:
        if reference.kind is ReferenceKind.UUID:
            reference = Reference(reference.kind, reference.value.lower())
        return self._by_name.get((shop_id, reference), [])

    def keys_of(self, asked: _Asked) -> set[object]:
        """Whatever two commands share one of must not be done at once."""
        shop_id, name = asked.command.shop_id, asked.command.names.order_name
        keys: set[object] = {(shop_id, reference) for reference in asked.references}
        keys |= {order.id for reference in asked.references for order in self.named(shop_id, reference)}
        if name is not None:
            keys.add((shop_id, Reference(ReferenceKind.ORDER_NAME, name)))
        return keys


def _resolved(asked: _Asked, found: _Found) -> Order | None:
    """The stored order that the command changes, None where it makes one; NotFound or Conflict where it may not."""
    command = asked.command
    before = _meant(asked, found)
    if before is None:
        if command.names.order_number is None:
            raise NotFound("order_not_found", "The requested order does not exist.")
        if command.reference.kind is ReferenceKind.UUID:
            raise NotFound("order_not_found", "The requested order does not exist; Karla gives orders their UUIDs.")
    elif command.create_only:
        raise Conflict("order_exists", "This order is already known.")
    return before


def _meant(asked: _Asked, found: _Found) -> Order | None:
    """The one stored order that the command means; Conflict when its names mean different ones."""
    shop_id, (first, *others) = asked.command.shop_id, asked.references
    also = {order.id: order for reference in others for order in found.named(shop_id, reference)}
    named = {order.id: order for order in found.named(shop_id, first)}
    if len(named) > 1:
        named = {order_id: order for order_id, order in named.items() if order_id in also}
        if not named:
            raise Conflict("order_ambiguous", "Several orders have this name; use the order number or external id.")
    meant = named | also
    if len(meant) > 1:
        raise Conflict("order_exists", "The order number or external id belongs to another order.")
    return next(iter(meant.values()), None)


def _saved(work: Work, command: OrderCommand, before: Order | None) -> SavedOrder:
    """What becomes of the order."""
    members = command.members or OrderMembers()
    order = before or order_rules.blank(command.reference, shop_id=command.shop_id, new_id=new_id(), now=work.now)
    return SavedOrder(order_rules.merged(order, members, command.order_analytics, work.now), before)
