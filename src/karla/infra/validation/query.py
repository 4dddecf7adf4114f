"""Query parameters: texts into a struct."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import inspect as mi

from karla.infra.errors import Fault
from karla.infra.validation import words
from karla.infra.validation.extremes import check_of

T = TypeVar("T", bound=msgspec.Struct)

_BLANK_FOR_PLUS = re.compile(r"([T ]\d\d:\d\d:\d\d(?:\.\d+)?) (\d\d:?\d\d)")


class QueryShape(Generic[T]):
    """The parameters of one operation: a flat struct of texts, numbers, dates and lists of them.

    Of a repeated one the last counts (lists take all). Unknown ones are ignored, or faults where the struct forbids
    unknown fields. An empty text is a fault: taken for an absent filter, it would show everything to whoever asks
    with an empty field.
    """

    def __init__(self, type_: type[T]) -> None:
        self.type = type_
        self._parameters = [_Parameter(field) for field in msgspec.structs.fields(type_)]
        self._closed = type_.__struct_config__.forbid_unknown_fields

    def decode(self, params: Mapping[str, str | list[str]]) -> T:
        """The parameters as a struct; Invalid with every fault."""
        values: dict[str, object] = {}
        faults: list[Fault] = []
        for parameter in self._parameters:
            try:
                if given := parameter.given(params):
                    values[parameter.attribute] = parameter.read(given)
            except _Wrong as wrong:
                faults += wrong.faults
        if self._closed:
            faults += self._unknown(params)
        if faults:
            raise words.invalid(faults)
        try:
            return self.type(**values)
        except (ValueError, TypeError) as error:
            raise words.invalid([Fault(("query",), str(error), "value")]) from error

    def _unknown(self, params: Mapping[str, str | list[str]]) -> Iterator[Fault]:
        for name in sorted(params.keys() - {parameter.name for parameter in self._parameters}):
            yield Fault(("query", words.clean(name)), "Not a known parameter", "value")


class _Wrong(Exception):
    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults


class _Parameter:
    def __init__(self, field: msgspec.structs.FieldInfo) -> None:
        self.attribute = field.name
        self.name = field.encode_name
        self._required = field.required
        self._type = field.type
        self._item = next(_item_types(field.type), None)
        self._single = field.type if self._item is None else self._item
        self._strict = _has_datetime(mi.type_info(self._single))
        self._allowed = list(_words(mi.type_info(self._single)))
        self._check = check_of(self._single)

    def given(self, params: Mapping[str, str | list[str]]) -> list[str]:
        """All texts under this name."""
        raw = params.get(self.name, [])
        texts = [raw] if isinstance(raw, str) else raw
        if not all(texts):
            raise _Wrong([self._fault("too_short", "Must not be empty")])
        if not texts and self._required:
            raise _Wrong([self._fault("missing", words.SENTENCES["missing"])])
        return texts

    def read(self, texts: list[str]) -> object:
        """The value of these texts."""
        if self._item is None:
            return self._one(texts[-1])
        values: list[object] = []
        faults: list[Fault] = []
        for index, text in enumerate(texts):
            try:
                values.append(self._one(text, index))
            except _Wrong as wrong:
                faults += wrong.faults
        if faults:
            raise _Wrong(faults)
        return self._converted(values, self._type, strict=True)

    def _one(self, text: str, *at: int) -> object:
        if "\0" in text:
            raise _Wrong([self._fault("nul_character", words.SENTENCES["nul_character"], *at)])
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise _Wrong([self._fault("value", "Must be UTF-8", *at)])
        if self._strict:
            text = _BLANK_FOR_PLUS.sub(r"\1+\2", text)
        value = self._converted(text, self._single, *at, strict=self._strict)
        if isinstance(value, float) and not isfinite(value):
            raise _Wrong([self._fault("number_type", words.SENTENCES["number_type"], *at)])
        if isinstance(value, datetime) and value.tzinfo is None:
            raise _Wrong([self._fault("datetime_invalid", words.DATETIME, *at)])
        if self._check and (found := self._check(value)):
            raise _Wrong([self._fault(found[0], words.SENTENCES[found[0]], *at)])
        return value

    def _converted(self, value: object, type_: Any, *at: int, strict: bool) -> object:
        try:
            converted: object = msgspec.convert(value, type_, strict=strict)
        except msgspec.ValidationError as error:
            fault = words.read_msgspec(str(error))
            word, sentence = words.one_of(self._allowed) if fault.type == "enum" else (fault.type, fault.msg)
            raise _Wrong([self._fault(word, sentence, *at)]) from error
        except (ValueError, ArithmeticError) as error:
            raise _Wrong([self._fault("value", words.SENTENCES["value"], *at)]) from error
        return converted

    def _fault(self, word: str, sentence: str, *at: int) -> Fault:
        return Fault(("query", self.name, *at), sentence, word)


def _item_types(type_: Any) -> Iterator[Any]:
    """The type of the items of a list, in whatever it is wrapped."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        yield from _item_types(arguments[0])
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _item_types(argument)
    elif origin in (list, tuple, set, frozenset):
        yield arguments[0]


def _has_datetime(info: mi.Type) -> bool:
    match info:
        case mi.Metadata():
            return _has_datetime(info.type)
        case mi.UnionType():
            return any(_has_datetime(member) for member in info.types)
    return isinstance(info, mi.DateTimeType)


def _words(info: mi.Type) -> Iterator[object]:
    """The values of a closed set, in whatever it is wrapped."""
    match info:
        case mi.Metadata():
            yield from _words(info.type)
        case mi.UnionType():
            for member in info.types:
                yield from _words(member)
        case mi.EnumType():
            yield from sorted(member.value for member in info.cls)
        case mi.LiteralType():
            yield from info.values
