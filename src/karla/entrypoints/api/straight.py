"""The short way through a handler that asks for no more than most do.

Litestar finds out at every request what a handler wants: parameters, dependencies, how its answer is written. Where a
handler wants nothing but what stands below, that is known beforehand, and calling it takes half the time.
"""

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_origin

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from karla.entrypoints.api.access import access_of, shopper_of
from karla.entrypoints.api.bodies import whole_body
from karla.entrypoints.api.languages import language_of
from karla.entrypoints.api.rendering import Json
from karla.entrypoints.api.services import services_of

_GIVEN: dict[str, Callable[[Scope], object]] = {
    "access": access_of,
    "language": language_of,
    "services": services_of,
    "shopper": shopper_of,
}


def straight(handler: HTTPRouteHandler) -> Callable[[ASGIApp], ASGIApp] | None:
    """What takes the place of the handler's own route; None for a handler that wants more than this can give.

    It raises what the handler raises, for the layers of the application to answer.
    """
    signature = inspect.signature(handler.fn, eval_str=True)
    wanted = set(signature.parameters) - _GIVEN.keys()
    shape = getattr(handler.dto, "shape", None)
    if shape is not None:
        wanted.discard("data")
    in_path = {name for path in handler.paths for name in wanted if f"{{{name}:str}}" in path}
    if wanted != in_path or _is_special(handler) or not _is_plain(signature.return_annotation):
        return None
    given = [(name, _GIVEN[name]) for name in signature.parameters if name in _GIVEN]
    status, function = handler.status_code or 200, handler.fn

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        values: dict[str, Any] = {name: scope["path_params"][name] for name in in_path}
        for name, give in given:
            values[name] = give(scope)
        if shape is not None:
            values["data"] = shape.decode(await whole_body(receive, shape.max_bytes))
        await Json(status, await function(**values))(scope, receive, send)

    def replaced(app: ASGIApp) -> ASGIApp:
        del app
        return answer

    return replaced


def _is_special(handler: HTTPRouteHandler) -> bool:
    """It relies on something of Litestar's that the short way passes by: never may that be what keeps others out."""
    hooks = (handler.before_request, handler.after_request, handler.after_response, handler.cache)
    layers = (handler.guards, handler.middleware, handler.dependencies, handler.response_headers)
    return any(hooks) or any(layers) or len(handler.http_methods) != 1 or not inspect.iscoroutinefunction(handler.fn)


def _is_plain(annotation: Any) -> bool:
    """A struct or a list of structs: what is written as JSON, and brings no headers of its own."""
    if get_origin(annotation) is list:
        (annotation,) = get_args(annotation)
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)
