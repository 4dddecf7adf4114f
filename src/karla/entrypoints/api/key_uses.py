"""When each key was last used: noted in memory, and written down now and then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime

import structlog

from karla.domain.tenants.commands import note_uses
from karla.infra.access import NOWHERE
from karla.infra.db import RACES, Database
from karla.infra.errors import KarlaError

log = structlog.get_logger()

_PAUSE_SECONDS = 60.0


class KeyUses:
    """The uses of one process since they were written down last, by the keys' hashes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._used: dict[bytes, datetime] = {}

    def note(self, key_hash: bytes, now: datetime) -> None:
        """This key is used now."""
        self._used[key_hash] = now

    async def write(self) -> None:
        """Write down what was noted; it stays noted if that fails."""
        used = dict(self._used)
        if not used:
            return
        try:
            await self._db.write(NOWHERE, lambda work: note_uses(work, used))
        except (KarlaError, *RACES) as error:
            log.warning("uses of keys not written", error=type(error).__name__)
            return
        for key_hash, used_at in used.items():
            if self._used[key_hash] is used_at:
                del self._used[key_hash]

    @contextlib.asynccontextmanager
    async def written(self) -> AsyncIterator[None]:
        """Within, uses are written down once a minute; and at the end."""
        writing = asyncio.create_task(self._keep_writing(), name="key uses")
        try:
            yield
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
            await self.write()

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.write()
