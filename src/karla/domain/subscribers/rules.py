"""What a webhook may be, what becomes of it, and what follows an attempt to reach it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from karla.domain.subscribers.records import (
    AnnouncedEvent,
    DeliveryStatus,
    RetryPolicy,
    Webhook,
    WebhookMembers,
    WebhookStatus,
)
from karla.infra.errors import Fault, Invalid
from karla.infra.http.targets import target_problem
from karla.vocabulary.events import CATALOGUE
from karla.vocabulary.filters import canonical_filter, filter_problem, filter_tokens

EVERYTHING = ("*",)
LONGEST_DELAY = timedelta(hours=14)
JITTER = 0.1

_RETRY_AFTER_COUNTS = frozenset({429, 503})
_GONE = 410


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


def canonical_filters(written: Sequence[str] | None) -> tuple[str, ...]:
    """The filters as they are stored, each once; none at all stands for everything."""
    return tuple(dict.fromkeys(canonical_filter(one) for one in written or ())) or EVERYTHING


def event_tokens(event: AnnouncedEvent) -> tuple[str, ...]:
    """Every filter that a journalled event matches."""
    kind = CATALOGUE.get(event.event_name)
    # The forward groups are no groups of the way back, so the group tells the direction.
    handover = kind is not None and kind.handover and event.event_group == kind.group
    return filter_tokens(event.ref, event.event_group, handover=handover)


def unwanted(events: Sequence[AnnouncedEvent], filters: Sequence[str]) -> list[AnnouncedEvent]:
    """Those of the events that match none of the filters."""
    return [event for event in events if not set(filters).intersection(event_tokens(event))]


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
        description=members.description,
        status=members.status or WebhookStatus.ACTIVE,
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
        changes["active_since"] = now
    return msgspec.structs.replace(webhook, **changes, updated_at=now)


def retry_delay(attempt: int, base_seconds: float, random_unit: float) -> timedelta:
    """How long to wait after failed attempt number `attempt`: base · 2^(attempt-1), at most 14 h, give or take 10 %.

    `random_unit` is in [0, 1). With a base of 30 s the waits are 30 s, 1, 2, 4, 8, 16, 32, 64, 128, 256 and
    512 min, then four times 14 h: the first attempt and 15 retries span 73 hours, three days.
    """
    doublings = min(attempt - 1, 64)
    seconds = min(base_seconds * 2**doublings, LONGEST_DELAY.total_seconds())
    return timedelta(seconds=seconds * (1 - JITTER + 2 * JITTER * random_unit))


def asked_delay(status_code: int, retry_after: str | None) -> timedelta:
    """How long a busy receiver (429, 503) wants to be left alone, in seconds of its header; else no time."""
    if status_code not in _RETRY_AFTER_COUNTS or retry_after is None:
        return timedelta()
    # The other form of the header, a date, depends on the receiver's clock: the schedule is as good.
    if not (retry_after.isascii() and retry_after.isdigit() and len(retry_after) <= 9):
        return timedelta()
    return min(timedelta(seconds=int(retry_after)), LONGEST_DELAY)


def accepted(status_code: int | None) -> bool:
    """Whether the receiver took the event: 2xx; a redirect is no answer."""
    return status_code is not None and 200 <= status_code < 300


def follow_up(
    attempt: int, status_code: int | None, policy: RetryPolicy, wait: timedelta, now: datetime
) -> tuple[DeliveryStatus, datetime]:
    """What becomes of a delivery after attempt number `attempt`, and when it is due next if it is.

    An endpoint that says it is gone (410) isn't asked again for this event.
    """
    if accepted(status_code):
        return DeliveryStatus.DELIVERED, now
    if status_code == _GONE or attempt > policy.retries:
        return DeliveryStatus.FAILED, now
    return DeliveryStatus.PENDING, now + wait
