"""The lanes of webhooks: how an endpoint has been doing, and when it is its turn."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Protocol
from uuid import UUID

import msgspec

from karla.vocabulary.events import Notice


class LaneFailure(msgspec.Struct, frozen=True):
    """The attempt that failed last; without a `status_code` there was no answer, and `error` says why."""

    at: datetime
    status_code: int | None
    error: str | None


class LaneState(msgspec.Struct, frozen=True, kw_only=True):
    """How a webhook has been doing: what attempts at it change, and what decides on the next ones.

    `failures` counts the failed attempts in a row, and `failing_since` is when the first of them began.
    `last_success_at` is right to a second or so.
    `reported_at`: the shop was told that it fails, and not yet that it works again.
    """

    paused_until: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    reported_at: datetime | None = None
    last_success_at: datetime | None = None
    last_failure: LaneFailure | None = None


class WebhookNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A fact: something is to be told of a webhook. `lane` is its state after that."""

    event_id: UUID
    shop_id: UUID
    notice: Notice
    webhook_id: UUID
    url: str
    lane: LaneState
    occurred_at: datetime


class LaneChange(msgspec.Struct, frozen=True, kw_only=True):
    """A lane after some attempts, and what is to be told of it; at `due_at` it may have something due by them."""

    state: LaneState
    notices: Sequence[Notice]
    due_at: datetime | None


class Standing(Enum):
    """How soon the answer to a lane's next request is to be expected, by how it answered so far.

    `WELL`: its last answer was a yes. `NEW`: it has yet to give one. `FAILING`: the last attempt failed.
    """

    WELL = auto()
    NEW = auto()
    FAILING = auto()


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a claimer has no room for: these lanes and shops, new or failing lanes of these shops, or any such."""

    lanes: Sequence[UUID] = ()
    shops: Sequence[UUID] = ()
    new_of: Sequence[UUID] = ()
    failing_of: Sequence[UUID] = ()
    new: bool = False
    failing: bool = False


class Rooms(Protocol):
    """How many rows a claimer takes, and of whom."""

    def begin(self) -> None:
        """A claim begins: what an earlier run of it took is free again."""
        ...

    def of(self, webhook_id: UUID, /) -> int:
        """How many of this webhook at most."""
        ...

    def closed(self) -> Closed:
        """Those that there is no room for at all, after what was taken."""
        ...

    def take(self, shop_id: UUID, webhook_id: UUID, standing: Standing, /) -> bool:
        """Take the room for one row; False if there is none, and then there won't be in this claim."""
        ...


class DueLane(msgspec.Struct, frozen=True):
    """A lane that is due and locked by whoever claims; `probe`: its breaker is open.

    `seen` is how many of its deliveries are looked at to find as many as there is `room` for.
    """

    shop_id: UUID
    webhook_id: UUID
    standing: Standing
    room: int
    seen: int
    probe: bool


class Waiting(msgspec.Struct, frozen=True):
    """A pending delivery of a lane; `behind` is when the one is due that it has to wait for, if there is one."""

    shop_id: UUID
    webhook_id: UUID
    id: UUID
    triggered_at: datetime
    due_at: datetime
    behind: datetime | None
    tried: bool


class Move(msgspec.Struct, frozen=True):
    """A delivery that is due at another moment from now on: leased if it was `taken`, else put off."""

    row: Waiting
    due_at: datetime
    taken: bool
    probe: bool


class LaneTurn(msgspec.Struct, frozen=True):
    """When a lane is due again after it was served; None is "not before something happens"."""

    shop_id: UUID
    webhook_id: UUID
    due_at: datetime | None
    probed_until: datetime | None


class SharedOut(msgspec.Struct, frozen=True):
    """What a claim changes."""

    moves: Sequence[Move]
    turns: Sequence[LaneTurn]
