"""What the handlers work with: made once a process by `karla.main`."""

from collections.abc import Sequence

import msgspec

from karla.domain.shipments.commands.upsert import Outcome, upsert_orders
from karla.domain.shipments.records import OrderCommand, OrderFile
from karla.entrypoints.api.access import Keyring
from karla.infra.access import scope_of
from karla.infra.batching import Coalescer
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.rate_limit import RateLimit
from karla.infra.settings import Settings
from karla.infra.storage import ObjectStore
from karla.pipeline.backlog import BacklogMetrics


class Services(msgspec.Struct, frozen=True):
    """The parts of a running API process."""

    settings: Settings
    db: Database
    clock: Clock
    keyring: Keyring
    objects: ObjectStore
    upserts: Coalescer[OrderCommand, OrderFile]
    bulk_limit: RateLimit
    backlog: BacklogMetrics


async def upserted(db: Database, commands: Sequence[OrderCommand]) -> Sequence[Outcome]:
    """Carry out upserts, of one shop or of several, in one transaction."""
    scope = scope_of(command.shop_id for command in commands)
    return await db.write(scope, lambda work: upsert_orders(work, commands))
