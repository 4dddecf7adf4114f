"""Rows for a statement as one JSON parameter: cheaper to bind than an array a column (19 beside 35 µs an order)."""

from collections.abc import Iterable, Sequence
from typing import NewType
from uuid import UUID

import msgspec

from karla.infra.json_text import encode


def recordset(table: str, columns: Sequence[str], parameter: int) -> str:
    """A select of the rows in parameter number `parameter`, typed like these columns of the table.

    One of the columns may be `ordinality`, the row's number from 1.
    """
    source = f"json_populate_recordset(null::{table}, ${parameter}::text::json) with ordinality"
    return f"select {', '.join(columns)} from {source}"  # noqa: S608 - no value is interpolated


Row = NewType("Row", bytes)
"""One row as JSON: made ready by itself, so that it can be while PostgreSQL is busy with others."""


def row(struct: msgspec.Struct) -> Row:
    """Each member is the column of its name."""
    return Row(encode(struct))


def row_with(columns: Sequence[str], struct: msgspec.Struct) -> Row:
    """The same with these members only: what isn't sent need not be read."""
    return Row(encode({name: getattr(struct, name) for name in columns}))


def row_of_shop(shop_id: UUID, struct: msgspec.Struct) -> Row:
    """The same for a struct that doesn't know its shop."""
    return Row(b'{"shop_id":"%b",%b' % (str(shop_id).encode(), encode(struct)[1:]))


def rows(made: Iterable[Row]) -> str:
    """The parameter of a `recordset`."""
    return (b"[%b]" % b",".join(made)).decode()


def documents(made: Iterable[Row]) -> list[str]:
    """A parameter of JSON objects, one a row: values that are JSON themselves are read twice as fast so."""
    return [one.decode() for one in made]
