"""A followed parcel, an account's turn, and what a provider answered."""

from datetime import date, datetime
from enum import IntEnum
from uuid import UUID

import msgspec

from karla.vocabulary.events import Phase


class Urgency(IntEnum):
    """How much a shopper wants to know: the least number is asked about first when not all can be."""

    ARRIVING = 0
    TROUBLED = 1
    MOVING = 2
    WAITING = 3
    ANNOUNCED = 4
    ENDED = 5


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls an account may make; None is no limit."""

    per_second: float | None = None
    per_day: int | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One account that a worker has for itself for the time of a lease; `calls` were made on `day` (UTC)."""

    shop_id: UUID
    provider: str
    day: date
    calls: int
    adopted_until: datetime | None
    leased_until: datetime


class Place(msgspec.Struct, frozen=True):
    """Up to which parcel, by when it was updated, an account has looked."""

    updated_at: datetime
    shipment_id: UUID


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """How a parcel stands, for deciding when it is asked about; `changed_at`: when something new was last told."""

    phase: Phase
    event_time: datetime | None
    expected_from: datetime | None
    changed_at: datetime


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that is due, with what its carrier is to be told about it.

    `changed_at` is when its carrier last told something new, or when it began to be followed.
    """

    shop_id: UUID
    shipment_id: UUID
    carrier: str
    tracking_number: str
    phase: Phase
    event_time: datetime | None
    expected_from: datetime | None
    expected_to: datetime | None
    placed_at: datetime
    country: str | None
    postal_code: str | None
    registered: bool
    asked_at: datetime | None
    changed_at: datetime
    failures: int
    digest: bytes | None

    @property
    def situation(self) -> Situation:
        """How it stands."""
        return Situation(
            phase=self.phase,
            event_time=self.event_time,
            expected_from=self.expected_from,
            changed_at=self.changed_at,
        )


class Ask(msgspec.Struct, frozen=True):
    """When a parcel is asked about next, and how urgently; `at` None: not any more."""

    at: datetime | None
    urgency: Urgency


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of asking about a parcel, and when it is its turn again.

    `body` is what was told, None where that was nothing, nothing new, or a failure.
    """

    parcel: Followed
    next: Ask
    failed: bool = False
    registered: bool = False
    body: bytes | None = None
    content_type: str = "application/json"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider told of a parcel, still to be read, and what has to be known of the parcel for that.

    It is `current` unless the parcel got another carrier or number since; `again`: it was read once before.
    """

    shop_id: UUID
    id: UUID
    received_at: datetime
    shipment_id: UUID
    provider: str
    body: bytes
    carrier: str
    tracking_number: str
    current: bool
    again: bool
    phase: Phase
    expected_from: datetime | None
    expected_to: datetime | None
    placed_at: datetime
    country: str | None
    postal_code: str | None
