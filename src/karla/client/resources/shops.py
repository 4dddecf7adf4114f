"""Shops with their settings, the keys and people of an organisation, and who changed what."""

from collections.abc import Sequence
from typing import Unpack
from uuid import UUID

from karla.client.administration import (
    AuditEntry,
    CarrierSettings,
    DomainState,
    IssuedKey,
    Key,
    Member,
    SegmentSettings,
    Settings,
    Shop,
    TrackpageSettings,
    TriggerSettings,
)
from karla.client.bodies import (
    CarrierChanges,
    SegmentChanges,
    SettingsMembers,
    ShopChanges,
    ShopCreation,
    ShopGrant,
    Time,
    TrackpageChanges,
    TriggerChanges,
)
from karla.client.calls import Given
from karla.client.filters import AuditFilters, MemberFilters, Paging, ShopFilters
from karla.client.operations import Resource, S, listing, operation
from karla.client.paging import by_cursor


class Shops(Resource[S]):
    """Shops; where none is named, the client's own is meant."""

    @listing("v1ShopsSearch", "GET /v1/shops", Shop)
    def search(self, **filters: Unpack[ShopFilters]) -> Given:
        """The shops that the key may see, newest first."""
        return Given(query=filters)

    @operation("v1ShopsCreate", "POST /v1/shops", Shop)
    def create(self, *, idempotency_key: str | None = None, **shop: Unpack[ShopCreation]) -> Given:
        """A new shop of the key's organisation; needs an admin of all its shops."""
        return Given(body=shop, idempotency_key=idempotency_key)

    @operation("v1ShopsGet", "GET /v1/shops/{slug}", Shop)
    def get(self, slug: str | None = None) -> Given:
        """A shop; the simplest call to try credentials with."""
        return Given(path=_named(slug))

    @operation("v1ShopsUpdate", "PATCH /v1/shops/{slug}", Shop)
    def update(self, slug: str | None = None, **changes: Unpack[ShopChanges]) -> Given:
        """Change what is given."""
        return Given(path=_named(slug), body=changes)

    @operation("v1ShopsDelete", "DELETE /v1/shops/{slug}", type(None))
    def delete(self, slug: str) -> Given:
        """Delete a shop with everything of its own, for good; so it has to be named."""
        return Given(path={"slug": slug})


class ShopSettings(Resource[S]):
    """A shop's settings."""

    @operation("v1ShopsSettingsGet", "GET /v1/shops/{slug}/settings", Settings)
    def get(self) -> Given:
        """The settings, with the defaults where none were made."""
        return Given()

    @operation("v1ShopsSettingsSet", "POST /v1/shops/{slug}/settings", Settings)
    def set(self, *, idempotency_key: str | None = None, **settings: Unpack[SettingsMembers]) -> Given:
        """Replace all settings; what is left out has its default."""
        return Given(body=settings, idempotency_key=idempotency_key)

    @operation("v1ShopsSettingsUpdateCarriers", "PUT /v1/shops/{slug}/settings/carriers", CarrierSettings)
    def update_carriers(self, **changes: Unpack[CarrierChanges]) -> Given:
        """Change what is given of the carriers block."""
        return Given(body=changes)

    @operation("v1ShopsSettingsUpdateTriggers", "PUT /v1/shops/{slug}/settings/triggers", TriggerSettings)
    def update_triggers(self, **changes: Unpack[TriggerChanges]) -> Given:
        """Change what is given of the triggers block."""
        return Given(body=changes)

    @operation("v1ShopsSettingsUpdateSegments", "PUT /v1/shops/{slug}/settings/segments", SegmentSettings)
    def update_segments(self, **changes: Unpack[SegmentChanges]) -> Given:
        """Change what is given of the segments block."""
        return Given(body=changes)

    @operation("v1ShopsSettingsGetTrackpages", "GET /v1/shops/{slug}/settings/trackpages", TrackpageSettings)
    def trackpages(self) -> Given:
        """The settings of tracking pages."""
        return Given()

    @operation("v1ShopsSettingsUpdateTrackpages", "PUT /v1/shops/{slug}/settings/trackpages", Settings)
    def update_trackpages(self, **settings: Unpack[TrackpageChanges]) -> Given:
        """Replace the settings of tracking pages."""
        return Given(body=settings)

    @operation("v1ShopsSettingsGetTrackpagesDomain", "GET /v1/shops/{slug}/settings/trackpages/domain", DomainState)
    def domain(self) -> Given:
        """Whether the domain of the tracking page leads to Karla, as the last check found."""
        return Given()

    @operation(
        "v1ShopsSettingsCheckTrackpagesDomain", "POST /v1/shops/{slug}/settings/trackpages/domain/check", DomainState
    )
    def check_domain(self, *, idempotency_key: str | None = None) -> Given:
        """Check it now."""
        return Given(idempotency_key=idempotency_key)


