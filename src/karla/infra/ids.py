"""New identifiers and secrets."""

import base64
import os
import secrets
from uuid import UUID, uuid4

from asyncpg.pgproto import pgproto

from karla.infra.clock import milliseconds


def new_id() -> UUID:
    """What every entity of Karla is known by: a UUID in the form of a v4, whose first 48 bits are the time.

    The contract promises v4. Led by the time, in milliseconds since 1970, they lie side by side in an index, so that
    a new row costs as little in a table of millions as in a small one. 74 bits are random: enough to be unique, too
    few for a secret.
    """
    bits = bytearray(milliseconds().to_bytes(6, "big") + os.urandom(10))
    bits[6] = bits[6] & 0x0F | 0x40  # version 4
    bits[8] = bits[8] & 0x3F | 0x80  # variant of RFC 9562
    # The driver's own kind of UUID is made and sent in half the time.
    return pgproto.UUID(bytes(bits))


def id_start() -> str:
    """What the ids that are made now begin with: for `id_sql`."""
    time = milliseconds().to_bytes(6, "big").hex()
    return f"{time[:8]}-{time[8:]}"


def id_sql(start: str) -> str:
    """An expression that makes an id like `new_id` for each row, of a parameter that holds an `id_start`."""
    return f"overlay(gen_random_uuid()::text placing {start} from 1)::uuid"


def new_secret(prefix: str) -> str:
    """`prefix` and 256 random bits in URL-safe text."""
    return prefix + secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """What a webhook gets whose maker brings none: a UUID, as the contract has it, of 122 random bits."""
    return str(uuid4())


def new_signing_secret() -> str:
    """A secret of Standard Webhooks: `whsec_` and 256 random bits in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
