"""What a backup says of itself: at its beginning what it holds, at its end how much of it and with which checksums."""

from datetime import datetime

import msgspec

FORMAT = 1


class Partition(msgspec.Struct, frozen=True):
    """A range partition: from the lower bound up to, not including, the upper one, as PostgreSQL writes them."""

    name: str
    lower: str
    upper: str


class Table(msgspec.Struct, frozen=True):
    """A table with the columns that are in the backup, in their order there."""

    name: str
    columns: list[str]
    partitions: list[Partition] = []


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The first member of the archive. `migrations` are all that were applied, in order; `sequences` by last value."""

    format: int = FORMAT
    karla: str
    created_at: datetime
    postgresql: str
    migrations: list[str]
    tables: list[Table]
    sequences: dict[str, int | None]
    with_objects: bool
    with_secret_key: bool

    @property
    def schema(self) -> str:
        """The last migration: the version of the schema."""
        return self.migrations[-1]


class Tally(msgspec.Struct, frozen=True):
    """How much there is of one thing. `count` is rows of a table, or objects; `sha256` goes over all their bytes."""

    count: int
    bytes: int
    sha256: str


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """The last member of the archive: an archive without it is cut off. `tables` names every table, empty ones too."""

    tables: dict[str, Tally]
    objects: Tally

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(tally.count for tally in self.tables.values())
