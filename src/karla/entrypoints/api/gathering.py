"""What many requests want of the database at once is asked of it together."""

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from karla.domain.shipments.commands.upsert import Outcome, upsert_orders
from karla.domain.shipments.queries.files import file_from
from karla.domain.shipments.queries.search import orders_by_any_reference
from karla.domain.shipments.records import OrderCommand, OrderFile
from karla.infra.access import scope_of
from karla.infra.batching import Coalescer
from karla.infra.db import Database
from karla.infra.work import COMPLETION, Work
from karla.vocabulary.scope import Scope


class Upserts(Coalescer[OrderCommand, OrderFile]):
    """Upserts of many callers in one transaction; one that something is to be completed with has its own."""

    def __init__(self, db: Database) -> None:
        super().__init__(partial(upserted, db))
        self._db = db

    def submit(self, item: OrderCommand) -> Coroutine[Any, Any, OrderFile]:
        """The order as it stands then; raises what the upsert was refused for."""
        return super().submit(item) if COMPLETION.get() is None else self._alone(item)

    async def _alone(self, item: OrderCommand) -> OrderFile:
        async def upsert(work: Work) -> OrderFile:
            (outcome,) = await upsert_orders(work, [item])
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return await self._db.write(scope_of([item.shop_id]), upsert)


async def upserted(db: Database, commands: Sequence[OrderCommand]) -> Sequence[Outcome]:
    """Carry out upserts, of one shop or of several, in one transaction."""
    scope = scope_of(command.shop_id for command in commands)
    return await db.write(scope, lambda work: upsert_orders(work, commands))


class Lookups:
    """Orders by whatever names them; those of one shop that are asked for at once come by one query.

    A lookup sees all that was committed before it was submitted.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._shops: dict[UUID, Coalescer[str, str]] = {}

    async def order(self, scope: Scope, text: str) -> OrderFile:
        """The order of the scope's shop that `text` names; NotFound, or Conflict when it may be several."""
        lookups = self._shops.get(scope.shop)
        if lookups is None:
            lookups = self._shops[scope.shop] = Coalescer(partial(self._orders, scope), lanes=2)
        try:
            document = await lookups.submit(text)
        finally:
            if lookups.idle and self._shops.get(scope.shop) is lookups:
                del self._shops[scope.shop]
        # Each caller reads its own: all at once they would lie in no cache by the time that they are answered.
        return file_from(document)

    async def _orders(self, scope: Scope, texts: Sequence[str]) -> Sequence[str | Exception]:
        async with self._db.read(scope) as connection:
            return await orders_by_any_reference(scope, connection, texts)
