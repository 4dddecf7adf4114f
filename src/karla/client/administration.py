"""What the API answers about webhooks, shops, keys and settings; tolerant as `answers`."""

from datetime import datetime
from uuid import UUID

import msgspec

from karla.client.answers import Json


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The latest attempt that failed: its answer by `status_code`, or an `error` when there was none."""

    at: datetime
    status_code: int | None
    error: str | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a webhook has been doing: `healthy`, `failing`, `paused` or `disabled`, and `failures` in a row."""

    status: str
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    last_success_at: datetime | None
    last_failure: Failure | None
    pending_deliveries: int


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A subscriber; viewers don't see the `secret`.

    Until `previous_secret_expires_at` two secrets sign. `disabled_reason` says why Karla set it inactive, if it did.
    """

    uuid: UUID
    url: str
    enabled_events: list[str]
    secret: str | None
    previous_secret_expires_at: datetime | None
    description: str | None
    ordering: str
    payload_format: str
    status: str
    disabled_reason: str | None
    health: Health
    created_at: datetime
    updated_at: datetime
    shop_slug: str
    merchant_slug: str

    def __repr__(self) -> str:
        return f"Webhook(uuid={self.uuid!r}, url={self.url!r}, status={self.status!r})"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a webhook: its answer by `status_code`, or an `error` when there was none.

    Not `sent`: Karla's own way out failed, so the receiver was not asked, and the next attempt has the same `number`.
    """

    number: int
    sent: bool = True
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    response_excerpt: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to a webhook; `next_attempt_at` while it waits for its time, None during an attempt.

    `replay_id` is that of the request to send it again, `test` says that the event was made up.
    """

    uuid: UUID
    webhook_uuid: UUID
    event_id: UUID
    ref: str
    status: str
    replay_id: UUID | None
    test: bool
    triggered_at: datetime
    created_at: datetime
    finished_at: datetime | None
    next_attempt_at: datetime | None
    attempts: list[Attempt]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are sent again, or would be in a dry run, which has no id; `more`: this was not all."""

    replay_id: UUID | None
    deliveries: int
    more: bool
    dry_run: bool


class ReplayCriteria(msgspec.Struct, frozen=True, kw_only=True):
    """Which events were asked for; `status` is what had become of them before."""

    source: str
    status: str
    events: list[str] | None
    since: datetime | None
    until: datetime | None


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A replay: what was asked for, and how many of its deliveries stand where; it is over when none is `pending`.

    That of a single delivery names it in `delivery_uuid`, and has no `criteria`.
    """

    replay_id: UUID
    webhook_uuid: UUID
    delivery_uuid: UUID | None
    criteria: ReplayCriteria | None
    created_at: datetime
    deliveries: int
    pending: int
    delivered: int
    failed: int
    cancelled: int


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A shop."""

    created_at: datetime
    updated_at: datetime
    uuid: UUID
    name: str
    slug: str
    organization: str
    language: str
    logo_url: str | None
    shop_url: str | None
    description: str | None
    shop_provider: str | None
    shop_admin_url: str | None
    shop_faq_url: str | None
    shop_service_url: str | None
    klaviyo_enabled: bool
    web_tracking_enabled: bool
    go_live_at: datetime | None


class ShopRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role in a shop; `*` is every shop of the organisation."""

    shop_slug: str
    role: str


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key without its secret; `hint` is as much of that as helps to tell keys apart.

    `requests_per_minute` is None where the limit is the one of every key.
    """

    uuid: UUID
    username: str
    hint: str
    shops: list[ShopRole]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: UUID | None
    last_used_at: datetime | None = None
    requests_per_minute: int | None = None


class IssuedKey(Key, frozen=True, kw_only=True):
    """A new key; `key` is shown this once."""

    key: str

    def __repr__(self) -> str:
        return f"IssuedKey(uuid={self.uuid!r}, username={self.username!r}, hint={self.hint!r})"


class AuditObject(msgspec.Struct, frozen=True, kw_only=True):
    """What was changed."""

    kind: str
    id: str


class AuditActor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for it: a `key`, the `operator` at the command line, or the `system` by itself."""

    kind: str
    name: str
    key_uuid: UUID | None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An administrative change. `before` and `after` have the members that differ, secrets as `***`."""

    uuid: UUID
    changed_at: datetime
    action: str
    object: AuditObject
    actor: AuditActor
    shop_slug: str | None
    before: Json | None
    after: Json | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person of an organisation, and the slugs of the shops they work for."""

    email_id: str
    feature_community: str
    feature_toggles: Json
    org: str
    shops: list[str]


class UploadedImage(msgspec.Struct, frozen=True, kw_only=True):
    """Where an image is to be seen, by everyone who knows the address."""

    url: str
    image_type: str
    shop_slug: str


class CarrierSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The carriers block: flat, or `version` and `data`, or both."""

    shipment_updates: bool | None = None
    version: str | None = None
    data: Json | None = None


class TriggerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The triggers block: flat, or `version` and `data`, or both."""

    klaviyo: bool | None = None
    shopify: bool | None = None
    version: str | None = None
    data: Json | None = None


class SegmentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Whose customer segments are read."""

    klaviyo: bool
    shopify: bool


class TrackpageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Free-form settings of tracking pages."""

    data: Json
    version: str | None = None


class DomainProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against a domain: a key for programs, and a sentence."""

    key: str
    message: str


class DomainState(msgspec.Struct, frozen=True, kw_only=True):
    """How the tracking page's own domain stands; `page_url` is where new links lead, without their query."""

    status: str
    page_url: str
    domain: str | None = None
    claimed_at: datetime | None = None
    proven_at: datetime | None = None
    checked_at: datetime | None = None
    problem: DomainProblem | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's settings, in the form that the call answers: the flat one, the versioned one, or both."""

    carriers: CarrierSettings
    triggers: TriggerSettings
    segments: SegmentSettings | None = None
    trackpages: TrackpageSettings | None = None
