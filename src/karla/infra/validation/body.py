"""Request bodies: bytes of JSON into a struct."""

from functools import cached_property
from typing import Generic, NoReturn, TypeVar

import msgspec

from karla.infra.errors import Fault, TooLarge
from karla.infra.validation import document, words
from karla.infra.validation.extremes import check_of
from karla.infra.validation.second_look import SecondLook

T = TypeVar("T")


class Shape(Generic[T]):
    """What the body of one operation looks like; bounds stand in the type, as `msgspec.Meta`.

    Beyond the type no value may hold the NUL character, an integer beyond 64 bits, a decimal that
    no database column holds, or a date and time without an offset (unless the type says `tz=False`).
    A text whose `Meta` has `extra_json_schema={"format": "uri"}` must be a URI. What a `Raw` member
    holds is not looked into: its reader gives it to a shape of its own.
    """

    def __init__(self, type_: type[T], max_bytes: int = 1_048_576) -> None:
        self.type = type_
        self.max_bytes = max_bytes
        self._decode = msgspec.json.Decoder(type_, strict=True).decode
        self._check = check_of(type_)

    @cached_property
    def _second_look(self) -> SecondLook:
        return SecondLook(self.type)

    def decode(self, body: bytes) -> T:
        """The body as a value; BadRequest if it isn't JSON, TooLarge, or Invalid with every fault."""
        if len(body) > self.max_bytes:
            raise TooLarge(message=f"The body is larger than {self.max_bytes} bytes.")
        try:
            value = self._decode(body)
            # Twice as fast as asking for the escape right away, and `rfind` is twice as fast as `in`.
            if b"\\" in body and body.rfind(b"\\u0000") >= 0:
                self._refuse_any_fault(body)
            if self._check is not None and (found := self._check(value)) is not None:
                self._refuse(body, Fault(found[1], words.SENTENCES[found[0]], found[0]))
        except msgspec.ValidationError as error:
            self._refuse(body, words.read_msgspec(str(error)))
        except (msgspec.MsgspecError, ValueError, ArithmeticError) as error:
            document.parse(body)
            raise document.not_json(str(error)) from error
        except RecursionError as error:
            raise document.too_deep() from error
        return value

    def _refuse(self, body: bytes, first: Fault) -> NoReturn:
        """`first` is what the first look said, for when the second finds nothing."""
        self._refuse_any_fault(body)
        loc = (words.clean(part) if isinstance(part, str) else part for part in first.loc)
        raise words.invalid([Fault(("body", *loc), first.msg, first.type)])

    def _refuse_any_fault(self, body: bytes) -> None:
        try:
            faults = self._second_look.faults(document.parse(body))
        except RecursionError as error:
            raise document.too_deep() from error
        if faults:
            raise words.invalid(faults)
