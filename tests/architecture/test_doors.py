"""What every route says of itself, and what no door and no stage of the belt may say."""

import ast
from collections import Counter
from collections.abc import Iterator

import pytest
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from karla.entrypoints.api.access import Needs
from karla.entrypoints.api.app import litestar_app
from karla.entrypoints.api.resources import RESOURCES
from tests.architecture.source import SQL, Offence, functions, literals, modules, verdict

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "route"})


@pytest.fixture(scope="module")
def handlers() -> list[HTTPRouteHandler]:
    """Those of ours; the framework adds an OPTIONS of its own to each path."""
    routes = litestar_app([*RESOURCES]).routes
    found = {id(handler): handler for route in routes for handler in getattr(route, "route_handlers", ())}
    return [handler for handler in found.values() if handler.fn.__module__.startswith("karla.")]


def place(handler: BaseRouteHandler) -> str:
    return f"{handler.fn.__module__}::{handler.fn.__name__}"


def silences(handler: HTTPRouteHandler) -> Iterator[str]:
    if not isinstance(handler.opt.get("access"), Needs):
        yield "no `opt` that says who may call: shop_role(…), organisation_role(…), ANY_KEY or PUBLIC"
    if not (handler.fn.__doc__ or "").strip():
        yield "no docstring, which the API reference shows"
    if handler.include_in_schema is False:
        return
    if not handler.operation_id:
        yield "no operation_id"
    if not handler.summary:
        yield "no summary"


def test_handlers_say_who_may_call_and_what_they_are(handlers: list[HTTPRouteHandler]) -> None:
    assert handlers
    found = [Offence(place(handler), lack) for handler in handlers for lack in silences(handler)]
    verdict(found, {}, "A route handler declares these:")


def test_operation_ids_are_unique(handlers: list[HTTPRouteHandler]) -> None:
    counted = Counter(str(handler.operation_id) for handler in handlers if handler.operation_id)
    assert [name for name, count in counted.items() if count > 1] == [], "Clients name their calls by these."


def test_no_handler_is_forgotten(handlers: list[HTTPRouteHandler]) -> None:
    routed = {place(handler) for handler in handlers}
    written = [
        f"{module.path.removeprefix('src/').removesuffix('.py').replace('/', '.')}::{node.name}"
        for module in modules("src/karla/entrypoints/api")
        for _, node in functions(module.tree)
        if any(isinstance(mark, ast.Call) and ast.unparse(mark.func) in METHODS for mark in node.decorator_list)
    ]
    found = [
        Offence(name, "is in no HANDLERS, or its file is not in RESOURCES") for name in written if name not in routed
    ]
    verdict(found, {}, "A handler that is not listed answers nobody:")


def test_doors_and_belt_speak_no_sql() -> None:
    found = [
        Offence(module.path, f"line {literal.line}")
        for module in modules("src/karla/entrypoints", "src/karla/pipeline")
        for literal in literals(module.tree)
        if SQL.search(literal.text)
    ]
    verdict(found, {}, "SQL stands in the queries and commands of a room; call one:")
