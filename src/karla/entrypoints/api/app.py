"""The HTTP application: every resource, behind one guard and one way to answer errors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import copy
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler, Scope

from karla.entrypoints.api import faults
from karla.entrypoints.api.access import PUBLIC, authorised, provide_access, provide_shopper
from karla.entrypoints.api.bodies import BULK_BYTES
from karla.entrypoints.api.hosts import by_host
from karla.entrypoints.api.idempotency import idempotent
from karla.entrypoints.api.languages import provide_language
from karla.entrypoints.api.observing import observed
from karla.entrypoints.api.rendering import Rendered
from karla.entrypoints.api.resources import RESOURCES
from karla.entrypoints.api.services import Services, services_of
from karla.entrypoints.api.slashes import with_slashes
from karla.entrypoints.api.storefront.demos.warming import warm
from karla.entrypoints.api.storefront.origins import shared_with_origins
from karla.entrypoints.api.straight import straight
from karla.entrypoints.inbound import carriers as pushed
from karla.entrypoints.sdk import routes as sdk
from karla.entrypoints.storefront import routes as storefront
from karla.entrypoints.storefront.domains import by_domain
from karla.entrypoints.storefront.parts import Pages, pages_on


def build(open_services: Callable[[], AbstractAsyncContextManager[Services]]) -> ASGIApp:
    """The ASGI application; `open_services` is entered at start-up and left at shutdown."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_services() as services:
            app.state.services = services
            app.state.pages = pages_on(whole, services.settings, services.clock)
            await asyncio.to_thread(warm, services)
            try:
                yield
            finally:
                await app.state.pages.source.close()

    whole = doors(litestar_app([*RESOURCES, _inbound(), _sdk(), _pages()], lifespan=[lifespan]))
    return whole


def with_services(services: Services) -> ASGIApp:
    """The ASGI application on parts that are open already."""
    app = litestar_app([*RESOURCES, _inbound(), _sdk(), _pages()], state=State({"services": services}))
    whole = doors(app)
    app.state.pages = pages_on(whole, services.settings, services.clock)
    return whole


def doors(app: Litestar) -> ASGIApp:
    """What stands before the routes."""
    shared = shared_with_origins(app, lambda: app.state.services)
    return with_slashes(by_domain(by_host(observed(shared)), lambda: app.state.pages))


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
            "shopper": Provide(provide_shopper, sync_to_thread=False),
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


def _sdk() -> Router:
    """The browser SDK: files for anybody, and no operations of the API."""
    return Router("/", route_handlers=[*sdk.HANDLERS], opt=PUBLIC)


def _pages() -> Router:
    """The shoppers' pages: a client of the API like any other, which happens to live in this process."""
    dependencies = {"pages": Provide(_provide_pages, sync_to_thread=False)}
    return Router(
        "/",
        route_handlers=[*storefront.HANDLERS],
        opt=PUBLIC,
        dependencies=dependencies,
        include_in_schema=False,
        exception_handlers={Exception: _page_failed, HTTPException: faults.from_routing},
    )


def _provide_pages(scope: "Scope") -> Pages:
    pages: Pages = scope["litestar_app"].state.pages
    return pages


def _page_failed(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    return storefront.failed(request, error, _provide_pages(request.scope))


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
