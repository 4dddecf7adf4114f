"""The HTTP application: every resource, behind one guard and one way to answer errors."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp, ControllerRouterHandler

from karla.entrypoints.api import faults
from karla.entrypoints.api.access import authorise, provide_access
from karla.entrypoints.api.bodies import BULK_BYTES
from karla.entrypoints.api.hosts import by_host
from karla.entrypoints.api.languages import provide_language
from karla.entrypoints.api.observing import observed
from karla.entrypoints.api.resources import RESOURCES
from karla.entrypoints.api.services import Services
from karla.entrypoints.api.slashes import with_slashes


def build(open_services: Callable[[], AbstractAsyncContextManager[Services]]) -> ASGIApp:
    """The ASGI application; `open_services` is entered at start-up and left at shutdown."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_services() as services:
            app.state.services = services
            yield

    return doors(litestar_app([*RESOURCES], lifespan=[lifespan]))


def with_services(services: Services) -> ASGIApp:
    """The ASGI application on parts that are open already."""
    return doors(litestar_app([*RESOURCES], state=State({"services": services})))


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
        route_handlers=handlers,
        lifespan=list(lifespan),
        state=state,
        guards=[authorise],
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


def _provide_services(request: "ASGIConnection") -> Services:  # type: ignore[type-arg]
    services: Services = request.app.state.services
    return services
