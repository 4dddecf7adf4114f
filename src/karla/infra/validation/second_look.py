"""The second look at a body that failed: msgspec finds which members are wrong, JSON Schema names each fault.

Msgspec stops at its first error. Asked again member by member it says which of them it takes, so
that only the rest is compared with the schema, and both looks agree on what is a fault.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any

import msgspec
from jsonschema import ValidationError
from msgspec import inspect as mi

from karla.infra.errors import Fault
from karla.infra.validation import words
from karla.infra.validation.extremes import MAX_INT, MIN_INT
from karla.infra.validation.keywords import FORMAT_CHECKER, Place, Schema, Walker
from karla.infra.validation.reached import reached

MAX_FAULTS = 500
"""Where a body that is wrong all over stops being described."""


class SecondLook:
    """The schema of one type, made over so that every struct and member in it knows its own type."""

    def __init__(self, type_: Any) -> None:
        parts = list(reached(mi.type_info(type_), set()))
        # The schema doesn't tell `Any` from `Raw`, which is for its later reader to judge.
        self._free = any(isinstance(part, mi.AnyType) for part in parts)
        classes = [part.cls for part in parts if isinstance(part, mi.StructType)]
        (root, *references), self._definitions = msgspec.json.schema_components([type_, *classes])
        self._classes = {reference["$ref"]: cls for cls, reference in zip(classes, references, strict=True)}
        self._places: dict[str, Place] = {}
        place = Place(type_, self._refined(root))
        self._validator = Walker({"place": place}, format_checker=FORMAT_CHECKER)

    def faults(self, document: object) -> list[Fault]:
        """Every fault of a parsed body, at most `MAX_FAULTS`; none where both looks disagree."""
        found: dict[tuple[object, ...], Fault] = {}
        for error in islice(self._validator.iter_errors(document), MAX_FAULTS):
            word, sentence = _describe(error)
            path = (words.clean(part) if isinstance(part, str) else part for part in error.absolute_path)
            fault = Fault(("body", *path), sentence, word)
            found.setdefault((fault.loc, fault.type), fault)
        return list(found.values())

    def _place(self, reference: str) -> Place:
        if reference not in self._places:
            cls = self._classes.get(reference)
            place = self._places[reference] = Place(cls, {})
            place.schema = self._refined(self._definitions[reference.rpartition("/")[2]], cls)
        return self._places[reference]

    def _refined(self, schema: Schema, cls: type | None = None) -> Schema:
        if "$ref" in schema:
            return {"place": self._place(schema["$ref"])}
        made = {name: value for name, value in schema.items() if name in _LEAF_KEYWORDS}
        if "properties" in schema:
            made["members"] = self._members(schema["properties"], cls)
        for name in ("items", "propertyNames", "additionalProperties"):
            if isinstance(schema.get(name), Mapping):
                made[name] = self._refined(schema[name])
        for name in ("anyOf", "prefixItems"):
            if name in schema:
                made[name] = [self._refined(part) for part in schema[name]]
        if schema.get("additionalProperties") is False:
            made["additionalProperties"] = False
        if "discriminator" in schema:
            mapping = schema["discriminator"]["mapping"]
            made["tag"] = schema["discriminator"]["propertyName"]
            made["tagged"] = {tag: {"place": self._place(ref)} for tag, ref in sorted(mapping.items())}
        if not made and self._free:
            return {"free": True}
        return _completed(made)

    def _members(self, properties: Mapping[str, Schema], cls: type | None) -> dict[str, Schema]:
        types = {field.encode_name: field.type for field in msgspec.structs.fields(cls)} if cls else {}
        members = {
            name: self._refined(schema) for name, schema in properties.items() if types.get(name) is not msgspec.Raw
        }
        return {
            name: {"place": Place(types[name], schema)} if name in types else schema for name, schema in members.items()
        }


_LEAF_KEYWORDS = {
    "type",
    "enum",
    "format",
    "pattern",
    "required",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
}


def _completed(schema: Schema) -> Schema:
    """The schema with what msgspec takes for granted or leaves out."""
    kind = schema.get("type")
    if schema.get("format") == "decimal":
        return schema | {"type": ["number", "string"]}
    if kind == "object" and "members" not in schema:
        return {"additionalProperties": {"free": True}} | schema
    if kind == "array" and "prefixItems" not in schema:
        return {"items": {"free": True}} | schema
    if kind == "integer":
        low = {} if "exclusiveMinimum" in schema else {"minimum": MIN_INT}
        high = {} if "exclusiveMaximum" in schema else {"maximum": MAX_INT}
        return low | high | schema
    return schema


def _describe(error: ValidationError) -> tuple[str, str]:
    """The fault's word and sentence for an error; values of the caller's are not repeated."""
    keyword, bound = str(error.validator), error.validator_value
    if keyword == "pattern" and isinstance(error.schema, dict) and error.schema.get("format") == "uri":
        return words.FORMATS["uri"]
    return _DESCRIBE[keyword](bound)


_DESCRIBE: dict[str, Callable[[Any], tuple[str, str]]] = {
    "said": lambda said: said,
    "enum": words.one_of,
    "format": words.FORMATS.__getitem__,
    "pattern": lambda pattern: ("pattern", f"Must match the pattern {pattern}"),
    "multipleOf": lambda factor: ("value", f"Must be a multiple of {factor}"),
    "minimum": lambda bound: ("too_small", f"Must be at least {bound}"),
    "exclusiveMinimum": lambda bound: ("too_small", f"Must be greater than {bound}"),
    "maximum": lambda bound: ("too_large", f"Must be at most {bound}"),
    "exclusiveMaximum": lambda bound: ("too_large", f"Must be less than {bound}"),
    "minLength": partial(words.at_least, "character"),
    "maxLength": partial(words.at_most, "character"),
    "minItems": partial(words.at_least, "item"),
    "maxItems": partial(words.at_most, "item"),
    "minProperties": partial(words.at_least, "entry"),
    "maxProperties": partial(words.at_most, "entry"),
}
