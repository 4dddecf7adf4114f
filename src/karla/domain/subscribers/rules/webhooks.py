"""What a webhook may be, and what becomes of it."""

from collections.abc import Sequence
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

WEBHOOKS_AT_MOST = 100
"""Of one shop: so many deliveries an event may become, which the relay makes at once."""

# What an integration relies on in each request that it gets. The rest may differ, and is left as it stands.
_COMPARED = {
    "secret": "Is not the secret that the webhook has: rotate that, or leave it out",
    "ordering": "Is not the order that the webhook has: change that by PATCH, or leave it out",
    "payload_format": "Is not the format that the webhook has: change that by PATCH, or leave it out",
}
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


def demand_usable(members: WebhookMembers, allow_private: bool, present: Webhook | None = None) -> None:
    """Invalid with every fault of the URL and the filters, and of a secret that is another than the `present` one."""
    faults = faults_of(members.url, members.enabled_events, allow_private)
    if present and members.secret not in (None, present.secret):
        sentence = "Can't be changed here: POST …/webhooks/{uuid}/rotate-secret gives the webhook another one"
        faults.append(Fault(("body", "secret"), sentence, "secret_unchangeable"))
    if faults:
        raise Invalid("webhook_invalid", "The webhook is not valid as it is described.", faults)


def faults_of(url: str | None, enabled_events: Sequence[str] | None, allow_private: bool) -> list[Fault]:
    """All that is wrong with the URL and the filters."""
    faults: list[Fault] = []
    if url is not None and (problem := target_problem(url, allow_private)):
        faults.append(Fault(("body", "url"), f"Not a target for webhooks: {problem}", "url_invalid"))
    for place, written in enumerate(enabled_events or ()):
        if problem := filter_problem(written):
            faults.append(Fault(("body", "enabled_events", place), problem, "filter_invalid"))
    return faults


def demand_same(existing: Webhook, members: WebhookMembers) -> None:
    """Conflict with every member that is given, and that the webhook with this URL and these events has otherwise."""
    faults = [
        Fault(("body", name), sentence, "differs")
        for name, sentence in _COMPARED.items()
        if (given := getattr(members, name)) is not None and given != getattr(existing, name)
    ]
    if faults:
        message = f"There is a webhook with this URL and these events already, {existing.id}, and it differs."
        raise Conflict("webhook_exists", message, faults)


def demand_room(webhooks: int) -> None:
    """Conflict for a shop that has so many webhooks that it gets no further one."""
    if webhooks >= WEBHOOKS_AT_MOST:
        message = f"A shop has {WEBHOOKS_AT_MOST} webhooks at most: delete one that is no longer needed."
        raise Conflict("webhooks_limit", message)


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
