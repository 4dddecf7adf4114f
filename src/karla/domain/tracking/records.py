"""A followed parcel, an account's turn, what a provider answered, and a shop's test clock."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec

from karla.vocabulary.events import Direction, Phase


class Urgency(IntEnum):
    """How much a shopper wants to know: the least number is asked about first when not all can be."""

    ARRIVING = 0
    TROUBLED = 1
    MOVING = 2
    WAITING = 3
    ANNOUNCED = 4
    ENDED = 5


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One account that a worker has for itself for the time of a lease; `calls` were made on `day` (UTC)."""

    shop_id: UUID
    provider: str
    day: date
    calls: int
    adopted_until: datetime | None
    leased_until: datetime


class Interest(msgspec.Struct, frozen=True, kw_only=True):
    """Which parcels an account can follow: of these carriers, or of any; those of other providers' prefixes not.

    Parcels whose numbers have its own `prefix` are its own, whatever their carrier.
    """

    carriers: Collection[str]
    any_carrier: bool
    prefix: str
    other_prefixes: Sequence[str]


class Place(msgspec.Struct, frozen=True):
    """Up to which parcel, by when it was updated, an account has looked."""

    updated_at: datetime
    shipment_id: UUID


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """How a parcel stands, for deciding when it is asked about; `changed_at`: when a new scan was last told."""

    phase: Phase
    event_time: datetime | None
    expected_from: datetime | None
    changed_at: datetime


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that is due, with what its carrier is to be told about it.

    `changed_at` is when its carrier last told a new scan, or when it began to be followed.
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


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel of which nothing was heard for days; `now` is by the time that it lives by."""

    shop_id: UUID
    shipment_id: UUID
    now: datetime


class Ask(msgspec.Struct, frozen=True):
    """When a parcel is asked about next, and how urgently; `at` None: not any more."""

    at: datetime | None
    urgency: Urgency


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """When a parcel is asked about next by its new standing; `seen_at`: a new scan was told then, None: none was."""

    shop_id: UUID
    shipment_id: UUID
    next: Ask
    seen_at: datetime | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of asking about a parcel, and when it is its turn again.

    `at` is when, by the time that the parcel lives by, None: in real time. `body` is what was told, None where that
    was nothing, nothing new, or a failure.
    """

    parcel: Followed
    next: Ask
    at: datetime | None = None
    failed: bool = False
    registered: bool = False
    body: bytes | None = None
    content_type: str = "application/json"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider told of a parcel, still to be read, and what has to be known of the parcel for that.

    It is `current` unless the parcel got another carrier or number since; `again`: it was read once before. `as_of`
    is when it was told by the time that the parcel lives by: a shop's test clock may be ahead of `received_at`.
    """

    shop_id: UUID
    id: UUID
    received_at: datetime
    as_of: datetime
    shipment_id: UUID
    provider: str
    body: bytes
    carrier: str
    tracking_number: str
    current: bool
    again: bool
    phase: Phase
    direction: Direction
    expected_from: datetime | None
    expected_to: datetime | None
    expected_confidence: float | None
    placed_at: datetime
    country: str | None
    postal_code: str | None


class AnswerPlace(msgspec.Struct, frozen=True):
    """Up to which answer somebody has looked."""

    received_at: datetime
    id: UUID


class ReadAgain(msgspec.Struct, frozen=True):
    """How many answers are to be read anew, and from where on to look for more; None: there are no more."""

    answers: int
    place: AnswerPlace | None


class ShopClock(msgspec.Struct, frozen=True, kw_only=True):
    """The test clock of a shop: at the real moment `set_at` it showed `showed_at`, and runs at `factor` since then.

    With a factor of 0 it stands still.
    """

    shop_id: UUID
    set_at: datetime
    showed_at: datetime
    factor: float


class Outcome(StrEnum):
    """What came of asking about one parcel; only the first three are answers."""

    TOLD = "told"
    UNCHANGED = "unchanged"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    UNAUTHORISED = "unauthorised"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One parcel that was asked about; `call_ms` is how long the call took that it was part of, None without one."""

    carrier: str
    outcome: Outcome
    call_ms: int | None


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """So many `scans` of a carrier were new; `ages`: seconds from scan to knowing, of those that tell it."""

    shop_id: UUID
    provider: str
    carrier: str
    scans: int
    ages: Sequence[float]


class State(StrEnum):
    """How a carrier is doing; of a quiet one there is nothing to say."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    QUIET = "quiet"


class Verdict(msgspec.Struct, frozen=True):
    """How a carrier is doing, and why in a sentence."""

    state: State
    reason: str


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking a carrier in some time; the buckets are counted as `rules.health` says.

    The greatest of all are None where nothing was counted.
    """

    outcomes: Mapping[Outcome, int] = {}
    call_buckets: Sequence[int] = ()
    slowest_ms: int | None = None
    scans: int = 0
    age_buckets: Sequence[int] = ()
    oldest_seconds: int | None = None

    @property
    def asked(self) -> int:
        """How many questions there were."""
        return sum(self.outcomes.values())


class CarrierHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a carrier is doing by one provider's account.

    Of parcels that are followed now some are `due`, and some of those `overdue` by more than an hour.
    """

    provider: str
    carrier: str
    verdict: Verdict
    span: Span
    last_asked_at: datetime | None
    last_told_at: datetime | None
    followed: int
    due: int
    overdue: int


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """What says how long a parcel takes: it was handed in on `handed_on`, the destination's day.

    Countries are alpha-2; a `service` or `origin` that isn't known is ''. `out_on` is the day on which it went out
    for delivery, None while it hasn't.
    """

    shop_id: UUID
    origin: str
    destination: str
    carrier: str
    service: str
    handed_on: date
    out_on: date | None = None


class TransitSample(msgspec.Struct, frozen=True, kw_only=True):
    """How long one parcel took: `days` of the calendar, `steps` of them days on which is delivered there."""

    shipment_id: UUID
    journey: Journey
    days: int
    steps: int
    delivered_at: datetime


class Likeness(StrEnum):
    """What parcels have in common whose times are counted together, besides their lane."""

    LANE = "lane"
    CARRIER = "carrier"
    SERVICE = "service"
    WEEKDAY = "weekday"


class History(msgspec.Struct, frozen=True, kw_only=True):
    """How many parcels that are alike took how long, as pairs of days and number.

    The days are those of the calendar for parcels of one weekday, else those on which is delivered. `shared`: they
    are of several shops.
    """

    likeness: Likeness
    shared: bool
    counts: Sequence[tuple[int, int]]

    @property
    def parcels(self) -> int:
        """How many it knows of."""
        return sum(number for _, number in self.counts)


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """When a parcel is expected, in days of its destination; `confidence` is 0 to 1, `basis` says in words why."""

    first: date
    last: date
    likeliest: date
    confidence: float
    basis: str


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel whose window ended at `expected_to` without it; `now` is by the time that it lives by."""

    shop_id: UUID
    shipment_id: UUID
    expected_to: datetime
    now: datetime
