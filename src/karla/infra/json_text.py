"""JSON that mostly passes through: it is written out as it came, and read where somebody looks into it."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, get_origin

import msgspec

T = TypeVar("T")

_decode = msgspec.json.Decoder().decode


class JsonText(Generic[T]):
    """A JSON value with its text. Two are equal that mean the same, however they are written."""

    __slots__ = ("_value", "text")
    _value: T

    def __init__(self, text: msgspec.Raw) -> None:
        self.text = text

    @classmethod
    def of(cls, value: object) -> "JsonText[T]":
        """The text of a value that msgspec can write."""
        return cls(msgspec.Raw(encode(value)))

    @property
    def value(self) -> T:
        """What the text says, read the first time that it is asked for."""
        try:
            return self._value
        except AttributeError:
            self._value = cast("T", _decode(self.text))
            return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JsonText):
            return NotImplemented
        return self.text == other.text or self.value == other.value

    __hash__ = None  # type: ignore[assignment]  # the value may be a list

    def __repr__(self) -> str:
        return f"JsonText({bytes(self.text).decode()})"


def dec_hook(type_: type, value: object) -> object:
    """For a decoder of structs that hold such values; NotImplementedError is msgspec's word for any other type."""
    if get_origin(type_) is not JsonText:
        raise NotImplementedError(f"a {type_} can't be read")
    return JsonText.of(value)


def _as_it_is(value: object) -> msgspec.Raw:
    if isinstance(value, JsonText):
        return value.text
    # As msgspec has it for what a hook doesn't know.
    raise NotImplementedError(f"a {type(value).__name__} has no JSON")


encode: Callable[[Any], bytes] = msgspec.json.Encoder(decimal_format="number", enc_hook=_as_it_is).encode
"""A value as JSON with decimals as numbers, for the tables and for the journal."""
