"""What is typed after a command, read; each reader says what it takes when it is given something else."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import typer

_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def time_of(text: str) -> datetime:
    """A time in ISO 8601; one without an offset is this machine's."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is no time. Give one such as 2026-03-16, 2026-03-16T07:12 or 2026-03-16T07:12:30+01:00"
        ) from error


def span_of(text: str) -> timedelta:
    """A span of time, in seconds, minutes, hours or days."""
    if not (written := _SPAN.fullmatch(text.strip().lower())):
        raise typer.BadParameter(f"{text!r} is no span of time. Give one such as 90s, 30m, 6h or 2d")
    return timedelta(**{_UNITS[written[2]]: float(written[1])})


def uuid_of(text: str) -> UUID:
    """A uuid."""
    try:
        return UUID(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no uuid, such as 0b0f6c1e-6f0d-4a0e-9a55-2f7f3f6f1c10") from error


def uuid_from(command: str) -> Callable[[str], UUID]:
    """A reader of uuids that are to be had from this command."""

    def uuid(text: str) -> UUID:
        try:
            return UUID(text)
        except ValueError as error:
            raise typer.BadParameter(f"{text!r} is no uuid; `{command}` tells them") from error

    return uuid
