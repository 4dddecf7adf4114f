"""The rooms of orders and shipments of one shop, on a real PostgreSQL, and everything that they announced."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from karla.domain.orders.queries import orders_by_references
from karla.domain.orders.records import OrderMembers, OrderNames, Reference, ReferenceKind
from karla.domain.shipments.commands.observe import observe
from karla.domain.shipments.commands.upsert import Outcome, upsert_orders
from karla.domain.shipments.queries.files import files_of
from karla.domain.shipments.records import (
    Observation,
    Observed,
    OrderCommand,
    OrderFile,
    ShipmentEvent,
    Tracking,
)
from karla.domain.subscribers.journal import Journal
from karla.infra.access import scope_of
from karla.infra.db import Database
from karla.infra.errors import KarlaError
from karla.infra.json_text import JsonText
from karla.infra.work import Fact, Work
from tests.support.announcers import announcer
from tests.support.clocks import NOON, StandingClock


class OrderRooms:
    """Commands on one shop. Each answer is compared with what is stored, and each fact with the state after it."""

    def __init__(self, shop_id: UUID, clock: StandingClock) -> None:
        self.shop_id = shop_id
        self.scope = scope_of([shop_id])
        self.clock = clock
        self.db: Database
        self.facts: list[ShipmentEvent] = []

    async def announced(self, work: Work, facts: Sequence[Fact]) -> None:
        """What the database announces with: looks at each fact before it is committed."""
        newest: dict[UUID, ShipmentEvent] = {}
        for fact in facts:
            assert isinstance(fact, ShipmentEvent)
            assert fact.shipment in fact.consignment.shipments
            newest[fact.consignment.order.id] = fact
            self.facts.append(fact)
        stored = {order_id: await self._stored(work, order_id) for order_id in newest}
        for order_id, fact in newest.items():
            file = stored[order_id]
            assert (fact.consignment.order, fact.consignment.shipments) == (file.order, file.shipments)
        for fact in self.facts[-len(facts) :]:
            file = stored[fact.consignment.order.id]
            (event,) = (event for event in file.timeline if event.id == fact.event_id)
            assert (event.shipment_id, event.event_name) == (fact.shipment.id, fact.kind.name)
            assert event.event_time == fact.occurred_at
        journal = Journal(work.now)
        for fact in facts:
            journal.add(fact)
        await journal.write(work, len(facts))

    async def _stored(self, work: Work, order_id: UUID) -> OrderFile:
        reference = Reference(ReferenceKind.UUID, str(order_id))
        orders = await orders_by_references(self.scope, work.connection, [reference])
        (file,) = await files_of(self.scope, work.connection, orders)
        return file

    async def upsert(self, *commands: OrderCommand) -> list[Outcome]:
        """Carry out a batch in one transaction."""
        outcomes = await self.db.write(self.scope, lambda work: upsert_orders(work, commands))
        last = {outcome.order.id: outcome for outcome in outcomes if isinstance(outcome, OrderFile)}
        for outcome in last.values():
            assert outcome == await self.stored(outcome.order.id)
        return outcomes

    async def one(self, command: OrderCommand) -> OrderFile:
        """Carry out one; raises its error."""
        (outcome,) = await self.upsert(command)
        return file_of(outcome)

    async def stored(self, order_id: UUID) -> OrderFile:
        """The order as a later reader finds it."""
        reference = Reference(ReferenceKind.UUID, str(order_id))
        async with self.db.read(self.scope) as connection:
            orders = await orders_by_references(self.scope, connection, [reference])
            (file,) = await files_of(self.scope, connection, orders)
        return file

    async def count(self, table: str) -> int:
        """How many rows the shop has in a table."""
        async with self.db.read(self.scope) as connection:
            return int(await connection.fetchval(f"select count(*) from {table} where shop_id = $1", self.shop_id))  # noqa: S608

    async def observe(self, *observations: Observation) -> list[Observed | KarlaError]:
        """Observe a batch in one transaction."""
        return await self.db.write(self.scope, lambda work: observe(work, observations))

    def take_facts(self) -> list[str]:
        """The names of what was announced since the last call."""
        names = [fact.kind.name for fact in self.facts]
        self.facts.clear()
        return names

    def command(self, number: str, *trackings: Tracking | str, **members: Any) -> OrderCommand:
        """An upsert by order number; members without `order_number` are laid over an order that exists."""
        return self.by(ReferenceKind.ORDER_NUMBER, number, *trackings, order_number=number, **members)

    def by(self, kind: ReferenceKind, value: str, *trackings: Tracking | str, **members: Any) -> OrderCommand:
        """An upsert by any reference."""
        for name in {"products", "discounts"} & members.keys():
            members[name] = JsonText.of(members[name])
        told = OrderMembers(**members)
        return OrderCommand(
            shop_id=self.shop_id,
            reference=Reference(kind, value),
            names=OrderNames(told.order_number, told.external_id, told.order_name),
            members=told if members else None,
            trackings=[t if isinstance(t, Tracking) else Tracking(tracking_number=t) for t in trackings],
        )

    def seen(self, shipment_id: UUID, name: str, at: datetime = NOON, **members: Any) -> Observation:
        """A carrier's scan; its external id is name and time unless it is given."""
        members.setdefault("external_id", f"{name}@{at.isoformat()}")
        return Observation(
            shop_id=self.shop_id, shipment_id=shipment_id, origin="carrier", event_name=name, event_time=at, **members
        )


def file_of(outcome: Outcome) -> OrderFile:
    """The order of an upsert that went well; raises its error otherwise."""
    if isinstance(outcome, KarlaError):
        raise outcome
    return outcome


@asynccontextmanager
async def order_rooms(shop_id: UUID, url: str) -> AsyncIterator[OrderRooms]:
    """The rooms with a database of their own and a clock that stands at noon."""
    rooms = OrderRooms(shop_id, StandingClock())
    rooms.db = await Database.open(url, announce=announcer(rooms.announced), clock=rooms.clock)
    try:
        yield rooms
    finally:
        await rooms.db.close()
