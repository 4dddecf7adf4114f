"""Organisations, shops, members and keys as the other storeys see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from karla.vocabulary.scope import Role


class ShopRef(msgspec.Struct, frozen=True):
    """What is needed to address a shop."""

    id: UUID
    slug: str
    organisation_id: UUID


class Grant(msgspec.Struct, frozen=True):
    """One role in one shop; no shop means every shop of the key's organisation."""

    shop_id: UUID | None
    role: Role


class Principal(msgspec.Struct, frozen=True):
    """Who is asking: a key that is known, not revoked and not expired."""

    key_id: UUID
    organisation_id: UUID
    organisation: str
    username: str
    expires_at: datetime | None
    grants: tuple[Grant, ...]

    def role_in(self, shop: ShopRef) -> Role | None:
        """The widest role that this key has in `shop`, or None without any."""
        if shop.organisation_id != self.organisation_id:
            return None
        roles = [grant.role for grant in self.grants if grant.shop_id in (None, shop.id)]
        return next((role for role in reversed(Role) if role in roles), None)

    @property
    def role_in_organisation(self) -> Role | None:
        """The widest role over all shops of the organisation, or None for a key of single shops."""
        roles = [grant.role for grant in self.grants if grant.shop_id is None]
        return next((role for role in reversed(Role) if role in roles), None)


class Shop(msgspec.Struct, frozen=True):
    """A shop with its public members, named as on the wire."""

    id: UUID
    organisation_id: UUID
    organisation: str
    slug: str
    name: str
    description: str | None
    language: str
    shop_provider: str | None
    shop_admin_url: str | None
    shop_faq_url: str | None
    shop_service_url: str | None
    shop_url: str | None
    logo_url: str | None
    klaviyo_enabled: bool
    web_tracking_enabled: bool
    go_live_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Member(msgspec.Struct, frozen=True):
    """A person of an organisation."""

    email_id: str
    organisation: str
    shops: tuple[str, ...]
    feature_community: str
    feature_toggles: dict[str, Any]


class KeyGrant(msgspec.Struct, frozen=True):
    """A role in a shop by its slug; `*` is every shop of the organisation."""

    shop_slug: str
    role: Role


class Key(msgspec.Struct, frozen=True):
    """A key without its secret part."""

    id: UUID
    username: str
    hint: str
    shops: tuple[KeyGrant, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: UUID | None
