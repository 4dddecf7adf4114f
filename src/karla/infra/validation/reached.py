"""Which types a type reaches, as msgspec tells of them."""

from collections.abc import Iterator

from msgspec import inspect as mi


def reached(info: mi.Type | mi.Field, seen: set[type]) -> Iterator[mi.Type]:
    """A type and all that it reaches, every struct once; those in `seen`, to which it adds, are left out."""
    if isinstance(info, mi.StructType):
        if info.cls in seen:
            return
        seen.add(info.cls)
    if isinstance(info, mi.Type):
        yield info
    for name in info.__struct_fields__:
        value = getattr(info, name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, (mi.Type, mi.Field)):
                yield from reached(part, seen)
