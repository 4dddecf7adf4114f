"""Rows of the tables as a process may hold them, and the least that writes them: one `unnest` a table.

The columns are read from the database, so the ceilings that are made of this follow the schema.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg

Row = Mapping[str, Any]
# Past the lock that keeps shops apart, whoever owns the tables.
SETTINGS = {"karla.everywhere": "on"}
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_COLUMNS = """
    select attname, format_type(atttypid, atttypmod) as kind from pg_attribute
    where attrelid = $1::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = ''
    order by attnum
"""


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Connection]:
    """A connection that is no Karla's."""
    connection = await asyncpg.connect(url, server_settings=SETTINGS)
    try:
        yield connection
    finally:
        await connection.close()


class Table(NamedTuple):
    """A table's name and its columns with their types, without those that PostgreSQL fills itself."""

    name: str
    columns: dict[str, str]

    @property
    def names(self) -> str:
        """The columns, as SQL lists them."""
        return ", ".join(self.columns)

    async def rows(self, connection: Connection, where: str, *values: object) -> list[dict[str, Any]]:
        """What is stored, as it is handed to `insert`; an array as its text."""
        columns = ", ".join(
            f"{name}::text as {name}" if kind.endswith("[]") else name for name, kind in self.columns.items()
        )
        found = await connection.fetch(f"select {columns} from {self.name} {where}", *values)
        return [dict(row) for row in found]

    def insert_from(self, select: str) -> str:
        """A statement that inserts what `select`, whole rows of this table, makes."""
        return f"insert into {self.name} ({self.names}) select {self.names} from ({select}) copies"

    def insert(self) -> str:
        """A statement that inserts rows given column by column."""
        given = ", ".join(f"${place}::{_given(kind)}[]" for place, kind in enumerate(self.columns.values(), 1))
        taken = ", ".join(f"{name}::{kind}" if kind.endswith("[]") else name for name, kind in self.columns.items())
        return f"insert into {self.name} ({self.names}) select {taken} from unnest({given}) as given ({self.names})"

    def update(self, key: Sequence[str]) -> str:
        """A statement that overwrites rows given column by column, found by their key."""
        given = ", ".join(f"${place}::{_given(kind)}[]" for place, kind in enumerate(self.columns.values(), 1))
        changed = ", ".join(f"{name} = given.{name}" for name in self.columns if name not in key)
        found = " and ".join(f"{self.name}.{name} = given.{name}" for name in key)
        return f"update {self.name} set {changed} from unnest({given}) as given ({self.names}) where {found}"

    def transposed(self, rows: Iterable[Row]) -> list[list[Any]]:
        """The rows column by column."""
        held = list(rows)
        return [[row[name] for row in held] for name in self.columns]


def _given(kind: str) -> str:
    # `unnest` would open an array of arrays.
    return "text" if kind.endswith("[]") else kind


async def table_of(connection: Connection, name: str) -> Table:
    """A table of the schema as it is."""
    found = await connection.fetch(_COLUMNS, name)
    return Table(name, {row["attname"]: row["kind"] for row in found})


def renamed(rows: Iterable[Row], new_id: Callable[[UUID], UUID], texts: Sequence[str], suffix: str) -> list[Row]:
    """Copies under other ids (the shop's aside), with `suffix` at the texts that must differ."""
    return [
        {
            name: new_id(value)
            if isinstance(value, UUID) and name != "shop_id"
            else f"{value}{suffix}"
            if name in texts and value is not None
            else value
            for name, value in row.items()
        }
        for row in rows
    ]
