"""Events that wait for their work, each of them once: Karla delivers at least once."""

import os
import sqlite3
from contextlib import closing

from karla.client import Event

_TABLE = "create table if not exists inbox (event_id text primary key, ref text, order_number text, done integer)"


def put(event: Event) -> bool:
    """Keep the event and say whether it is new. Only when it is kept may a receiver answer 2xx."""
    order = event.context["order"] or {}  # what is told of a webhook itself has no order
    with closing(sqlite3.connect(os.environ.get("KARLA_INBOX", "inbox.db"))) as database, database:
        database.execute(_TABLE)
        known = database.execute(
            "insert or ignore into inbox values (?, ?, ?, 0)",
            (str(event.event_id), event.ref, order.get("order_number")),
        )
        return known.rowcount == 1
