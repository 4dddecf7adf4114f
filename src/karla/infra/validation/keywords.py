"""What each keyword of our schemas means, for the library that walks them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

import msgspec
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from karla.infra.errors import Fault
from karla.infra.validation import words
from karla.infra.validation.extremes import Check, Unfit, check_of, free_faults

Schema = dict[str, Any]
Errors = Iterator[ValidationError]


class Place:
    """A struct or one member of it: the type that decides, and the schema that describes."""

    def __init__(self, type_: Any, schema: Schema) -> None:
        self.type = type_
        self.schema = schema

    @cached_property
    def _check(self) -> Check | None:
        return check_of(self.type)

    def trouble(self, instance: object) -> Fault | None:
        """The first thing that msgspec or the check for extremes has against a value; maybe `UNKNOWN`."""
        if self.type is None:
            return UNKNOWN
        try:
            value = msgspec.convert(instance, self.type, str_keys=True)
        except msgspec.ValidationError as error:
            return UNKNOWN if "`raw`" in str(error) else words.read_msgspec(str(error))
        except (ValueError, ArithmeticError):
            return Fault((), words.SENTENCES["value"], "value")
        if self._check is None or (found := self._check(value)) is None:
            return None
        return Fault(found[1], words.SENTENCES[found[0]], found[0])

    def errors(self, walker: Any, instance: object) -> Errors:
        """Every fault of this value, by the schema; by msgspec where the schema knows of none."""
        trouble = self.trouble(instance)
        if trouble is None:
            return
        named = False
        for error in walker.descend(instance, self.schema):
            named = True
            yield error
        if not named and trouble is not UNKNOWN:
            yield _error((trouble.type, trouble.msg), trouble.loc)


UNKNOWN = Fault((), "", "")
"""Msgspec can't be asked: the schema alone decides."""


def _error(said: tuple[str, str], path: Sequence[str | int] = ()) -> ValidationError:
    """An error that has its word and sentence already."""
    return ValidationError(said[1], validator="said", validator_value=said, path=path)


# A keyword gets the walker, its own value in the schema, the instance, and the whole schema.


def _place(walker: Any, place: Place, instance: object, _schema: Schema) -> Errors:
    yield from place.errors(walker, instance)


def _free(_walker: Any, _on: bool, instance: object, _schema: Schema) -> Errors:
    for word, path in free_faults(instance):
        yield _error((word, words.SENTENCES[word]), path)


def _members(walker: Any, members: dict[str, Schema], instance: object, _schema: Schema) -> Errors:
    if isinstance(instance, dict):
        for name, schema in members.items():
            if name in instance:
                yield from walker.descend(instance[name], schema, path=name)


def _required(_walker: Any, required: list[str], instance: object, _schema: Schema) -> Errors:
    if isinstance(instance, dict):
        for name in required:
            if name not in instance:
                yield _error(("missing", words.SENTENCES["missing"]), [name])


def _additional(walker: Any, schema: Schema | bool, instance: object, whole: Schema) -> Errors:
    if not isinstance(instance, dict):
        return
    for key, value in instance.items():
        if key in whole.get("members", ()):
            continue
        if isinstance(schema, bool):
            yield _error(("value", "Not a known field"), [key])
            continue
        if "\0" in key:
            yield _error(("nul_character", words.SENTENCES["nul_character"]), [key])
        else:
            yield from walker.descend(value, schema, path=key)


def _names(walker: Any, schema: Schema, instance: object, _whole: Schema) -> Errors:
    if isinstance(instance, dict):
        for key in instance:
            yield from walker.descend(key, schema, path=key)


def _type(walker: Any, wanted: str | list[str], instance: object, _schema: Schema) -> Errors:
    types = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(instance, Unfit):
        if not _kind(instance).isdisjoint(types):
            yield _error((instance.word, words.SENTENCES[instance.word]))
            return
    elif any(walker.is_type(instance, name) for name in types):
        return
    yield _error(words.must_be(types[:1], null=instance is None))


def _any_of(walker: Any, branches: list[Schema], instance: object, schema: Schema) -> Errors:
    if "tag" in schema:
        yield from _tagged(walker, instance, schema)
        return
    if instance is None and any("null" in _kinds(branch) for branch in branches):
        return
    real = [branch for branch in branches if _kinds(branch) != {"null"}]
    fitting = real if len(real) == 1 else [branch for branch in real if _kinds(branch) & _kind(instance)]
    if fitting:
        yield from walker.descend(instance, fitting[0])
    else:
        types = dict.fromkeys(kind for branch in real for kind in sorted(_kinds(branch)))
        yield _error(words.must_be(list(types), null=instance is None))


def _tagged(walker: Any, instance: object, schema: Schema) -> Errors:
    name, branches = schema["tag"], schema["tagged"]
    if not isinstance(instance, dict):
        yield _error(words.must_be(["object"], null=instance is None))
    elif name not in instance:
        yield _error(("missing", words.SENTENCES["missing"]), [name])
    elif not isinstance(instance[name], str | int) or instance[name] not in branches:
        yield _error(words.one_of(list(branches)), [name])
    else:
        yield from walker.descend(instance, branches[instance[name]])


def _kinds(schema: Schema) -> set[str]:
    """The JSON types that a schema takes at all."""
    if "place" in schema:
        return _kinds(schema["place"].schema)
    if "anyOf" in schema:
        return set().union(*(_kinds(branch) for branch in schema["anyOf"]))
    if "enum" in schema:
        return set().union(*({min(_kind(value))} for value in schema["enum"]))
    kinds = schema.get("type", list(words.TYPE_WORDS))
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _kind(value: object) -> set[str]:
    """The JSON types of a value; an integer is a number as well."""
    if isinstance(value, Unfit):
        return set(value.kinds)
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int):
        return {"integer", "number"}
    names = {str: "string", float: "number", list: "array", dict: "object"}
    return {names.get(type(value), "null")}


FORMAT_CHECKER = FormatChecker(formats=())
"""Formats as msgspec reads them, so that both looks agree."""


def _add_format(name: str, type_: Any) -> None:
    place = Place(type_, {})
    FORMAT_CHECKER.checks(name)(lambda value: not isinstance(value, str) or place.trouble(value) is None)


_add_format("date-time", Annotated[datetime, msgspec.Meta(tz=True)])
_add_format("date", date)
_add_format("duration", timedelta)
_add_format("uuid", UUID)
_add_format("uri", Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})])


@FORMAT_CHECKER.checks("decimal", raises=(ValueError, ArithmeticError))
def _is_decimal(value: object) -> bool:
    """Only whether it is one: how large it may be is said otherwise."""
    return not isinstance(value, str) or msgspec.convert(value, Decimal) is not None


Walker: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={
        "place": _place,
        "free": _free,
        "members": _members,
        "required": _required,
        "additionalProperties": _additional,
        "propertyNames": _names,
        "type": _type,
        "anyOf": _any_of,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, instance: type(instance) is int
    ),
)
"""Walks an instance along a schema and yields every error."""
