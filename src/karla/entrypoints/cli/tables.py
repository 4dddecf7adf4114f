"""Lists as one reads them at a terminal, or pipes them to something that goes by lines."""

import os
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

# Nothing is cut off for a screen that isn't there; a URL has up to 2,000 characters.
_PIPED_COLUMNS = 5_000


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows; where a screen is too narrow cells are broken, and none is cut."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        # uuids are copied from here
        table.add_column(column, min_width=36 if column == "uuid" else None, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    measured = sys.stdout.isatty() or os.environ.get("COLUMNS")
    Console(highlight=False, width=None if measured else _PIPED_COLUMNS).print(table)
