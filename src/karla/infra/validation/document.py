"""A slower, stricter reading of JSON text that says what keeps it from being JSON."""

import json
import re
from math import isinf

from karla.infra.errors import BadRequest, Fault
from karla.infra.validation.extremes import HUGE, MAX_DEPTH, NUL, TINY, UNDER_NUL, Unfit

# A body of megabytes isn't walked unless this is in it.
_MAYBE_UNFIT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def parse(body: bytes) -> object:
    """The body as plain values, with an `Unfit` where no type takes the value; BadRequest if it isn't JSON."""
    if not body.strip():
        fault = Fault(("body",), "Body required", "missing")
        raise BadRequest("body_missing", "The body is missing.", [fault])
    text = ""
    try:
        text = body.decode()
        document: object = json.loads(
            text,
            parse_int=_int,
            parse_float=_float,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise not_json(f"Not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        position = len(text[: error.pos].encode())
        raise not_json(f"{error.msg.removesuffix(' at')} at byte {position}") from error
    except RecursionError as error:
        raise too_deep() from error
    _refuse_deep(document)
    return _fit(document) if _MAYBE_UNFIT.search(body) else document


def not_json(reason: str) -> BadRequest:
    """The 400 for a body that can't be read, with the reason as its only fault."""
    fault = Fault(("body",), reason, "json_invalid")
    return BadRequest("json_invalid", "The body is not valid JSON.", [fault])


def too_deep() -> BadRequest:
    """The 400 for a body that nests deeper than anything may."""
    return not_json(f"Nested deeper than {MAX_DEPTH} levels")


def _int(text: str) -> int | Unfit:
    if len(text) <= 300:
        return int(text)
    return TINY if text.startswith("-") else HUGE


def _float(text: str) -> float | Unfit:
    number = float(text)
    if not isinf(number):
        return number
    return HUGE if number > 0 else TINY


def _constant(name: str) -> object:
    raise not_json(f"{name} is not a JSON value")


def _refuse_deep(document: object) -> None:
    """Level by level, so that nothing here recurses."""
    level = [document] if isinstance(document, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        level = [
            part
            for whole in level
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if isinstance(part, (dict, list))
        ]
        if not level:
            return
    raise too_deep()


def _fit(value: object) -> object:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_key(key): UNDER_NUL if "\0" in key else _fit(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_fit(item) for item in value]
    return value


def _key(key: str) -> str:
    _text(key)
    return key


def _text(text: str) -> str | Unfit:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise not_json("Holds half of a surrogate pair")
    return NUL if "\0" in text else text
