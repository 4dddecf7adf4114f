"""What the handlers work with: made once a process by `karla.main`."""

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import msgspec

from karla.domain.shipments.commands.upsert import Outcome, upsert_orders
from karla.domain.shipments.records import OrderCommand, OrderFile
from karla.entrypoints.api.access import Keyring
from karla.entrypoints.api.streams import Streams
from karla.infra.access import scope_of
from karla.infra.batching import Coalescer
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.rate_limit import RateLimit
from karla.infra.settings import Settings
from karla.infra.storage import ObjectStore
from karla.infra.work import COMPLETION, Work
from karla.pipeline.backlog import BacklogMetrics


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


class Services(msgspec.Struct, frozen=True):
    """The parts of a running API process."""

    settings: Settings
    db: Database
    clock: Clock
    keyring: Keyring
    objects: ObjectStore
    upserts: Upserts
    key_limit: RateLimit
    bulk_limit: RateLimit
    backlog: BacklogMetrics
    streams: Streams


async def upserted(db: Database, commands: Sequence[OrderCommand]) -> Sequence[Outcome]:
    """Carry out upserts, of one shop or of several, in one transaction."""
    scope = scope_of(command.shop_id for command in commands)
    return await db.write(scope, lambda work: upsert_orders(work, commands))
