"""A shop's account with a third party, as the other storeys see it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class ConnectionStatus(StrEnum):
    """Whether an account is used; `refused`: the third party no longer takes its credentials."""

    ACTIVE = "active"
    REFUSED = "refused"
    PAUSED = "paused"


class ShopConnection(msgspec.Struct, frozen=True, kw_only=True):
    """An account with the integration `slug` of a `kind`, of which a shop has at most one; without its secrets.

    `settings` are those of the credentials that may be shown, `hints` what may be shown of the others. A paused one
    that was refused before has its `refused_reason` still. `updated_at` changes with what people decided and with
    the status, not with use; `last_error` is None after a use that went well.
    """

    shop_id: UUID
    id: UUID
    kind: str
    slug: str
    name: str
    settings: Mapping[str, str]
    hints: Mapping[str, str]
    status: ConnectionStatus
    refused_reason: str | None
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None
    last_ok_at: datetime | None
    last_error: str | None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as its shop wants it: `credentials` are whole, faultless, and have just been taken.

    `settings` and `hints` are what may be shown of them.
    """

    kind: str
    slug: str
    name: str
    credentials: Mapping[str, str]
    settings: Mapping[str, str]
    hints: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Wish(kind={self.kind!r}, slug={self.slug!r}, name={self.name!r})"


class Connected(msgspec.Struct, frozen=True):
    """What became of a wish; `created` says that the shop had no such connection."""

    connection: ShopConnection
    created: bool


class Account(msgspec.Struct, frozen=True):
    """A connection with its credentials; None: they are sealed by a key that this process doesn't have."""

    connection: ShopConnection
    credentials: Mapping[str, str] | None

    def __repr__(self) -> str:
        return f"Account({self.connection!r})"


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """That an account was used, and what went wrong with it, in words without secrets; None: nothing."""

    shop_id: UUID
    connection_id: UUID
    used_at: datetime
    error: str | None = None


class Resealed(msgspec.Struct, frozen=True):
    """How many credentials were sealed anew, and how many were left as no key that is known opens them."""

    done: int
    unreadable: int