class Keys(Resource[S]):
    """API keys of an organisation, which every call names by its slug."""

    @listing("v1OrgKeysSearch", "GET /v1/orgs/{slug}/keys", Key)
    def search(self, organisation: str, **paging: Unpack[Paging]) -> Given:
        """The keys, newest first, also revoked and expired ones."""
        return Given(path={"slug": organisation}, query=paging)

    @operation("v1OrgKeysCreate", "POST /v1/orgs/{slug}/keys", IssuedKey)
    def create(
        self,
        organisation: str,
        shops: Sequence[ShopGrant],
        username: str | None = None,
        requests_per_minute: int | None = None,
        expires_at: Time | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Given:
        """A new key; its `key` is in this answer and nowhere else."""
        body = {
            "shops": shops,
            "username": username,
            "requests_per_minute": requests_per_minute,
            "expires_at": expires_at,
        }
        return Given(path={"slug": organisation}, body=body, idempotency_key=idempotency_key)

    @operation("v1OrgKeysGet", "GET /v1/orgs/{slug}/keys/{uuid}", Key)
    def get(self, organisation: str, uuid: UUID | str) -> Given:
        """One key."""
        return Given(path={"slug": organisation, "uuid": uuid})

    @operation("v1OrgKeysRevoke", "DELETE /v1/orgs/{slug}/keys/{uuid}", type(None))
    def revoke(self, organisation: str, uuid: UUID | str) -> Given:
        """End a key at once and for good."""
        return Given(path={"slug": organisation, "uuid": uuid})

    @operation("v1OrgKeysRotate", "POST /v1/orgs/{slug}/keys/{uuid}/rotate", IssuedKey)
    def rotate(
        self,
        organisation: str,
        uuid: UUID | str,
        overlap_hours: int | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Given:
        """A new key with the same grants; the old one works for `overlap_hours` more, 24 unless told."""
        path = {"slug": organisation, "uuid": uuid}
        return Given(path=path, body={"overlap_hours": overlap_hours}, idempotency_key=idempotency_key)


class Audit(Resource[S]):
    """The audit trail: who changed what, when and from where."""

    @listing("v1ShopsAuditSearch", "GET /v1/shops/{slug}/audit", AuditEntry, by_cursor)
    def search(self, **filters: Unpack[AuditFilters]) -> Given:
        """Administrative changes of the shop, the newest first."""
        return Given(query=filters)

    @listing("v1OrgAuditSearch", "GET /v1/orgs/{slug}/audit", AuditEntry, by_cursor)
    def search_organisation(self, organisation: str, **filters: Unpack[AuditFilters]) -> Given:
        """Those of an organisation with all of its shops."""
        return Given(path={"slug": organisation}, query=filters)


class Members(Resource[S]):
    """The people of an organisation."""

    @listing("v1OrgMembersSearch", "GET /v1/orgs/{slug}/members", Member)
    def search(self, organisation: str, **filters: Unpack[MemberFilters]) -> Given:
        """The members, newest first."""
        return Given(path={"slug": organisation}, query=filters)


def _named(slug: str | None) -> dict[str, str]:
    return {} if slug is None else {"slug": slug}
