"""What many requests want of the database at once is asked of it together."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID

from karla.domain.shipments.queries.files import file_from
from karla.domain.shipments.queries.search import orders_by_any_reference
from karla.domain.shipments.records import OrderFile
from karla.infra.access import scope_of
from karla.infra.batching import Coalescer
from karla.infra.db import Database
from karla.infra.errors import KarlaError
from karla.infra.work import COMPLETION, Work
from karla.vocabulary.scope import Scope


class _OfAShop(Protocol):
    @property
    def shop_id(self) -> UUID: ...


Item = TypeVar("Item", bound=_OfAShop)
Result = TypeVar("Result")


class Commands(Coalescer[Item, Result]):
    """A command's items of many callers in one transaction; one that something is to be completed with has its own.

    The command answers a result or an error for each item, in their order.
    """

    def __init__(
        self, db: Database, command: Callable[[Work, Sequence[Item]], Awaitable[Sequence[Result | KarlaError]]]
    ) -> None:
        super().__init__(self.together)
        self._db = db
        self._command = command

    def submit(self, item: Item) -> Coroutine[Any, Any, Result]:
        """The item's result; raises what it was refused for."""
        return super().submit(item) if COMPLETION.get() is None else self._alone(item)

    async def together(self, items: Sequence[Item]) -> Sequence[Result | KarlaError]:
        """Carry out these, of one shop or of several, in a transaction of their own."""
        scope = scope_of(item.shop_id for item in items)
        return await self._db.write(scope, lambda work: self._command(work, items))

    async def _alone(self, item: Item) -> Result:
        async def command(work: Work) -> Result:
            (outcome,) = await self._command(work, [item])
            if isinstance(outcome, KarlaError):
                raise outcome
            return outcome

        return await self._db.write(scope_of([item.shop_id]), command)


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
