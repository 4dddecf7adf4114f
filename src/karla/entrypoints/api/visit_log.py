"""What was done on pages: noted in memory, and written down each second."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from functools import partial

import structlog

from karla.domain.insights.commands import record_visits
from karla.domain.insights.records import Visit
from karla.infra.access import scope_of
from karla.infra.db import RACES, Database
from karla.infra.errors import KarlaError

log = structlog.get_logger()

BEACONS_A_MINUTE = 300
"""That are counted from one address, which many phones may share."""

_PAUSE_SECONDS = 1.0
_AT_ONCE = 2_000
_AT_MOST = 50_000


class VisitLog:
    """The visits of one process that aren't written down yet. Of a process that is killed they are lost."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._noted: list[Visit] = []
        self._something = asyncio.Event()
        self._writing = asyncio.Lock()

    def note(self, visits: Sequence[Visit]) -> None:
        """These were made; more than can be kept while the database is away are forgotten."""
        room = _AT_MOST - len(self._noted)
        if len(visits) > room:
            log.warning("visits forgotten", visits=len(visits) - room)
        self._noted.extend(visits[:room])
        self._something.set()

    async def write(self) -> None:
        """Write down what was noted; it stays noted while the database is away."""
        async with self._writing:
            while visits := self._noted[:_AT_ONCE]:
                scope = scope_of(visit.shop_id for visit in visits)
                try:
                    await self._db.write(scope, partial(record_visits, visits=visits))
                except (KarlaError, *RACES) as error:
                    log.warning("visits not written", error=type(error).__name__)
                    return
                except Exception as error:  # noqa: BLE001 - whatever it is, the next visits shall not wait behind it
                    log.warning("visits forgotten", visits=len(visits), error=type(error).__name__)
                del self._noted[: len(visits)]

    @contextlib.asynccontextmanager
    async def written(self) -> AsyncIterator[None]:
        """Within, visits are written down a second after the first of them; and at the end."""
        writing = asyncio.create_task(self._keep_writing(), name="visits")
        try:
            yield
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
            await self.write()

    async def _keep_writing(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.write()
            if self._noted:
                self._something.set()
