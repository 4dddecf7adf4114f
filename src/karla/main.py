"""The composition root: the only file that knows everyone."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial

import asyncpg
import uvloop

from karla.domain.branding.rules.domains import ProofKeys
from karla.domain.connections.rules import SEALED_FOR
from karla.domain.shipments.commands.observe import observe
from karla.domain.shipments.commands.upsert import upsert_orders
from karla.domain.shoppers.rules.keys import ShopperKeys
from karla.domain.subscribers.journal import Journal
from karla.entrypoints.api import app as api
from karla.entrypoints.api.access import Keyring
from karla.entrypoints.api.gathering import Commands, Lookups
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.streams import Streams
from karla.entrypoints.api.visit_log import BEACONS_A_MINUTE, VisitLog
from karla.entrypoints.api.watching import Watch
from karla.entrypoints.cli.failures import object_store, reaching
from karla.entrypoints.cli.program import Runtime, program
from karla.infra import bell as bells
from karla.infra.bell import Bell
from karla.infra.clock import Clock, SystemClock
from karla.infra.db import Database
from karla.infra.garbage import collect_less_often
from karla.infra.http import Egress, Route
from karla.infra.lifeline import end_with_supervisor
from karla.infra.pictures import Pictures, PictureSigner
from karla.infra.probes import answering
from karla.infra.rate_limit import RateLimit
from karla.infra.sealing import Seals
from karla.infra.settings import Settings, secret_keys_of
from karla.infra.signals import ending_signals, on_ending
from karla.infra.telemetry import configure_logging
from karla.pipeline.backlog import BacklogMetrics
from karla.pipeline.belt import Belt
from karla.pipeline.domains import DomainChecks
from karla.pipeline.following import Following


@contextlib.asynccontextmanager
async def open_services(
    settings: Settings, url: str, ending: Callable[[], bool] = lambda: False
) -> AsyncIterator[Services]:
    """The parts of an API process, connected; `ending` tells that it is about to stop."""
    clock = SystemClock()
    objects = object_store(settings)
    seals = Seals(secret_keys_of(settings), SEALED_FOR)
    db = await Database.open(url, announce=Journal, clock=clock, pool_size=settings.database_pool_size)
    bell = Bell(url)
    keyring = Keyring(db, clock, bell)
    streams = Streams(ending)
    visits = VisitLog(db)
    watch = Watch(db, ending)
    bell.on(bells.ACCESS, keyring.forget)
    bell.on(bells.WORK, partial(_wake, streams.wake, watch.wake))
    await bell.start()
    try:
        async with (
            keyring.uses.written(),
            visits.written(),
            watch,
            Egress(settings.allow_private_targets, route=Route.of(settings)) as egress,
            Pictures(objects, clock) as pictures,
        ):
            yield Services(
                settings=settings,
                db=db,
                clock=clock,
                keyring=keyring,
                objects=objects,
                upserts=Commands(db, upsert_orders),
                observations=Commands(db, observe),
                lookups=Lookups(db),
                key_limit=RateLimit(settings.requests_per_minute, clock),
                bulk_limit=RateLimit(settings.bulk_requests_per_minute, clock),
                backlog=BacklogMetrics(db, clock),
                streams=streams,
                egress=egress,
                seals=seals,
                watch=watch,
                shopper_keys=ShopperKeys.of(secret_keys_of(settings)),
                pictures=pictures,
                picture_signer=PictureSigner(secret_keys_of(settings)),
                visits=visits,
                visit_limit=RateLimit(BEACONS_A_MINUTE, clock),
                domain_keys=ProofKeys.of(secret_keys_of(settings)),
            )
    finally:
        await bell.stop()
        await db.close()


def _wake(*sleepers: Callable[[], None]) -> None:
    for wake in sleepers:
        wake()


_NOT_STARTED = 3  # uvicorn's own code
_REFUSALS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def serve(settings: Settings, url: str) -> None:
    """Answer HTTP until SIGTERM or SIGINT."""
    import uvicorn  # noqa: PLC0415 - only this command needs a web server

    configure_logging(settings.log_level, settings.log_format)
    end_with_supervisor()
    # The web server would tell of these in a traceback.
    object_store(settings)
    Route.of(settings)
    with reaching(url, *_REFUSALS):
        asyncio.run(Database.demand_isolation(url))
    app = api.build(lambda: open_services(settings, url, ending=lambda: server.should_exit))
    collect_less_often()
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies or "",
        timeout_graceful_shutdown=8,
        lifespan="on",
    )
    server = uvicorn.Server(config)
    # It takes SIGINT and SIGTERM by itself, and raises them again once it has ended well.
    if signal.SIGHUP in ending_signals():
        signal.signal(signal.SIGHUP, server.handle_exit)
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        server.run()
    if not server.started:
        sys.exit(_NOT_STARTED)


@contextlib.asynccontextmanager
async def open_belt(settings: Settings, url: str, clock: Clock | None = None) -> AsyncIterator[Belt]:
    """The belt of a worker process, connected; it moves once it is run or drained."""
    async with _belt_parts(settings, url, clock or SystemClock()) as (belt, _):
        yield belt


@contextlib.asynccontextmanager
async def _belt_parts(settings: Settings, url: str, clock: Clock) -> AsyncIterator[tuple[Belt, Database]]:
    with reaching(url, *_REFUSALS):
        db = await Database.open(url, announce=Journal, clock=clock, pool_size=settings.database_pool_size)
    try:
        async with Egress(settings.allow_private_targets, route=Route.of(settings)) as egress:
            following = Following(db, egress, clock, Seals(secret_keys_of(settings), SEALED_FOR))
            domains = DomainChecks(db, egress, ProofKeys.of(secret_keys_of(settings)))
            yield Belt(settings, db, egress, clock, following=following, domains=domains), db
    finally:
        await db.close()


def work(settings: Settings, url: str) -> None:
    """Run the belt until SIGTERM or SIGINT."""
    configure_logging(settings.log_level, settings.log_format)
    end_with_supervisor()
    collect_less_often()
    uvloop.run(_work(settings, url))


async def _work(settings: Settings, url: str) -> None:
    stop = asyncio.Event()
    on_ending(stop.set)
    clock = SystemClock()
    bell = Bell(url)
    async with _belt_parts(settings, url, clock) as (belt, db), contextlib.AsyncExitStack() as stack:
        if settings.worker_port:
            metrics = BacklogMetrics(db, clock).text
            await stack.enter_async_context(
                answering(settings.host, settings.worker_port, ready=db.ping, metrics=metrics)
            )
        bell.on(bells.WORK, belt.wake)
        bell.on(bells.TRACKING, belt.wake_following)
        await bell.start()
        stack.push_async_callback(bell.stop)
        await belt.run(stop)


def cli() -> None:
    """The `karla` command."""
    program(obj=Runtime(serve=serve, work=work))
