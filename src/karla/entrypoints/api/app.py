"""The HTTP application: every resource, behind one guard and one way to answer errors."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import copy

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler, Scope

from karla.entrypoints.api import faults
from karla.entrypoints.api.access import PUBLIC, authorised, provide_access
from karla.entrypoints.api.bodies import BULK_BYTES
from karla.entrypoints.api.hosts import by_host
from karla.entrypoints.api.idempotency import idempotent
from karla.entrypoints.api.languages import provide_language
from karla.entrypoints.api.observing import observed
from karla.entrypoints.api.rendering import Rendered
from karla.entrypoints.api.resources import RESOURCES
from karla.entrypoints.api.services import Services, services_of
from karla.entrypoints.api.slashes import with_slashes
from karla.entrypoints.api.straight import straight
from karla.entrypoints.inbound import carriers as pushed


def build(open_services: Callable[[], AbstractAsyncContextManager[Services]]) -> ASGIApp:
    """The ASGI application; `open_services` is entered at start-up and left at shutdown."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_services() as services:
            app.state.services = services
            yield

    return doors(litestar_app([*RESOURCES, _inbound()], lifespan=[lifespan]))


def with_services(services: Services) -> ASGIApp:
    """The ASGI application on parts that are open already."""
    return doors(litestar_app([*RESOURCES, _inbound()], state=State({"services": services})))


def doors(app: ASGIApp) -> ASGIApp:
    """What stands before the routes."""
    return with_slashes(by_host(observed(app)))


def litestar_app(
    handlers: Sequence[ControllerRouterHandler],
    lifespan: Sequence[Callable[[Litestar], AbstractAsyncContextManager[None]]] = (),
    state: State | None = None,
) -> Litestar:
    """The routes with guard, injection and error answers; also what the OpenAPI document is read from."""
    return Litestar(
        route_handlers=[_fitted(handler) for handler in handlers],
        lifespan=list(lifespan),
        state=state,
        middleware=[authorised],
        response_class=Rendered,
        # A chain, each taking the one before: Litestar resolves independent ones in a task group of each request,
        # which costs more than all they do.
        dependencies={
            "services": Provide(_provide_services, sync_to_thread=False),
            "language": Provide(provide_language, sync_to_thread=False),
            "access": Provide(provide_access, sync_to_thread=False),
        },
        exception_handlers=faults.HANDLERS,  # type: ignore[arg-type]
        request_max_body_size=BULK_BYTES,
        openapi_config=None,
        logging_config=None,
    )


def _fitted(handler: ControllerRouterHandler) -> ControllerRouterHandler:
    """A POST with its layer for idempotency keys, so that no other route pays for it; others the short way if there is.

    (That layer wants answers and no errors, so a POST goes Litestar's way.)
    """
    if isinstance(handler, HTTPRouteHandler):
        layer = idempotent if "POST" in handler.http_methods else straight(handler)
        if layer:
            handler = copy(handler)
            handler.middleware = [layer]
    return handler


def _inbound() -> Router:
    """Third parties' calls to us: they take no key and no idempotency key, and are no operations of the API."""
    dependencies = {"pushes": Provide(_provide_pushes, sync_to_thread=False)}
    return Router("/", route_handlers=[*pushed.HANDLERS], opt=PUBLIC, dependencies=dependencies)


def _provide_services(scope: "Scope") -> Services:
    return services_of(scope)


def _provide_pushes(scope: "Scope") -> pushed.Pushes:
    services = services_of(scope)
    return pushed.Pushes(
        db=services.db,
        clock=services.clock,
        seals=services.seals,
        egress=services.egress,
        limit=services.key_limit,
        shop=services.keyring.shop,
    )
