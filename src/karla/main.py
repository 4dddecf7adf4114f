"""The composition root: the only file that knows everyone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial

from karla.domain.subscribers.journal import announce
from karla.entrypoints.api import app as api
from karla.entrypoints.api.access import Keyring
from karla.entrypoints.api.services import Services, upserted
from karla.entrypoints.cli.program import Runtime, program
from karla.infra import bell as bells
from karla.infra.batching import Coalescer
from karla.infra.bell import Bell
from karla.infra.clock import SystemClock
from karla.infra.db import Database
from karla.infra.rate_limit import RateLimit
from karla.infra.settings import Settings
from karla.infra.storage import ObjectStore
from karla.infra.telemetry import configure_logging


@contextlib.asynccontextmanager
async def open_services(settings: Settings, url: str) -> AsyncIterator[Services]:
    """The parts of an API process, connected."""
    clock = SystemClock()
    objects = ObjectStore.open(settings.object_store_url, settings.data_dir / "objects")
    db = await Database.open(url, announce=announce, clock=clock, pool_size=settings.database_pool_size)
    bell = Bell(url)
    keyring = Keyring(db, clock, bell)
    bell.on(bells.ACCESS, keyring.forget)
    await bell.start()
    try:
        yield Services(
            settings=settings,
            db=db,
            clock=clock,
            keyring=keyring,
            objects=objects,
            upserts=Coalescer(partial(upserted, db)),
            bulk_limit=RateLimit(settings.bulk_requests_per_minute, clock),
        )
    finally:
        await bell.stop()
        await db.close()


def serve(settings: Settings, url: str) -> None:
    """Answer HTTP until SIGTERM or SIGINT."""
    import uvicorn  # noqa: PLC0415 - only this command needs a web server

    configure_logging(settings.log_level, settings.log_format)
    uvicorn.run(
        api.build(lambda: open_services(settings, url)),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=8,
        lifespan="on",
    )


def work(settings: Settings, url: str) -> None:
    """Run the belt until SIGTERM or SIGINT."""
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(_work(settings, url))


async def _work(settings: Settings, url: str) -> None:
    raise SystemExit("the belt is not wired yet")


def cli() -> None:
    """The `karla` command."""
    program(obj=Runtime(serve=serve, work=work))
