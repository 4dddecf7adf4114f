"""The journal as it grows, over one long answer: `text/event-stream`."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from karla.domain.subscribers.queries.journal import JournalFilter, journal, journal_ids
from karla.domain.subscribers.records.journal import JournalEntry
from karla.infra.clock import Clock
from karla.infra.db import Database
from karla.infra.errors import TooManyRequests, Unavailable
from karla.infra.paging import Cursor
from karla.vocabulary.scope import Scope

log = structlog.get_logger()

OVERLAP = timedelta(seconds=20)
"""A transaction of an earlier time may be committed later: so long is the journal read again, and nothing missed.

Longer than any transaction takes, with some seconds for the clocks of several machines.
"""
HEARTBEAT_SECONDS = 15.0
PER_SHOP = 10
IN_ALL = 200

_POLL_SECONDS = 1.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
_RETRY_MILLISECONDS = 2000
_LIMIT, _MAX_BYTES = 100, 1_000_000
# The cursor of a moment, not of an event: comes after all events of that time.
_NO_EVENT = UUID(int=2**128 - 1)


def entry_json(entry: JournalEntry) -> bytes:
    """The stored bytes with the id before them: they are JSON already, and what subscribers got."""
    return b'{"event_id":"%s",' % str(entry.id).encode() + entry.payload[1:]


class Streams:
    """The streams that are open in this process: wakes them, ends them, and lets only so many be.

    `ending` tells that the process is about to stop, which waits for what is open.
    """

    def __init__(
        self, ending: Callable[[], bool] = lambda: False, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self.ending = ending
        self.heartbeat_seconds = heartbeat_seconds
        self._woken: set[asyncio.Event] = set()
        self._by_shop: Counter[UUID] = Counter()

    def wake(self) -> None:
        """There may be news, or news may have been missed."""
        for woken in self._woken:
            woken.set()

    def demand_place(self, shop_id: UUID) -> None:
        """TooManyRequests when the shop, or this process, has as many streams as it may."""
        if self._by_shop[shop_id] >= PER_SHOP or self._by_shop.total() >= IN_ALL:
            message = f"A shop may have {PER_SHOP} streams of one process open, and all shops {IN_ALL}."
            raise TooManyRequests("streams_exhausted", message, headers={"Retry-After": "30"})

    @contextlib.contextmanager
    def entered(self, shop_id: UUID) -> Iterator[asyncio.Event]:
        """Take a place; the event is set when there may be news."""
        woken = asyncio.Event()
        self._woken.add(woken)
        self._by_shop[shop_id] += 1
        try:
            yield woken
        finally:
            self._woken.discard(woken)
            self._by_shop -= Counter([shop_id])


class Follower:
    """Reads what is new in a journal, again and again.

    What it has read of the last seconds it remembers, as it reads those again; older places it doesn't go back to.
    """

    def __init__(self, db: Database, clock: Clock, scope: Scope, wanted: JournalFilter) -> None:
        self._db = db
        self._clock = clock
        self._scope = scope
        self._wanted = wanted
        self._floor = clock.now()
        self._seen: dict[UUID, datetime] = {}
        self._read_at = clock.now()

    @property
    def cursor(self) -> Cursor:
        """Where to go on when there was nothing to tell."""
        return Cursor(self._read_at, _NO_EVENT)

    async def start(self, after: Cursor | None) -> None:
        """Go on after an event or a moment, or begin with what is committed from now on.

        What was triggered shortly before the cursor may come again: nobody knows whether it was there already when
        the cursor was given.
        """
        if after:
            self._floor = after.time - OVERLAP
            self._seen = {after.id: after.time}
            return
        self._read_at = self._clock.now()
        self._floor = self._read_at - OVERLAP
        wanted = msgspec.structs.replace(self._wanted, since=self._floor)
        async with self._db.read(self._scope) as connection:
            there = await journal_ids(self._scope, connection, wanted)
        self._seen = dict.fromkeys(there, self._read_at)

    async def news(self) -> AsyncIterator[JournalEntry]:
        """What has come since the last time, page by page, the earliest first; Unavailable."""
        began_at = self._clock.now()
        unsettled = began_at - OVERLAP
        wanted = msgspec.structs.replace(self._wanted, since=self._floor, seen=[*self._seen], ascending=True)
        more = True
        while more:
            # No connection is held while the client takes its time.
            async with self._db.read(self._scope) as connection:
                page = await journal(self._scope, connection, wanted, limit=_LIMIT, max_bytes=_MAX_BYTES)
            for entry in page.entries:
                if entry.triggered_at >= unsettled:
                    self._seen[entry.id] = entry.triggered_at
                yield entry
            more = page.more
            if more:
                last = page.entries[-1]
                wanted = msgspec.structs.replace(wanted, after=Cursor(last.triggered_at, last.id))
                # So that after a failure halfway it goes on from here.
                self._floor = max(self._floor, min(last.triggered_at, unsettled))
                self._seen[last.id] = last.triggered_at
        self._read_at = began_at
        self._floor = max(self._floor, unsettled)
        self._seen = {event_id: time for event_id, time in self._seen.items() if time >= self._floor}


async def messages(
    follower: Follower, streams: Streams, shop_id: UUID, may_go_on: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """The body: a message an event, a heartbeat in silence, until the process stops or the caller may no longer.

    The events of other shops ring the same bell, so a ring that brought nothing is followed by a longer pause.
    """
    loop = asyncio.get_running_loop()
    with streams.entered(shop_id) as woken:
        yield b"retry: %d\nid: %s\n\n" % (_RETRY_MILLISECONDS, str(follower.cursor).encode())
        pause, heard_at, asked_at = _SHORTEST_PAUSE, loop.time(), loop.time()
        while True:
            rung, found = woken.is_set(), False
            woken.clear()
            try:
                async for entry in follower.news():
                    found, heard_at = True, loop.time()
                    yield _message(entry)
            except Unavailable as error:
                log.warning("stream waits for the database", error=type(error.__cause__ or error).__name__)
            if streams.ending():
                return
            if loop.time() - asked_at >= streams.heartbeat_seconds:
                asked_at = loop.time()
                if not await may_go_on():
                    return
            if loop.time() - heard_at >= streams.heartbeat_seconds:
                heard_at = loop.time()
                yield b": heartbeat\nid: %s\n\n" % str(follower.cursor).encode()
            pause = min(pause * 2, _LONGEST_PAUSE) if rung and not found else _SHORTEST_PAUSE
            await asyncio.sleep(pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await woken.wait()


def _message(entry: JournalEntry) -> bytes:
    cursor = str(Cursor(entry.triggered_at, entry.id))
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (cursor.encode(), entry.ref.encode(), entry_json(entry))
