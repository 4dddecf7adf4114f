"""New identifiers and secrets."""

import base64
import os
import random
import secrets
from typing import NamedTuple
from uuid import UUID, uuid4

from asyncpg.pgproto import pgproto

from karla.infra.clock import milliseconds

# To ask the machine each time takes longer than all else about an id.
_RANDOM: list[bytes] = []
_RANDOM_BYTES = 10
_ASKED_FOR = 256
os.register_at_fork(after_in_child=_RANDOM.clear)


def _random() -> bytes:
    while True:
        try:
            return _RANDOM.pop()  # by one thread alone
        except IndexError:
            pool = os.urandom(_RANDOM_BYTES * _ASKED_FOR)
            _RANDOM.extend(pool[start : start + _RANDOM_BYTES] for start in range(0, len(pool), _RANDOM_BYTES))


def new_id() -> UUID:
    """What every entity of Karla is known by: a UUID in the form of a v4, whose first 48 bits are the time.

    The contract promises v4. Led by the time, in milliseconds since 1970, they lie side by side in an index, so that
    a new row costs as little in a table of millions as in a small one. 74 bits are random: enough to be unique, too
    few for a secret.
    """
    bits = bytearray(milliseconds().to_bytes(6, "big") + _random())
    bits[6] = bits[6] & 0x0F | 0x40  # version 4
    bits[8] = bits[8] & 0x3F | 0x80  # variant of RFC 9562
    # The driver's own kind of UUID is made and sent in half the time.
    return pgproto.UUID(bytes(bits))


class IdStart(NamedTuple):
    """From where a statement counts up the ids that it makes: the first 20 of their hex digits, and the rest."""

    head: str
    rest: int


def id_start() -> IdStart:
    """Where those begin that are made now, for `id_sql`."""
    made = new_id().hex
    # Twelve digits however far it is counted: the first of them is neither 0 nor f.
    return IdStart(made[:20], random.randrange(1 << 44, 15 << 44))  # noqa: S311 - unique is enough


def id_sql(head: str, rest: str) -> str:
    """An expression for the list of a select: an id in the form of `new_id` for each row, counted up from the first.

    Its two parameters hold an `id_start`.
    """
    # Counted, as PostgreSQL takes longer to make random ones than to write the rows.
    return f"({head}::text || to_hex({rest}::bigint + row_number() over ()))::uuid"


def new_secret(prefix: str) -> str:
    """`prefix` and 256 random bits in URL-safe text."""
    return prefix + secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """What a webhook gets whose maker brings none: a UUID, as the contract has it, of 122 random bits."""
    return str(uuid4())


def new_signing_secret() -> str:
    """A secret of Standard Webhooks: `whsec_` and 256 random bits in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
