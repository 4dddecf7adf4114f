"""Acts on the database of this Karla, on behalf of the one who operates it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from karla.entrypoints.cli.failures import reaching
from karla.entrypoints.cli.operator import operator
from karla.infra import migrations
from karla.infra.db import Database
from karla.infra.instance import database
from karla.infra.settings import settings_from
from karla.infra.work import ORIGIN, Silence

Result = TypeVar("Result")


def acting(data_dir: Path | None, action: Callable[[Database], Awaitable[Result]]) -> Result:
    """What `action` answers; its changes are the operator's in the audit trail, and it announces nothing."""
    settings = settings_from(data_dir=data_dir)
    with database(settings) as url:
        migrations.migrate_if_new(url)
        return asyncio.run(_connected(url, action))


async def _connected(url: str, action: Callable[[Database], Awaitable[Result]]) -> Result:
    ORIGIN.set(operator)
    with reaching(url):
        db = await Database.open(url, announce=Silence, pool_size=1)
    try:
        return await action(db)
    finally:
        await db.close()
