"""The trail of administrative changes as the other storeys see it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from karla.infra.paging import Cursor
from karla.infra.work import Origin


class Action(StrEnum):
    """What was done, and before the point to what kind of object."""

    ORGANISATION_CREATED = "organisation.created"
    SHOP_CREATED = "shop.created"
    SHOP_UPDATED = "shop.updated"
    SHOP_DELETED = "shop.deleted"
    SETTINGS_UPDATED = "settings.updated"
    DOMAIN_GIVEN = "domain.given"
    IMAGE_UPLOADED = "image.uploaded"
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    MEMBER_ADDED = "member.added"
    MEMBER_UPDATED = "member.updated"
    CONNECTION_CREATED = "connection.created"
    CONNECTION_UPDATED = "connection.updated"
    CONNECTION_REFUSED = "connection.refused"
    CONNECTION_DELETED = "connection.deleted"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_ADDRESS_CHANGED = "order.address_changed"
    ORDER_TOKENS_REVOKED = "order.tokens_revoked"
    CLOCK_SET = "clock.set"
    CLOCK_RELEASED = "clock.released"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_UPDATED = "webhook.updated"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105 - the name of an action
    WEBHOOK_TESTED = "webhook.tested"
    WEBHOOK_REPLAYED = "webhook.replayed"
    WEBHOOK_DISABLED = "webhook.disabled"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change: `before` and `after` have the members that differ, secrets masked.

    What was created has no `before`, what was deleted no `after`. Without a shop it concerns the organisation,
    or several of its shops.
    """

    id: UUID
    changed_at: datetime
    shop_slug: str | None
    action: str
    object_id: str
    origin: Origin
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries; what is None is not asked. `actor` is a key's user name or id, or an operator's name."""

    action: str | None = None
    actor: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Cursor | None = None
    limit: int = 30


class AuditPage(msgspec.Struct, frozen=True):
    """Entries, the newest first, and whether there are more after them."""

    entries: tuple[AuditEntry, ...]
    more: bool
