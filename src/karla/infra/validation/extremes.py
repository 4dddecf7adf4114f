"""Values that JSON and a type admit and that nothing downstream can hold, such as integers beyond 64 bits."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import inspect as mi

Found = tuple[str, tuple[str | int, ...]]
"""A fault's word, and the path to it from the value that was checked."""
Check = Callable[[Any], Found | None]
"""Looks only at values of its own type, so that the members of a union can be asked in turn."""

MAX_DEPTH = 64
"""How deep free-form members may nest: whatever writes them out again recurses."""
MIN_INT, MAX_INT = -(2**63), 2**63 - 1

_URI = re.compile(r"""[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x20\x7f<>"`\\]+""")


class Unfit(msgspec.Struct, frozen=True):
    """Stands in a parsed document for a value that no type takes; `kinds` are the JSON types it had."""

    kinds: frozenset[str]
    word: str


NUL = Unfit(frozenset({"string"}), "nul_character")
UNDER_NUL = Unfit(frozenset(), "nul_character")
"""A value whose key holds the NUL character."""
HUGE = Unfit(frozenset({"integer", "number"}), "too_large")
TINY = Unfit(frozenset({"integer", "number"}), "too_small")


def check_of(type_: Any) -> Check | None:
    """A check for values of this type, or None where no value of it can be extreme."""
    return _check(mi.type_info(type_), {})


def free_faults(value: object, path: tuple[str | int, ...] = ()) -> Iterator[Found]:
    """Everything in a free-form value that can't be stored."""
    if isinstance(value, Unfit):
        yield value.word, path
    elif type(value) is int:
        if found := _int(value):
            yield found[0], path
    elif isinstance(value, (dict, list)):
        if len(path) >= MAX_DEPTH:
            yield "value", path
            return
        for place, part in value.items() if isinstance(value, dict) else enumerate(value):
            if type(part) is not str:
                yield from free_faults(part, (*path, place))


def _free(value: object) -> Found | None:
    if type(value) is dict:
        for part in value.values():
            if type(part) is not str:
                break
        else:
            return None
    return next(free_faults(value), None)


def _int(value: object) -> Found | None:
    if type(value) is not int or MIN_INT <= value <= MAX_INT:
        return None
    return "too_large" if value > 0 else "too_small", ()


def _decimal(value: object) -> Found | None:
    if type(value) is not Decimal:
        return None
    if not value.is_finite() or len(str(value)) > 64 or value.adjusted() < -64:
        return "number_type", ()
    if value.adjusted() > 18:
        return "too_large" if value > 0 else "too_small", ()
    return None


def _instant(value: object) -> Found | None:
    """Years 1 and 9999 can leave the calendar on their way to UTC."""
    if type(value) is not datetime or 1 < value.year < 9999:
        return None
    return "datetime_invalid", ()


def _aware(value: object) -> Found | None:
    if type(value) is not datetime or (1 < value.year < 9999 and value.tzinfo is not None):
        return None
    return "datetime_invalid", ()


def _uri(value: object) -> Found | None:
    return None if type(value) is not str or _URI.fullmatch(value) else ("uri_invalid", ())


Seen = dict[type, Check | None]
"""The structs on the way and what became of each: a type may hold itself."""


def _check(info: mi.Type, seen: Seen) -> Check | None:
    make = next((make for kind, make in _MAKERS if isinstance(info, kind)), None)
    return make(info, seen) if make else None


def _for_int(info: mi.IntType, _seen: Seen) -> Check | None:
    bounded = (info.ge, info.gt) != (None, None) and (info.le, info.lt) != (None, None)
    return None if bounded else _int


def _for_datetime(info: mi.DateTimeType, _seen: Seen) -> Check:
    return _aware if info.tz is None else _instant


def _for_metadata(info: mi.Metadata, seen: Seen) -> Check | None:
    return _uri if (info.extra_json_schema or {}).get("format") == "uri" else _check(info.type, seen)


def _for_struct(info: mi.StructType, seen: Seen) -> Check | None:
    cls = info.cls
    if cls in seen:
        return seen[cls]
    members: list[tuple[str, str, Check]] = []

    def check_struct(value: object) -> Found | None:
        if type(value) is cls:
            for attribute, name, check in members:
                if found := check(getattr(value, attribute)):
                    return found[0], (name, *found[1])
        return None

    seen[cls] = check_struct
    checks = ((field, _check(field.type, seen)) for field in info.fields)
    members += [(field.name, field.encode_name, check) for field, check in checks if check]
    if not members:
        seen[cls] = None
    return seen[cls]


def _for_union(info: mi.UnionType, seen: Seen) -> Check | None:
    checks = [check for member in info.types if (check := _check(member, seen))]
    if len(checks) < 2:
        return checks[0] if checks else None
    return lambda value: next((found for check in checks if (found := check(value))), None)


_COLLECTIONS = (list, tuple, set, frozenset)


def _for_items(info: mi.CollectionType, seen: Seen) -> Check | None:
    if (check := _check(info.item_type, seen)) is None:
        return None

    def check_items(values: object) -> Found | None:
        if isinstance(values, _COLLECTIONS):
            for index, value in enumerate(values):
                if found := check(value):
                    return found[0], (index, *found[1])
        return None

    return check_items


def _for_tuple(info: mi.TupleType, seen: Seen) -> Check | None:
    checks = [_check(item, seen) for item in info.item_types]
    if not any(checks):
        return None

    def check_places(values: object) -> Found | None:
        if isinstance(values, tuple):
            for index, (check, value) in enumerate(zip(checks, values, strict=True)):
                if check and (found := check(value)):
                    return found[0], (index, *found[1])
        return None

    return check_places


def _for_dict(info: mi.DictType, seen: Seen) -> Check | None:
    check = _check(info.value_type, seen)
    if check is None or check is _free:
        return check

    def check_entries(values: object) -> Found | None:
        if isinstance(values, dict):
            for key, value in values.items():
                if found := check(value):
                    return found[0], (str(key), *found[1])
        return None

    return check_entries


_MAKERS: list[tuple[type[mi.Type], Callable[[Any, Seen], Check | None]]] = [
    (mi.AnyType, lambda _info, _seen: _free),
    (mi.IntType, _for_int),
    (mi.DecimalType, lambda _info, _seen: _decimal),
    (mi.DateTimeType, _for_datetime),
    (mi.Metadata, _for_metadata),
    (mi.UnionType, _for_union),
    (mi.StructType, _for_struct),
    (mi.CollectionType, _for_items),
    (mi.TupleType, _for_tuple),
    (mi.DictType, _for_dict),
]
