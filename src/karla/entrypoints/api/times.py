"""Times on the wire: how answers write them, and which of a request are sensible."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, overload

from msgspec import Meta

from karla.infra.errors import Fault, Loc
from karla.infra.iso8601 import iso8601

Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""ISO 8601 in UTC with its offset written out, as the wire contract has it: `2026-03-16T07:12:30+00:00`."""

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


@overload
def stamp(time: datetime) -> str: ...
@overload
def stamp(time: None) -> None: ...
@overload
def stamp(time: datetime | None) -> str | None: ...
def stamp(time: datetime | None) -> str | None:
    """A `Timestamp` of a time with an offset."""
    return None if time is None else iso8601(time)


def time_faults(told: Iterable[tuple[Loc, datetime | None]]) -> list[Fault]:
    """A fault for each time that lies where no order ever was."""
    return [
        Fault(loc, f"Must lie between {_EARLIEST.year} and {_LATEST.year}", "datetime_out_of_range")
        for loc, time in told
        if time is not None and not _EARLIEST <= time <= _LATEST
    ]
