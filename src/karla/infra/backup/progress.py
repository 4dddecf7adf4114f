"""How far a backup or a restore has come, for whoever shows it."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """`done` of `total`, both in the unit of the step: rows, objects, or bytes of the file. `total` may be a guess.

    Of rows, `at` names the table.
    """

    step: str
    done: int
    total: int
    at: str = ""


Tell: TypeAlias = Callable[[Progress], None]


def tell_nobody(progress: Progress) -> None:
    """For callers that show nothing."""
