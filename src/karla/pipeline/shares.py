"""Who may have how many requests in flight: lanes and shops as many as they can take, but none while others wait."""

from collections import Counter
from collections.abc import Hashable
from enum import Enum, auto
from typing import NamedTuple, Self, TypeVar
from uuid import UUID

from karla.domain.subscribers.records.lanes import Closed, Standing

# A lane that nothing is known of starts with this many.
_START = 8.0
# How many slots a lane may hold for each one that it leaves free. So alone it has three quarters of them, k busy
# lanes come to equal shares, and there is always a slot for one that has none.
_GREED = 3
# A shop starts with this part of the slots, and has half of that at least, however slow its endpoints are.
_SHOP_START = 1 / 4
_FEW = 16
# So many slots a shop may hold for each one that it leaves free: a quick one that needs more than it started with is
# kept from no more than the last eighth, one that hasn't shown itself quick leaves as many as it has.
_QUICK_GREED, _SLOW_GREED = 7, 1
# The part of the slots that requests may hold of which it must be doubted that they end soon, and the part of those
# to lanes that failed last. The same parts are the most of what a shop has, so that its good lanes keep the rest.
_PARTS = {Standing.NEW: 1 / 2, Standing.FAILING: 1 / 4}
# How many of these a shop may hold for each one that it leaves free: so twenty sick shops leave some to others.
_DOUBTED_GREED = 1 / 4
# In which of these parts a request counts.
_DOUBTS: dict[Standing, tuple[Standing, ...]] = {
    Standing.WELL: (),
    Standing.NEW: (Standing.NEW,),
    Standing.FAILING: (Standing.NEW, Standing.FAILING),
}
# So many lanes' and shops' windows are kept; those that were at rest for longest start anew.
_REMEMBERED = 10_000

Key = TypeVar("Key", bound=Hashable)


class Pace(Enum):
    """How a request went, as far as the next ones of its lane are concerned."""

    QUICK = auto()
    SLOW = auto()
    STALLED = auto()


class Ticket(NamedTuple):
    """A slot that is held: for whose request, and how its lane stood when it was given."""

    shop: UUID
    lane: UUID
    standing: Standing


