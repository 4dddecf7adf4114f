"""Whatever the OpenAPI document has, the client has: every operation, and every member that it takes or answers."""

import inspect
import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from karla.client import Karla
from karla.client.operations import Method, Resource
from karla.client.storefront import Storefront
from tests.support.documents import the_document

Schema = dict[str, Any]
DOCUMENT = the_document()
OPERATIONS: dict[str, tuple[str, str, Schema]] = {
    told["operationId"]: (method.upper(), path, told)
    for path, methods in DOCUMENT["paths"].items()
    for method, told in methods.items()
}
NOT_SAID_BY_CALLERS = {
    "page": "a search goes over all pages",
    "lang": "a client has its language, which Accept-Language says",
}
SAID_OTHERWISE = {"v1WebhooksUpdate.secret": "`rotate_secret` changes it; another one here is refused"}


def methods() -> Iterator[Method[Any, Any, Any]]:
    """Those of every resource that a client has; the storefront's client is one."""
    with Karla("http://karla.test", "shop", "key") as client, Storefront("http://karla.test") as storefront:
        for resource in (*vars(client).values(), storefront):
            if isinstance(resource, Resource):
                kinds = type(resource).__mro__
                yield from (found for kind in kinds for found in vars(kind).values() if isinstance(found, Method))


METHODS = {method.endpoint.operation: method for method in methods()}


def test_every_operation_is_reachable_and_none_is_invented() -> None:
    ours = {name: (method.endpoint.method, method.endpoint.path) for name, method in METHODS.items()}
    assert ours == {name: (method, path) for name, (method, path, _) in OPERATIONS.items()}


def resolved(schema: Schema) -> list[Schema]:
    """What a schema may stand for: references followed, choices laid out."""
    if "$ref" in schema:
        return resolved(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    choices = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    return [found for choice in choices for found in resolved(choice)] or [schema]


def kinds(hint: Any) -> list[Any]:
    """What a type may stand for."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [found for one in typing.get_args(hint) for found in kinds(one)]
    return [hint]


def members(kind: Any) -> dict[str, Any] | None:
    """Names on the wire and types of what has members, be it a struct or a typed dictionary."""
    if typing.is_typeddict(kind):
        return typing.get_type_hints(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    return None


def lacking(schema: Schema, hint: Any, place: str, above: frozenset[int] = frozenset()) -> Iterator[str]:
    """Members that such a body has, and the client's type of it has not; what holds its own kind is gone into once."""
    for one in resolved(schema):
        for kind in kinds(hint):
            if typing.get_origin(kind) in (list, Sequence) and "items" in one:
                yield from lacking(one["items"], typing.get_args(kind)[0], f"{place}[]", above)
            elif id(one) not in above and (known := members(kind)) is not None:
                within = above | {id(one)}
                for name, member in one.get("properties", {}).items():
                    inner = f"{place}.{name}"
                    yield from lacking(member, known[name], inner, within) if name in known else [inner]


def test_a_lack_would_be_seen() -> None:
    order = OPERATIONS["v1OrdersGet"][2]["responses"]["200"]["content"]["application/json"]["schema"]
    found = set(lacking(order, METHODS["v1ShipmentsGet"].endpoint.answer, "order"))
    assert {"order.uuid", "order.trackings", "order.customer"} <= found


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_member_of_an_answer_is_there(name: str) -> None:
    answers = [answer for status, answer in OPERATIONS[name][2]["responses"].items() if status.startswith("2")]
    bodies = [
        answer["content"]["application/json"] for answer in answers if "application/json" in answer.get("content", {})
    ]
    kind = METHODS[name].endpoint.answer
    assert [lack for body in bodies for lack in lacking(body["schema"], kind, name)] == []


def said(name: str) -> dict[str, Any]:
    """What a caller may say to a method, by name."""
    described = METHODS[name].described
    hints = typing.get_type_hints(described)
    found: dict[str, Any] = {}
    for parameter in inspect.signature(described).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            (together,) = typing.get_args(hints[parameter.name])
            found |= typing.get_type_hints(together)
        elif parameter.name != "self":
            found[parameter.name] = hints[parameter.name]
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_can_be_said(name: str) -> None:
    asked = {one["name"] for one in OPERATIONS[name][2].get("parameters", ()) if one.get("in") == "query"}
    known = said(name).keys()
    assert asked - known <= NOT_SAID_BY_CALLERS.keys()


WHOLE_BODIES = {"v1OrdersFulfillmentBulk": "orders", "v1ProductsUpsertBulk": "variants", "v1OrdersAnalyticsUpsert": ""}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_member_of_a_body_can_be_said(name: str) -> None:
    content = OPERATIONS[name][2].get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    known = said(name)
    if name in WHOLE_BODIES:
        items = [one["items"] for one in resolved(schema) if "items" in one]
        hints = [typing.get_args(known[WHOLE_BODIES[name]])[0]] * len(items) if items else []
        found = [lack for item, hint in zip(items, hints, strict=True) for lack in lacking(item, hint, name)]
    else:
        found = [
            lack
            for one in resolved(schema)
            for member, inner in one.get("properties", {}).items()
            for lack in (lacking(inner, known[member], f"{name}.{member}") if member in known else [f"{name}.{member}"])
        ]
    assert set(found) <= SAID_OTHERWISE.keys()
