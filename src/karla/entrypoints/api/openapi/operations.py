"""What each handler takes and answers, read from the handler itself."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from inspect import cleandoc
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import msgspec
from litestar import Litestar, Response
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec import Meta

from karla.domain.shoppers.records import Level
from karla.entrypoints.api.access import Needs
from karla.entrypoints.api.openapi import answers, examples, texts
from karla.entrypoints.api.openapi.schemas import Json, Schemas
from karla.entrypoints.api.orders.requests import OrderUpsert

# What a handler's signature does not tell.
BULK_ITEMS: Mapping[str, Any] = {
    "v1OrdersFulfillmentBulk": Annotated[list[OrderUpsert], Meta(max_length=500)],
}
RATE_LIMITED = frozenset({"v1OrdersFulfillmentBulk"})
CONFLICTS = frozenset(
    {
        "v1OrdersUpsert",
        "v1OrdersPlacement",
        "v1OrdersGet",
        "v1OrdersUpdate",
        "v1OrdersAnalyticsUpsert",
        "v1OrdersCancel",
        "v1OrdersTrackpageUrl",
        "v1OrdersTokensRevoke",
        "v1OrdersShipmentsUpdate",
        "v1ShipmentEventsCreate",
        "v1ShopsCreate",
        "v1ShopsSettingsUpdateTrackpages",
        "v1OrgKeysRotate",
        "v1WebhooksRotateSecret",
        "v1WebhooksTest",
        "v1WebhooksReplay",
        "v1WebhooksDeliveriesReplay",
    }
)
ALSO_ANSWERS: Mapping[str, Mapping[int, str]] = {
    "v1ShipmentEventsCreate": {200: "The event is known already; nothing goes out."},
    "v1WebhooksCreate": {200: "The shop has a webhook with this URL and these events already: here it is."},
    "v1WebhooksReplay": {200: "Nothing fits, or it was a dry run."},
    "v1ConnectionsConnect": {201: "The shop had no connection with this integration: here is the new one."},
    "v1ImagesRead": {304: "The image is the one that `If-None-Match` names."},
    "v1StorefrontShopGet": {304: "The shop is as it was when `If-None-Match` was told."},
}
# Refusals that follow from nothing in the signature.
ALSO_REFUSES: Mapping[str, frozenset[int]] = {"v1StorefrontSessionsOpen": frozenset({401, 429})}
_READS_ETAG = frozenset({"v1ImagesRead", "v1StorefrontShopGet"})


class Operation:
    """One method of one path."""

    def __init__(self, method: str, route: HTTPRoute, handler: HTTPRouteHandler) -> None:
        self.method = method.lower()
        self.path = route.path_format
        self.handler = handler
        self._path_types = {name: definition.type for name, definition in route.path_parameters.items()}
        self._parameters = handler.parsed_fn_signature.parameters

    @property
    def id(self) -> str:
        """The operation id, which a handler gives as text."""
        return str(self.handler.operation_id)

    @cached_property
    def needs(self) -> Needs:
        """Who may call it."""
        needs: Needs = self.handler.opt["access"]
        return needs

    @cached_property
    def tag(self) -> str:
        """The first of its tags."""
        return self.handler.resolve_tags()[0]

    @cached_property
    def body(self) -> Any:
        """The type of its JSON body, or None."""
        shape = getattr(self.handler.resolve_data_dto(), "shape", None)
        return BULK_ITEMS.get(self.id, shape.type) if shape and "data" in self._parameters else None

    @cached_property
    def filters(self) -> type[msgspec.Struct] | None:
        """The struct of its query parameters, if it takes any."""
        taken = (self.handler.resolve_dependencies().get(name) for name in self._parameters)
        shapes = (getattr(provider.dependency, "shape", None) for provider in taken if provider)
        return next((shape for shape in shapes if shape), None)

    @cached_property
    def result(self) -> tuple[Any, ...]:
        """The types of what it answers; several are alternatives, none is no content that has a type."""
        spec = (self.handler.responses or {}).get(self.handler.status_code)
        told = spec.data_container if spec else self.handler.parsed_fn_signature.return_type.annotation
        if get_origin(told) is Response:
            (told,) = get_args(told)
        alternatives = get_args(told) if get_origin(told) in (Union, UnionType) else (told,)
        return tuple(one for one in alternatives if one not in (None, type(None), bytes, Any))

    @property
    def types(self) -> Iterator[Any]:
        """Every type that its description speaks of."""
        yield from self.result
        yield from (type_ for type_ in (self.body, self.filters) if type_ is not None)

    def described(self, schemas: Schemas, filters: list[Json]) -> Json:
        """The operation as the document has it; `filters` are its query parameters."""
        told: Json = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.handler.summary,
            "description": f"{cleandoc(self.handler.fn.__doc__ or '')}\n\n{self._who}".strip(),
            "x-karla-access": self._access,
            "parameters": [*self._path_parameters(), *filters, *self._headers()],
            "responses": {**self._wished(schemas), **self._refusals()},
        }
        if self.handler.deprecated:
            told["deprecated"] = True
        if self.needs.of in _SECURITY:
            told["security"] = _SECURITY[self.needs.of]
        if self.body is not None:
            told["requestBody"] = self._request_body(schemas)
        # A handler's own operation class says what else there is to say.
        more = self.handler.operation_class().to_schema()
        return {**told, **{name: value for name, value in more.items() if value}}

    @property
    def _access(self) -> Json:
        if self.needs.of == "shopper":
            return {"of": self.needs.of, "level": str(self.needs.level)}
        return {"of": self.needs.of, "role": str(self.needs.role)}

    @property
    def _who(self) -> str:
        if self.needs.of == "nobody":
            return "Public: takes no key."
        if self.needs.of == "shopper":
            return _SHOPPERS[self.needs.level]
        if self.needs.of == "key":
            return "Takes any key."
        where = "in the shop" if self.needs.of == "shop" else "in the organisation"
        return f"Takes a key with the role `{self.needs.role}`{_OR_MORE.get(self.needs.role, '')} {where}."

    @property
    def _takes_form(self) -> bool:
        return self.handler.operation_class().request_body is not None

    @property
    def _takes_idempotency_key(self) -> bool:
        return self.method == "post" and self.needs.of not in _SECURITY

    def _path_parameters(self) -> Iterator[Json]:
        for name, type_ in self._path_types.items():
            description, schema = self._path_parameter(name)
            if type_ is UUID:
                schema = {"type": "string", "format": "uuid"}
            told: Json = {"name": name, "in": "path", "required": True, "description": description, "schema": schema}
            yield told | ({"example": texts.EXAMPLES[name]} if name in texts.EXAMPLES else {})

    def _path_parameter(self, name: str) -> tuple[str, Json]:
        before = self.path.partition(f"/{{{name}}}")[0].rpartition("/")[2]
        if (before, name) in texts.PLACES:
            return texts.PLACES[before, name], {"type": "string"}
        if name in texts.PATH_PARAMETERS:
            return texts.PATH_PARAMETERS[name]
        return f"The {name.replace('_', ' ')}.", {"type": "string"}

    def _headers(self) -> Iterator[Json]:
        if "language" in self._parameters:
            yield {"$ref": "#/components/parameters/Accept-Language"}
        if self.id in _READS_ETAG:
            yield {"$ref": "#/components/parameters/If-None-Match"}
        if self._takes_idempotency_key:
            yield {"$ref": "#/components/parameters/Idempotency-Key"}

    def _request_body(self, schemas: Schemas) -> Json:
        content: Json = {"schema": schemas.of(self.body)}
        if bodies := examples.of_body(self.id):
            content["examples"] = bodies
        return {"required": not self._parameters["data"].has_default, "content": {"application/json": content}}

    def _wished(self, schemas: Schemas) -> Json:
        names: tuple[str, ...] = ()
        if self.id in RATE_LIMITED:
            names += answers.RATE_LIMIT_HEADERS
        if self.filters and "cursor" in self.filters.__struct_fields__:
            names += answers.CURSOR_HEADERS
        if self.id in _READS_ETAG:
            names += ("ETag",)
        if self._takes_idempotency_key:
            names += ("Idempotent-Replayed",)
        headers = answers.header_references(names)
        status = self.handler.status_code
        spec = (self.handler.responses or {}).get(status)
        made: Json = {"description": spec.description if spec else HTTPStatus(status).phrase, "headers": headers}
        if content := self._content(schemas):
            made["content"] = content
        also: Json = {}
        for other, description in ALSO_ANSWERS.get(self.id, {}).items():
            also[str(other)] = {**made, "description": description}
            if other == HTTPStatus.NOT_MODIFIED:
                also[str(other)].pop("content", None)
        return dict(sorted({str(status): made, **also}.items()))

    def _content(self, schemas: Schemas) -> Json:
        media_type = str(getattr(self.handler.media_type, "value", self.handler.media_type or MediaType.JSON.value))
        if self.result:
            options = [schemas.of(type_) for type_ in self.result]
            told: Json = {"schema": options[0] if len(options) == 1 else {"anyOf": options}}
            return {media_type: told | examples.of_answer(self.result[0])}
        return {media_type: {}} if media_type != MediaType.JSON.value else {}

    def _refusals(self) -> Json:
        found = {500, 503}
        if self.needs.of != "nobody":
            found |= {400, 401, 403, 429}
        if self._takes_idempotency_key:
            found |= {409, 413, 422}
        if self._path_types:
            found.add(404)
        if self.body is not None or self._takes_form:
            found |= {400, 413, 422}
        if self.filters is not None:
            found.add(422)
        if self.id in CONFLICTS:
            found.add(409)
        found |= ALSO_REFUSES.get(self.id, frozenset())
        return {str(status): answers.error_reference(status) for status in sorted(found)}


_METHODS = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
_SECURITY: Mapping[str, list[Json]] = {"nobody": [], "shopper": [{"shopper": []}]}
_SHOPPERS: Mapping[Level, str] = {
    Level.ZIP_CODE: "Takes a shopper's session, or an order token itself, as Bearer.",
    Level.TOKEN: "Takes an order token, or a session that was opened with one, as Bearer; else `order_token_needed`.",
}
_OR_MORE = {"viewer": " or more", "editor": " or more"}


def operations_of(app: Litestar) -> list[Operation]:
    """Every operation that is to be shown: by tag, within it by path as the application lists them, by method."""
    found = [
        Operation(method, route, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.resolve_include_in_schema()
    ]
    tags, paths = list(texts.TAGS), list(dict.fromkeys(operation.path for operation in found))

    def place(one: Operation) -> tuple[int, int, int]:
        tag = tags.index(one.tag) if one.tag in tags else len(tags)
        return tag, paths.index(one.path), _METHODS.index(one.method)

    return sorted(found, key=place)


def query_parameters(members: Json, required: frozenset[str]) -> list[Json]:
    """The members of a struct as parameters; in a query string there is no null."""
    return [_query_parameter(name, schema, name in required) for name, schema in members.items()]


def _query_parameter(name: str, schema: Json, required: bool) -> Json:
    schema = dict(schema)
    if "anyOf" in schema:
        told = [option for option in schema.pop("anyOf") if option != {"type": "null"}]
        schema |= told[0] if len(told) == 1 else {"anyOf": told}
    if isinstance(schema.get("type"), list):
        (schema["type"],) = (kind for kind in schema["type"] if kind != "null")
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    description = schema.pop("description", None) or texts.query_description(name)
    made: Json = {"name": name, "in": "query", "description": description, "schema": schema}
    return {**made, "required": True} if required else made
