"""Organisations, shops, members and keys as the other storeys see them."""

from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

import msgspec

from karla.infra.paging import Paged
from karla.vocabulary.scope import Role

EVERY_SHOP = "*"
"""Stands for a slug where every shop of the organisation is meant, also those to come."""


class ShopRef(msgspec.Struct, frozen=True):
    """What is needed to address a shop."""

    id: UUID
    slug: str
    organisation_id: UUID


class Grant(msgspec.Struct, frozen=True):
    """One role in one shop; no shop means every shop of the key's organisation."""

    shop_id: UUID | None
    role: Role


class Reach(msgspec.Struct, frozen=True):
    """What an administrator may manage: a whole organisation, or (`shops`) only what lies within some of its shops."""

    organisation_id: UUID
    shops: frozenset[UUID] | None = None


class Principal(msgspec.Struct, frozen=True):
    """Who is asking: a key that is known, not revoked and not expired."""

    key_id: UUID
    organisation_id: UUID
    organisation: str
    username: str
    expires_at: datetime | None
    grants: tuple[Grant, ...]
    requests_per_minute: int | None = None

    def role_in(self, shop: ShopRef) -> Role | None:
        """The widest role that this key has in `shop`, or None without any."""
        if shop.organisation_id != self.organisation_id:
            return None
        widest: Role | None = None
        for grant in self.grants:
            if grant.shop_id in (None, shop.id) and (widest is None or grant.role.covers(widest)):
                widest = grant.role
        return widest

    @property
    def role_in_organisation(self) -> Role | None:
        """The widest role over all shops of the organisation, or None for a key of single shops."""
        roles = [grant.role for grant in self.grants if grant.shop_id is None]
        return next((role for role in reversed(Role) if role in roles), None)

    @property
    def whole_organisation(self) -> UUID | None:
        """The organisation of whose shops this key sees all, or None for a key of single shops."""
        return self.organisation_id if self.role_in_organisation else None

    @property
    def reach(self) -> Reach:
        """What this key administers."""
        if self.role_in_organisation is Role.ADMIN:
            return Reach(self.organisation_id)
        shops = {grant.shop_id for grant in self.grants if grant.role is Role.ADMIN}
        return Reach(self.organisation_id, frozenset(shop for shop in shops if shop is not None))


class ShopMembers(TypedDict, total=False):
    """What a shop may be told about itself beyond slug and name, named as on the wire; None says nothing."""

    description: str | None
    language: str | None
    shop_provider: str | None
    shop_admin_url: str | None
    shop_faq_url: str | None
    shop_service_url: str | None
    shop_url: str | None
    logo_url: str | None
    klaviyo_enabled: bool | None
    web_tracking_enabled: bool | None
    go_live_at: datetime | None


class ShopChanges(ShopMembers, total=False):
    """What may be changed of a shop; `organization` is there to be refused."""

    name: str | None
    organization: str | None


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A shop with its public members, named as on the wire."""

    id: UUID
    organisation_id: UUID
    organisation: str
    slug: str
    name: str
    description: str | None = None
    language: str = "en"
    shop_provider: str | None = None
    shop_admin_url: str | None = None
    shop_faq_url: str | None = None
    shop_service_url: str | None = None
    shop_url: str | None = None
    logo_url: str | None = None
    klaviyo_enabled: bool = False
    web_tracking_enabled: bool = False
    go_live_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class Member(msgspec.Struct, frozen=True):
    """A person of an organisation."""

    email_id: str
    organisation: str
    shops: tuple[str, ...]
    feature_community: str
    feature_toggles: dict[str, Any]


class ShopFilter(Paged, frozen=True, kw_only=True):
    """Which shops are looked for; what is None is not asked."""

    uuid: UUID | None = None
    name: str | None = None
    slug: str | None = None
    shop_provider: str | None = None
    language: str | None = None
    organization: str | None = None


class MemberFilter(Paged, frozen=True, kw_only=True):
    """Which members are looked for."""

    email_id: str | None = None


class KeyGrant(msgspec.Struct, frozen=True):
    """A role in a shop by its slug; `*` is every shop of the organisation."""

    shop_slug: str
    role: Role


class KeyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often a new key may be used; None is without an end, and as often as every key."""

    expires_at: datetime | None = None
    requests_per_minute: int | None = None


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret part; `shop_ids` go with `shops`, None where the grant is for every shop.

    `requests_per_minute` is a limit of its own, None the one of every key; `last_used_at` is true to the minute.
    """

    id: UUID
    username: str
    hint: str
    shops: tuple[KeyGrant, ...]
    shop_ids: tuple[UUID | None, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: UUID | None = None
    requests_per_minute: int | None = None
    last_used_at: datetime | None = None


class IssuedKey(msgspec.Struct, frozen=True):
    """A new key with its secret, which nobody can show a second time."""

    key: Key
    secret: str
