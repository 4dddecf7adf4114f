"""The whole OpenAPI document, put together from its parts."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar

from karla.entrypoints.api.openapi import answers, events, texts
from karla.entrypoints.api.openapi.operations import Operation, operations_of, query_parameters
from karla.entrypoints.api.openapi.schemas import Json, Schemas


def document(app: Litestar, base_url: str) -> Json:
    """OpenAPI 3.1 of every operation of `app` and every event that a webhook may get."""
    operations = operations_of(app)
    schemas = Schemas([*_types(operations), *events.TYPES, answers.ERROR])
    parameters = _parameters_by_shape(operations, schemas)
    paths: Json = {}
    for operation in operations:
        filters = parameters[operation.filters] if operation.filters else []
        paths.setdefault(operation.path, {})[operation.method] = operation.described(schemas, filters)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Karla API",
            "summary": texts.SUMMARY,
            "description": texts.INTRODUCTION,
            "version": version("karla"),
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url, "description": "This Karla"}],
        "security": [{"basic": []}],
        "tags": _tags(operations),
        "x-tagGroups": _tag_groups(operations),
        "paths": paths,
        "webhooks": events.webhooks(schemas),
        "components": {
            "schemas": schemas.components,
            "parameters": {**_HEADER_PARAMETERS, **events.HEADERS},
            "headers": dict(answers.HEADERS),
            "responses": answers.error_answers(schemas.of(answers.ERROR)),
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The user name of an API key, and the key as the password.",
                },
                "shopper": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A shopper's session, or an order token.",
                },
            },
        },
    }


def _types(operations: Sequence[Operation]) -> list[Any]:
    return list({id(type_): type_ for operation in operations for type_ in operation.types}.values())


def _parameters_by_shape(operations: Sequence[Operation], schemas: Schemas) -> dict[type[msgspec.Struct], list[Json]]:
    shapes = dict.fromkeys(operation.filters for operation in operations if operation.filters)
    return {
        shape: query_parameters(
            schemas.taken_apart(shape),
            frozenset(field.encode_name for field in msgspec.structs.fields(shape) if field.required),
        )
        for shape in shapes
    }


def _tags(operations: Sequence[Operation]) -> list[Json]:
    used = dict.fromkeys(operation.tag for operation in operations)
    described = [{"name": name, "description": texts.TAGS[name]} for name in used if name in texts.TAGS]
    others = [{"name": name} for name in used if name not in texts.TAGS]
    return [*described, *others, *events.TAGS]


def _tag_groups(operations: Sequence[Operation]) -> list[Json]:
    return [
        {"name": "API", "tags": list(dict.fromkeys(operation.tag for operation in operations))},
        {"name": "Webhook events", "tags": [tag["name"] for tag in events.TAGS]},
    ]


_HEADER_PARAMETERS: Json = {
    "Accept-Language": {
        "name": "Accept-Language",
        "in": "header",
        "description": "The language of texts about shipments; English without a match.",
        "schema": {"type": "string"},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Names this request, so that sending it again is answered with its first answer for 24 hours.",
        "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
        "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an earlier answer: 304 while it is still the same.",
        "schema": {"type": "string"},
    },
}
