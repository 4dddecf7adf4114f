"""The composition root: the only file that knows everyone."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from functools import partial

import uvloop

from karla.domain.subscribers.journal import announce
from karla.entrypoints.api import app as api
from karla.entrypoints.api.access import Keyring
from karla.entrypoints.api.services import Services, upserted
from karla.entrypoints.cli.program import Runtime, program
from karla.infra import bell as bells
from karla.infra.batching import Coalescer
from karla.infra.bell import Bell
from karla.infra.clock import Clock, SystemClock
from karla.infra.db import Database
from karla.infra.http import Egress
from karla.infra.lifeline import end_with_supervisor
from karla.infra.probes import answering
from karla.infra.rate_limit import RateLimit
from karla.infra.settings import Settings
from karla.infra.storage import ObjectStore
from karla.infra.telemetry import configure_logging
from karla.pipeline.backlog import BacklogMetrics
from karla.pipeline.belt import Belt


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
            backlog=BacklogMetrics(db, clock),
        )
    finally:
        await bell.stop()
        await db.close()


def serve(settings: Settings, url: str) -> None:
    """Answer HTTP until SIGTERM or SIGINT."""
    import uvicorn  # noqa: PLC0415 - only this command needs a web server

    configure_logging(settings.log_level, settings.log_format)
    end_with_supervisor()
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


@contextlib.asynccontextmanager
async def open_belt(settings: Settings, url: str, clock: Clock | None = None) -> AsyncIterator[Belt]:
    """The belt of a worker process, connected; it moves once it is run or drained."""
    async with _belt_parts(settings, url, clock or SystemClock()) as (belt, _):
        yield belt


@contextlib.asynccontextmanager
async def _belt_parts(settings: Settings, url: str, clock: Clock) -> AsyncIterator[tuple[Belt, Database]]:
    db = await Database.open(url, announce=announce, clock=clock, pool_size=settings.database_pool_size)
    try:
        async with Egress(settings.allow_private_targets) as egress:
            yield Belt(settings, db, egress, clock), db
    finally:
        await db.close()


def work(settings: Settings, url: str) -> None:
    """Run the belt until SIGTERM or SIGINT."""
    configure_logging(settings.log_level, settings.log_format)
    end_with_supervisor()
    uvloop.run(_work(settings, url))


async def _work(settings: Settings, url: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = SystemClock()
    bell = Bell(url)
    async with _belt_parts(settings, url, clock) as (belt, db), contextlib.AsyncExitStack() as stack:
        if settings.worker_port:
            metrics = BacklogMetrics(db, clock).text
            await stack.enter_async_context(
                answering(settings.host, settings.worker_port, ready=db.ping, metrics=metrics)
            )
        bell.on(bells.WORK, belt.wake)
        await bell.start()
        stack.push_async_callback(bell.stop)
        await belt.run(stop)


def cli() -> None:
    """The `karla` command."""
    program(obj=Runtime(serve=serve, work=work))
