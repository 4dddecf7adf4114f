"""Types become JSON Schemas, so that what a door checks is what the document says."""

from collections.abc import Sequence
from enum import Enum
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import inspect as mi

from karla.infra.validation.reached import reached

Json = dict[str, Any]

_PLACE = "#/components/schemas/{name}"


class Schemas:
    """The schemas of all types that a document speaks of; `components` holds every struct and enum once."""

    def __init__(self, types: Sequence[Any]) -> None:
        self._types = list(types)  # kept alive, as they are told apart by identity
        parts = [part for info in mi.multi_type_info(self._types) for part in reached(info, set())]
        structs = {part.cls: part for part in parts if isinstance(part, mi.StructType)}
        made, self.components = msgspec.json.schema_components([*self._types, *structs], ref_template=_PLACE)
        named = dict(zip(structs, made[len(self._types) :], strict=True))
        for cls, struct in structs.items():
            _complete_struct(self.components[name_of(named[cls])], struct)
        for schema, info in zip(made, mi.multi_type_info(self._types), strict=False):
            _complete(schema, info)
        self.components = {name: _plain(schema) for name, schema in sorted(self.components.items())}
        self._schemas: dict[int, Json] = {
            id(type_): _plain(schema) for type_, schema in zip(self._types, made, strict=False)
        }

    def of(self, type_: Any) -> Json:
        """The schema of one of the types: a reference where it has a name."""
        return self._schemas[id(type_)]

    def taken_apart(self, struct: type[msgspec.Struct]) -> Json:
        """The members of a struct, for what is no object in the document: it is no component from then on."""
        name = name_of(self.of(struct))
        taken: Json = self.components.pop(name)["properties"]
        return taken


def name_of(reference: Json) -> str:
    """The component that a reference leads to."""
    return str(reference["$ref"]).rpartition("/")[2]


def _complete_struct(schema: Json, struct: mi.StructType) -> None:
    for field in struct.fields:
        _complete(schema["properties"][field.encode_name], field.type)


def _complete(schema: Json, info: mi.Type) -> None:
    """Tell what msgspec leaves out: that times have an offset, and that we write decimals as numbers."""
    match info:
        case mi.Metadata():
            _complete(schema, info.type)
        case mi.DateTimeType():
            schema["format"] = "date-time"
        case mi.DecimalType():
            schema["type"] = "number"
            schema.pop("format", None)
        case mi.UnionType():
            for member in info.types:
                for option in schema.get("anyOf", ()):
                    if _describes(option, member):
                        _complete(option, member)
        case mi.CollectionType() if "items" in schema:
            _complete(schema["items"], info.item_type)
        case mi.DictType() if "additionalProperties" in schema:
            _complete(schema["additionalProperties"], info.value_type)


def _describes(schema: Json, info: mi.Type) -> bool:
    match info:
        case mi.Metadata():
            return _describes(schema, info.type)
        case mi.DateTimeType():
            return schema.get("type") == "string" and "format" not in schema
        case mi.DecimalType():
            return schema.get("format") == "decimal"
        case mi.CollectionType():
            return schema.get("type") == "array"
        case mi.DictType():
            return schema.get("type") == "object"
    return False


def _plain(schema: Any) -> Any:
    """The schema in the fewest words: no default of null, `X or null` as one type where X is a plain one."""
    if isinstance(schema, Enum):
        return schema.value
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _plain(value) for name, value in schema.items() if (name, value) not in _SAYS_NOTHING}
    if "description" in made and isinstance(made["description"], str):
        made["description"] = cleandoc(made["description"])
    if isinstance(made.get("enum"), list) and "type" not in made:
        kinds = {"string" if isinstance(value, str) else "integer" for value in made["enum"]}
        made["type"] = min(kinds) if len(kinds) == 1 else sorted(kinds)
    return _with_null(made) if "anyOf" in made else made


_SAYS_NOTHING: tuple[tuple[str, object], ...] = (("default", None), ("required", []))


def _with_null(schema: Json) -> Json:
    told, null = schema["anyOf"][:-1], schema["anyOf"][-1]
    if null != {"type": "null"} or len(told) != 1 or not isinstance(told[0].get("type"), str):
        return schema
    outside = {name: value for name, value in schema.items() if name != "anyOf"}
    made: Json = {**told[0], **outside, "type": [told[0]["type"], "null"]}
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return made
