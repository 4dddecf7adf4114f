"""What becomes of a connection, and what is told of it."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from karla.domain.connections.records import ConnectionStatus, ShopConnection, Wish

SEALED_FOR = "credentials of connections"
"""What the key of their seals is for."""

_LONGEST_REASON = 500


def sealed_about(shop_id: UUID, kind: str, slug: str) -> bytes:
    """What credentials are bound to: put into another row, they can't be opened."""
    return f"{shop_id}/{kind}/{slug}".encode()


def made(wish: Wish, shop_id: UUID, new_id: UUID, now: datetime) -> ShopConnection:
    """The first connection of a shop with this integration."""
    return ShopConnection(
        shop_id=shop_id,
        id=new_id,
        kind=wish.kind,
        slug=wish.slug,
        name=wish.name,
        settings=wish.settings,
        hints=wish.hints,
        status=ConnectionStatus.ACTIVE,
        refused_reason=None,
        created_at=now,
        updated_at=now,
        last_used_at=now,
        last_ok_at=now,
        last_error=None,
    )


def rewished(before: ShopConnection, wish: Wish, now: datetime, *, same_credentials: bool) -> ShopConnection:
    """The connection as it is wanted now: a refused one is active again, a paused one stays paused."""
    after = replace(
        accepted(before, now),
        name=wish.name,
        settings=wish.settings,
        hints=wish.hints,
        last_used_at=now,
        last_ok_at=now,
        last_error=None,
    )
    unchanged = same_credentials and (after.name, after.status) == (before.name, before.status)
    return replace(after, updated_at=before.updated_at if unchanged else now)


def changed(before: ShopConnection, name: str | None, paused: bool | None, now: datetime) -> ShopConnection:
    """With another name, paused, or used again; the same record where that changes nothing.

    One that was refused before its pause is refused after it: only other credentials, or a trial, mend that.
    """
    status = before.status
    if paused:
        status = ConnectionStatus.PAUSED
    elif paused is False and status is ConnectionStatus.PAUSED:
        status = ConnectionStatus.REFUSED if before.refused_reason else ConnectionStatus.ACTIVE
    after = replace(before, name=before.name if name is None else name, status=status)
    return before if after == before else replace(after, updated_at=now)


def refused(before: ShopConnection, reason: str, now: datetime) -> ShopConnection:
    """After the third party didn't take the credentials; a pause stays one. The same record if that is known."""
    status = ConnectionStatus.PAUSED if before.status is ConnectionStatus.PAUSED else ConnectionStatus.REFUSED
    reason = reason[:_LONGEST_REASON]
    if (status, reason) == (before.status, before.refused_reason):
        return before
    return replace(before, status=status, refused_reason=reason, updated_at=now)


def accepted(before: ShopConnection, now: datetime) -> ShopConnection:
    """After the third party took the credentials; the same record if nobody doubted that."""
    if before.refused_reason is None:
        return before
    status = ConnectionStatus.PAUSED if before.status is ConnectionStatus.PAUSED else ConnectionStatus.ACTIVE
    return replace(before, status=status, refused_reason=None, updated_at=now)


def said_of(connection: ShopConnection, sealed: bytes) -> dict[str, object]:
    """What people decide about the connection, for the trail of changes.

    The trail masks a `secret` and tells whether it changed: the sealed bytes do, with any of the credentials.
    """
    return {
        "kind": connection.kind,
        "integration": connection.slug,
        "name": connection.name,
        "settings": connection.settings,
        "secret": sealed.hex(),
        "status": connection.status,
        "refused_reason": connection.refused_reason,
    }
