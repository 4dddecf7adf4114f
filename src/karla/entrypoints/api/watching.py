"""Which orders are being looked at in this process, and tells when one has changed."""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from types import TracebackType
from uuid import UUID

import structlog

from karla.domain.shipments.queries.changes import changed_orders
from karla.infra.access import scope_of
from karla.infra.db import RACES, Database
from karla.infra.errors import TooManyRequests, Unavailable

log = structlog.get_logger()

IN_ALL = 2000
PER_ORDER = 4
PER_ADDRESS = 20
HEARTBEAT_SECONDS = 15.0

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 3.0
_POLL_SECONDS = 1.5
# How much longer than asking took it is not asked again: the database has more to do than this.
_LEISURE = 10
_RETRY_AFTER = "30"


class Watcher:
    """One who looks at an order; `changed_at` is when it changed last, as far as is known, once `woken` is set."""

    __slots__ = ("address", "changed_at", "key", "woken")

    def __init__(self, key: tuple[UUID, UUID], address: str) -> None:
        self.key = key
        self.address = address
        self.woken = asyncio.Event()
        self.changed_at: datetime | None = None


class Watch:
    """Asks for all orders that are looked at, by one statement, twice a second at most, and less often if it is slow.

    `ending` tells that the process is about to stop, which waits for what is open.
    """

    def __init__(
        self,
        db: Database,
        ending: Callable[[], bool] = lambda: False,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.ending = ending
        self.heartbeat_seconds = heartbeat_seconds
        self.asked = 0
        self._db = db
        self._watchers: defaultdict[tuple[UUID, UUID], set[Watcher]] = defaultdict(set)
        self._known: dict[tuple[UUID, UUID], datetime] = {}
        self._by_address: Counter[str] = Counter()
        self._count = 0
        self._rung = asyncio.Event()
        self._needed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Watch":
        self._task = asyncio.create_task(self._run(), name="watch")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Something may have changed, or a change may have been missed."""
        self._rung.set()

    def demand_place(self, shop_id: UUID, order_id: UUID, address: str) -> None:
        """TooManyRequests when the order, the address or this process has as many streams as it may."""
        full = (
            self._count >= IN_ALL
            or len(self._watchers.get((shop_id, order_id), ())) >= PER_ORDER
            or (address and self._by_address[address] >= PER_ADDRESS)
        )
        if full:
            message = f"An order may have {PER_ORDER} streams open, and one address {PER_ADDRESS}; ask now and then."
            raise TooManyRequests("streams_exhausted", message, headers={"Retry-After": _RETRY_AFTER})

    @contextlib.contextmanager
    def entered(self, shop_id: UUID, order_id: UUID, address: str, known: datetime) -> Iterator[Watcher]:
        """Watch an order that was last `known` to have changed then."""
        watcher = Watcher((shop_id, order_id), address)
        self._watchers[watcher.key].add(watcher)
        # The earliest that anyone of them knows: who knows more is told once in vain.
        self._known[watcher.key] = min(known, self._known.get(watcher.key, known))
        self._by_address[address] += 1
        self._count += 1
        self._needed.set()
        try:
            yield watcher
        finally:
            self._leave(watcher)

    def _leave(self, watcher: Watcher) -> None:
        self._count -= 1
        self._by_address[watcher.address] -= 1
        if not self._by_address[watcher.address]:
            del self._by_address[watcher.address]
        watchers = self._watchers[watcher.key]
        watchers.discard(watcher)
        if not watchers:
            del self._watchers[watcher.key]
            del self._known[watcher.key]
        if not self._count:
            self._needed.clear()

    async def _run(self) -> None:
        loop, pause = asyncio.get_running_loop(), _SHORTEST_PAUSE
        while True:
            await self._needed.wait()
            await asyncio.sleep(pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._rung.wait()
            self._rung.clear()
            if self.ending():
                self._wake_all()
                continue
            began_at = loop.time()
            try:
                await self._ask()
            except (Unavailable, *RACES) as error:
                log.warning("watch waits for the database", error=type(error.__cause__ or error).__name__)
            pause = min(max(_SHORTEST_PAUSE, _LEISURE * (loop.time() - began_at)), _LONGEST_PAUSE)

    async def _ask(self) -> None:
        known = dict(self._known)
        if not known:
            return
        self.asked += 1
        scope = scope_of({shop_id for shop_id, _ in known})
        async with self._db.read(scope) as connection:
            changed = await changed_orders(scope, connection, known)
        for key, at in changed.items():
            if key not in self._known:
                continue  # nobody looks at it any more
            self._known[key] = at
            for watcher in self._watchers[key]:
                watcher.changed_at = at
                watcher.woken.set()

    def _wake_all(self) -> None:
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.woken.set()