class Shares:
    """The slots of one worker.

    A lane has a window that grows by one with each quick success and is halved by each stall, down to a single
    request. A shop has one over all its lanes, that grows as long as it is used, shrinks to its start by slow answers
    and to half of that by stalls. Within both there are shares of the slots, and of those for doubtful requests.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._taken: Counter[UUID] = Counter()
        self._of_shop: Counter[UUID] = Counter()
        # Of doubtful ones, in all and by shop.
        self._doubtful: Counter[Standing] = Counter()
        self._of_shop_doubtful: Counter[tuple[UUID, Standing]] = Counter()
        self._in_flight = 0
        self._windows: dict[UUID, float] = {}
        self._shop_windows: dict[UUID, float] = {}
        # Of few slots half at most: with a window beyond what it gets a shop could never show that it uses it up.
        self._shop_start = max(min(max(slots * _SHOP_START, _FEW), slots / 2), 1.0)
        self._shop_least = max(self._shop_start / 2, 1.0)

    @property
    def free(self) -> int:
        """Slots that nobody holds."""
        return self._slots - self._in_flight

    def of(self, lane: UUID, /) -> int:
        """How many requests more the lane may have in flight, its shop aside."""
        share = max(1, _GREED * self.free)
        return max(0, int(min(self._windows.get(lane, _START), share)) - self._taken.get(lane, 0))

    def closed(self) -> Closed:
        """Who may have no more at the moment."""
        shops = self._of_shop
        return Closed(
            lanes=[lane for lane in self._taken if not self.of(lane)],
            shops=[shop for shop in shops if not self._shop_has_room(shop)],
            new_of=[shop for shop in shops if not self._doubted_has_room(shop, Standing.NEW)],
            failing_of=[shop for shop in shops if not self._doubted_has_room(shop, Standing.FAILING)],
            new=not self._free_for(Standing.NEW),
            failing=not self._free_for(Standing.FAILING),
        )

    def has_room(self, ticket: Ticket) -> bool:
        """Whether there is a slot for one more request like this."""
        return (
            self.free > 0
            and self.of(ticket.lane) > 0
            and self._shop_has_room(ticket.shop)
            and (
                ticket.standing is Standing.WELL
                or all(self._doubted_has_room(ticket.shop, doubt) for doubt in _DOUBTS[ticket.standing])
            )
        )

    def take(self, ticket: Ticket) -> None:
        """A request is on its way."""
        self._count(ticket, 1)

    def put_back(self, ticket: Ticket) -> None:
        """It was never sent."""
        self._count(ticket, -1)

    def give_back(self, ticket: Ticket, pace: Pace) -> None:
        """It has ended."""
        used = self._of_shop[ticket.shop]
        self._count(ticket, -1)
        # Taken out, to be put back as the latest ones.
        window = self._windows.pop(ticket.lane, _START)
        of_shop = self._shop_windows.pop(ticket.shop, self._shop_start)
        match pace:
            case Pace.QUICK:
                window = min(window + 1, float(self._slots))
                # What isn't needed must not be there either once all of the shop's endpoints hang at once.
                if 2 * used >= of_shop:
                    of_shop = min(of_shop + 1, float(self._slots))
            case Pace.SLOW:
                of_shop = max(of_shop - 1, min(of_shop, self._shop_start))
            case Pace.STALLED:
                window = max(window / 2, 1.0)
                of_shop = max(of_shop / 2, self._shop_least)
        _remember(self._windows, ticket.lane, window)
        _remember(self._shop_windows, ticket.shop, of_shop)

    def _shop_has_room(self, shop: UUID) -> bool:
        window = self._shop_windows.get(shop, self._shop_start)
        greed = _QUICK_GREED if window > self._shop_start else _SLOW_GREED
        return self._of_shop.get(shop, 0) + 1 <= min(window, max(1, greed * self.free))

    def _doubted_has_room(self, shop: UUID, doubt: Standing) -> bool:
        free = self._free_for(doubt)
        most = min(free * _DOUBTED_GREED, self._shop_windows.get(shop, self._shop_start) * _PARTS[doubt])
        return free > 0 and self._of_shop_doubtful.get((shop, doubt), 0) + 1 <= max(1, most)

    def _free_for(self, doubt: Standing) -> int:
        return max(0, max(1, int(self._slots * _PARTS[doubt])) - self._doubtful[doubt])

    def _count(self, ticket: Ticket, by: int) -> None:
        self._in_flight += by
        _add(self._taken, ticket.lane, by)
        _add(self._of_shop, ticket.shop, by)
        if ticket.standing is Standing.WELL:
            return
        for doubt in _DOUBTS[ticket.standing]:
            self._doubtful[doubt] += by
            _add(self._of_shop_doubtful, (ticket.shop, doubt), by)


class Offer:
    """What one claim may take of the shares; the slots that it took and didn't use are free again at its end."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._unused: dict[UUID, list[Ticket]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.begin()

    def begin(self) -> None:
        """Nothing is taken yet, or no longer: a transaction may run again."""
        for tickets in self._unused.values():
            for ticket in tickets:
                self._shares.put_back(ticket)
        self._unused = {}

    def of(self, lane: UUID, /) -> int:
        """How many of this lane at most."""
        return self._shares.of(lane)

    def closed(self) -> Closed:
        """Who may have no more, after what was taken."""
        return self._shares.closed()

    def take(self, shop: UUID, lane: UUID, standing: Standing) -> bool:
        """Take a slot for a row of the lane; False without one."""
        ticket = Ticket(shop, lane, standing)
        if not self._shares.has_room(ticket):
            return False
        self._shares.take(ticket)
        self._unused.setdefault(lane, []).append(ticket)
        return True

    def use(self, lane: UUID) -> Ticket:
        """One of the slots that were taken for this lane is held from now on; LookupError without one."""
        return self._unused[lane].pop()


def _add(counter: Counter[Key], key: Key, by: int) -> None:
    count = counter.get(key, 0) + by
    if count:
        counter[key] = count
    else:
        del counter[key]


def _remember(windows: dict[UUID, float], key: UUID, window: float) -> None:
    windows[key] = window
    if len(windows) > _REMEMBERED:
        del windows[next(iter(windows))]
