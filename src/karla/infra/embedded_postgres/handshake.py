"""Asks a server on a Unix socket whether it takes connections: PostgreSQL's start-up exchange, by hand."""

import socket
import struct
from pathlib import Path
from typing import IO

PROTOCOL_3_0 = 196608
READY = "00000"
STARTING = "57P03"  # cannot_connect_now: starting, replaying its log after a crash, or stopping
FULL = "53300"  # too_many_connections: it runs, and well

PATIENCE_SECONDS = 2.0


def socket_in(folder: Path, port: int) -> Path:
    """The name that PostgreSQL gives to its socket."""
    return folder / f".s.PGSQL.{port}"


def knock(path: Path) -> str | None:
    """The SQLSTATE with which the server greets the user `karla` (READY if it lets in); None if nobody does.

    A connection of our own, because a psql-like program takes longer to load than the server to start.
    """
    fields = b"user\0karla\0database\0karla\0\0"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(path))
            connection.sendall(struct.pack("!ii", len(fields) + 8, PROTOCOL_3_0) + fields)
            with connection.makefile("rb") as answers:
                state = _read_state(answers)
            if state == READY:
                connection.sendall(b"X\0\0\0\4")
            return state
    except OSError:
        return None


def _read_state(answers: IO[bytes]) -> str | None:
    while head := answers.read(5):
        if len(head) < 5:
            break
        kind, length = struct.unpack("!ci", head)
        body = answers.read(length - 4)
        if kind == b"Z":
            return READY
        if kind == b"E":
            states = [field[1:] for field in body.split(b"\0") if field.startswith(b"C")]
            return states[0].decode() if states else None
    return None
