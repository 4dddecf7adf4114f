"""Who may have how many requests in flight: each lane as many as it can take, and none so many that others wait."""

from collections import Counter
from enum import Enum, auto
from uuid import UUID

# A lane that nothing is known of starts with this many.
_START = 8.0
# How many slots a lane may hold for each one that it leaves free. So alone it has three quarters of them, k busy
# lanes come to equal shares, and there is always a slot for one that has none.
_GREED = 3
# So many lanes' windows are kept; those that were at rest for longest start anew.
_REMEMBERED = 10_000


class Pace(Enum):
    """How a request went, as far as the next ones of its lane are concerned."""

    QUICK = auto()
    SLOW = auto()
    STALLED = auto()


class Shares:
    """The slots of one worker.

    A lane has a window that grows by one with each quick success and is halved by each stall, down to a single
    request. Within that it has its share of the slots.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._taken: Counter[UUID] = Counter()
        self._in_flight = 0
        self._windows: dict[UUID, float] = {}

    @property
    def free(self) -> int:
        """Slots that nobody holds."""
        return self._slots - self._in_flight

    def of(self, lane: UUID, /) -> int:
        """How many requests more the lane may have in flight."""
        share = max(1, _GREED * self.free)
        return max(0, int(min(self._windows.get(lane, _START), share)) - self._taken.get(lane, 0))

    def full(self) -> list[UUID]:
        """The lanes that may have no more."""
        return [lane for lane in self._taken if not self.of(lane)]

    def take(self, lane: UUID) -> None:
        """A request is on its way."""
        self._taken[lane] += 1
        self._in_flight += 1

    def give_back(self, lane: UUID, pace: Pace) -> None:
        """It has ended."""
        self._in_flight -= 1
        self._taken[lane] -= 1
        if not self._taken[lane]:
            del self._taken[lane]
        window = self._windows.pop(lane, _START)  # to put it back as the latest one
        match pace:
            case Pace.QUICK:
                window = min(window + 1, float(self._slots))
            case Pace.STALLED:
                window = max(window / 2, 1.0)
        self._windows[lane] = window
        if len(self._windows) > _REMEMBERED:
            del self._windows[next(iter(self._windows))]
