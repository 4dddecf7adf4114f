"""The operations of the OpenAPI document, as tests that are generated from it want them."""

import re
from functools import cache
from typing import Any, NamedTuple

from karla.domain.shoppers.records import Level
from karla.entrypoints.api.access import Needs
from karla.entrypoints.api.app import litestar_app
from karla.entrypoints.api.openapi.document import document
from karla.entrypoints.api.resources import RESOURCES
from karla.vocabulary.scope import Role


class Operation(NamedTuple):
    """One method of one path, who may call it, and a body it takes."""

    method: str
    path: str
    id: str
    needs: Needs
    multipart: bool
    example: Any

    def __str__(self) -> str:
        return self.id

    @property
    def resource(self) -> str:
        """The collection that a `uuid` in the path is of: `webhooks` of …/webhooks/{uuid}."""
        found = re.search(r"/([a-z]+)/\{uuid\}", self.path)
        return found.group(1) if found else ""

    @property
    def names_a_thing(self) -> bool:
        """There is more in the path than the shop."""
        return "{" in self.path.replace("{slug}", "", 1)

    @property
    def creates_by_name(self) -> bool:
        """What the path names comes to be if it is not there, so another shop's name is free to use."""
        return self.id in ("v1ShopsImagesUpload", "v1ProductsVariantsUpsert", "v1ConnectionsConnect")


@cache
def the_document() -> dict[str, Any]:
    """The document of an application that is not running."""
    return document(litestar_app([*RESOURCES]), "http://karla.test")


def operations() -> list[Operation]:
    """All of them, in the document's order."""
    return [
        _operation(method.upper(), path, told)
        for path, methods in the_document()["paths"].items()
        for method, told in methods.items()
    ]


def _operation(method: str, path: str, told: dict[str, Any]) -> Operation:
    access = told["x-karla-access"]
    content = told.get("requestBody", {}).get("content", {})
    return Operation(
        method=method,
        path=path,
        id=told["operationId"],
        needs=Needs(access["of"], Role(access.get("role", Role.VIEWER)), Level(access.get("level", Level.ZIP_CODE))),
        multipart="multipart/form-data" in content,
        example=_example(content.get("application/json", {})),
    )


def _example(content: dict[str, Any]) -> Any:
    if "example" in content:
        return content["example"]
    return next((example["value"] for example in content.get("examples", {}).values()), {})
