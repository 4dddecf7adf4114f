"""What a webhook may be, and what becomes of it."""

from datetime import datetime
from uuid import UUID

import msgspec

from karla.domain.subscribers.records.webhooks import (
    HealthStatus,
    Ordering,
    PayloadFormat,
    Rotation,
    Webhook,
    WebhookMembers,
    WebhookStatus,
)
from karla.domain.subscribers.rules.filters import canonical_filters
from karla.infra.errors import Conflict, Fault, Invalid
from karla.infra.http.targets import target_problem
from karla.vocabulary.filters import filter_problem

_DECIDED = (
    "url",
    "enabled_events",
    "secret",
    "previous_secret_until",
    "description",
    "ordering",
    "payload_format",
    "status",
    "disabled_reason",
)


def demand_usable(members: WebhookMembers, allow_private: bool) -> None:
    """Invalid with every fault of the URL and the filters."""
    faults: list[Fault] = []
    if members.url is not None and (problem := target_problem(members.url, allow_private)):
        faults.append(Fault(("body", "url"), f"Not a target for webhooks: {problem}", "url_invalid"))
    for place, written in enumerate(members.enabled_events or ()):
        if problem := filter_problem(written):
            faults.append(Fault(("body", "enabled_events", place), problem, "filter_invalid"))
    if faults:
        message = "The URL or the events of the webhook are not valid."
        raise Invalid("webhook_invalid", message, faults)


def created(members: WebhookMembers, *, shop_id: UUID, new_id: UUID, new_secret: str, now: datetime) -> Webhook:
    """A new webhook; ValueError without a URL."""
    if members.url is None:
        raise ValueError("a webhook needs a URL")
    return Webhook(
        shop_id=shop_id,
        id=new_id,
        url=members.url,
        enabled_events=canonical_filters(members.enabled_events),
        secret=members.secret or new_secret,
        previous_secret=None,
        previous_secret_until=None,
        description=members.description,
        ordering=members.ordering or Ordering.NONE,
        payload_format=members.payload_format or PayloadFormat.KARLA,
        status=members.status or WebhookStatus.ACTIVE,
        disabled_reason=None,
        active_since=now,
        created_at=now,
        updated_at=now,
    )


def changed(webhook: Webhook, members: WebhookMembers, now: datetime) -> Webhook:
    """The webhook with what was said of it, the secret aside; the very same one when that changes nothing.

    One that becomes active again starts with the events from now on.
    """
    said = WebhookMembers(
        url=members.url,
        enabled_events=None if members.enabled_events is None else canonical_filters(members.enabled_events),
        description=members.description,
        ordering=members.ordering,
        payload_format=members.payload_format,
        status=members.status,
    )
    changes = {
        name: value
        for name, value in msgspec.structs.asdict(said).items()
        if value is not None and value != getattr(webhook, name)
    }
    if not changes:
        return webhook
    if changes.get("status") is WebhookStatus.ACTIVE:
        changes |= {"active_since": now, "disabled_reason": None}
    return msgspec.structs.replace(webhook, **changes, updated_at=now)


def demand_active(webhook: Webhook) -> None:
    """Conflict for a webhook that is set inactive."""
    if webhook.status is not WebhookStatus.ACTIVE:
        message = "The webhook is inactive: set its status to active first, and it is sent events again."
        raise Conflict("webhook_inactive", message)


def rotated(webhook: Webhook, rotation: Rotation, new_secret: str, now: datetime) -> Webhook:
    """The webhook with the new secret and, for the overlap, the old one beside it.

    Conflict while an earlier rotation lasts, as it would end that one's secret at once: receivers that know no other
    would refuse everything. With `force`, or without any overlap, that is what is wanted.
    """
    secret = rotation.secret or new_secret
    if secret == webhook.secret:
        fault = Fault(("body", "secret"), "Must be another one than the present secret", "secret_unchanged")
        raise Invalid("secret_unchanged", "This is the webhook's secret already.", [fault])
    if signs_twice(webhook, now) and rotation.overlap and not rotation.force:
        message = "An earlier rotation still lasts; with force its old secret ends now. See previous_secret_expires_at."
        raise Conflict("rotation_under_way", message)
    overlaps = bool(rotation.overlap)
    return msgspec.structs.replace(
        webhook,
        secret=secret,
        previous_secret=webhook.secret if overlaps else None,
        previous_secret_until=now + rotation.overlap if overlaps else None,
        updated_at=now,
    )


def signs_twice(webhook: Webhook, now: datetime) -> bool:
    """Whether the previous secret still signs as well."""
    return webhook.previous_secret_until is not None and webhook.previous_secret_until > now


def health_status(webhook: Webhook, now: datetime) -> HealthStatus:
    """How the webhook is doing, in a word."""
    if webhook.status is WebhookStatus.INACTIVE:
        return HealthStatus.DISABLED
    if webhook.lane.paused_until is not None and webhook.lane.paused_until > now:
        return HealthStatus.PAUSED
    return HealthStatus.FAILING if webhook.lane.failing_since is not None else HealthStatus.HEALTHY


def said_of(webhook: Webhook) -> dict[str, object]:
    """What people decide about the webhook, for the trail of changes."""
    return {name: getattr(webhook, name) for name in _DECIDED}
