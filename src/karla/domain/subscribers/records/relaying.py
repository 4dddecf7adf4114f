"""How much the relay does in one turn, and what came of it."""

from uuid import UUID

import msgspec


class Batch(msgspec.Struct, frozen=True):
    """At most so many events of the outbox, and about so many deliveries; but one event always."""

    events: int
    deliveries: int


class FannedOut(msgspec.Struct, frozen=True):
    """How many outbox rows were taken, and how many deliveries they became.

    `after` is where the next turn goes on; None where nothing is left for one.
    """

    events: int
    deliveries: int
    after: UUID | None
